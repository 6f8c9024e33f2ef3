"""Rows that are copied in come out as they went in, and ids that are reserved are nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.store.appending import append_if_new, append_new, reserve
from app.store.database import Database
from app.store.import_tables import import_error, own_choice
from app.store.ledger_tables import address

pytestmark = pytest.mark.both_databases
_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
_TRICKY = st.sampled_from(
    ["", "\\N", "\\.", "\\", "\\\\x41", "\t", "a\nb", "\r\n", "NULL", '"', "%s", "%", "é", "\x7f"]
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.one_of(_TEXT, _TRICKY), min_size=1, max_size=12))
def test_texts_stay_what_they_are(database: Database, texts: list[str]) -> None:
    numbers = range(len(texts))
    with database.writing() as tx:
        tx.execute(import_error.delete())
        columns = {"no": numbers, "line": numbers, "named": texts, "code": [""] * len(texts), "sentence": texts}
        append_new(tx, import_error, columns, {"import_id": 7})
        found = tx.execute(import_error.select().order_by(import_error.c.no)).all()
    assert [(row.import_id, row.no, row.named, row.sentence) for row in found] == [
        (7, at, text, text) for at, text in enumerate(texts)
    ]


@pytest.mark.parametrize("count", [1, 19, 20, 45])
def test_narrow_rows_go_in_many_at_a_time(database: Database, count: int) -> None:
    texts = [f"f{at}" for at in range(count)]
    with database.writing() as tx:
        append_new(tx, own_choice, {"subscriber_id": range(count), "field": texts}, {"at": 1_700_000_000_000})
        found = tx.execute(select(own_choice.c.subscriber_id, own_choice.c.field).order_by(own_choice.c.subscriber_id))
        assert list(map(tuple, found)) == list(enumerate(texts))


def test_nothing_is_told_apart_from_an_empty_text(database: Database) -> None:
    values, digests = ["", None, "\\N", None], [bytes([at]) * 16 for at in range(4)]
    with database.writing() as tx:
        numbers = reserve(tx, address, 4)
        append_new(tx, address, {"id": numbers, "value": values, "value_hash": digests}, {"medium": 1})
        assert list(tx.scalars(select(address.c.value).order_by(address.c.id))) == values


def hashes(connection: Database) -> dict[int, bytes]:
    with connection.reading() as tx:
        return {row.id: bytes(row.value_hash) for row in tx.execute(select(address.c.id, address.c.value_hash))}


def put(database: Database, digests: list[bytes]) -> range:
    with database.writing() as tx:
        numbers = reserve(tx, address, len(digests))
        append_new(tx, address, {"id": numbers, "value": [""] * len(digests), "value_hash": digests}, {"medium": 1})
    return range(numbers[0], numbers[-1] + 1)


def test_bytes_stay_what_they_are_and_ids_are_ones_own(database: Database) -> None:
    first, second = [bytes(range(16)), b'"\\,{}\t\n\0', b""], [b"\xff" * 16]
    numbers = [*put(database, first), *put(database, second)]
    assert hashes(database) == dict(zip(numbers, first + second, strict=True))
    with database.writing() as tx:
        made = tx.execute(address.insert().values(medium=1, value="", value_hash=b"other").returning(address.c.id))
        assert made.scalar_one() not in numbers


def test_a_row_that_is_there_already_is_a_fault_and_leaves_nothing(database: Database) -> None:
    put(database, [b"a"])
    with pytest.raises(IntegrityError):
        put(database, [b"b", b"a"])
    assert list(hashes(database).values()) == [b"a"]


def test_on_sqlite_rows_that_are_there_are_left_out_and_counted(database: Database, dialect: str) -> None:
    if dialect != "sqlite":
        return
    (kept,) = put(database, [b"a"])
    with database.writing() as tx:
        columns: dict[str, list[Any]] = {"id": [7, 8], "medium": [1, 1], "value": ["", ""], "value_hash": [b"a", b"b"]}
        assert append_if_new(tx, address, columns) == 1
    assert hashes(database) == {kept: b"a", 8: b"b"}
