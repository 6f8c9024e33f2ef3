from __future__ import annotations

import pytest

from app.domain.principals import Role
from app.errors import Invalid
from app.store import users
from app.store.database import Database
from app.store.paging import encode_cursor, number_cursor, text_cursor
from tests.conftest import NOON


def test_pages_cover_everything_once(database: Database) -> None:
    with database.writing() as tx:
        for n in range(7):
            users.add(tx, f"user {n}", Role.VIEWER, NOON)
    names, cursor = [], None
    with database.reading() as connection:
        for _ in range(4):
            page = users.page(connection, cursor=cursor, limit=3)
            names += [user.name for user in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert names == [f"user {n}" for n in range(7)]


def test_a_last_page_that_is_full_has_no_next(database: Database) -> None:
    with database.writing() as tx:
        for n in range(3):
            users.add(tx, f"user {n}", Role.VIEWER, NOON)
        assert users.page(tx, limit=3).next_cursor is None


@pytest.mark.parametrize("cursor", ["", "%%%", "AAAA", encode_cursor("slug"), "dHJ1ZQ", "é"])
def test_a_cursor_of_another_kind_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as refusal:
        number_cursor(cursor)
    assert refusal.value.problems[0].code == "bad_cursor"


def test_cursors_come_back_as_they_went() -> None:
    assert text_cursor(encode_cursor("છે-1")) == "છે-1"
    assert number_cursor(encode_cursor(2**62)) == 2**62


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_page_size_out_of_range_is_refused(database: Database, limit: int) -> None:
    with database.reading() as connection, pytest.raises(Invalid) as refusal:
        users.page(connection, limit=limit)
    assert refusal.value.problems[0].code == "bad_limit"
