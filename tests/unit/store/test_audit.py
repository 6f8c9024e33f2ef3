from __future__ import annotations

import pytest

from app.errors import NotFound
from app.store import audit, users
from app.store.audit import GENESIS, Head
from app.store.database import Database
from tests.conftest import NOON


def test_entries_are_numbered_from_one_and_chained(database: Database) -> None:
    with database.writing() as tx:
        assert [audit.append(tx, "Asha", "act", "thing/1", {"n": n}, NOON) for n in range(3)] == [1, 2, 3]
    with database.reading() as connection:
        newest = audit.page(connection).items[0]
        assert audit.head(connection) == Head(3, newest.hash)
        assert newest.body == {"n": 2}
        assert audit.verify(connection) is None


def test_an_entry_of_a_failed_transaction_leaves_no_gap(database: Database) -> None:
    def fail() -> None:
        with database.writing() as tx:
            audit.append(tx, "Asha", "act", "thing/1", {}, NOON)
            users.get(tx, 99)

    with pytest.raises(NotFound):
        fail()
    with database.writing() as tx:
        assert audit.append(tx, "Asha", "act", "thing/1", {}, NOON) == 1


def test_an_empty_chain_is_whole_and_its_head_is_the_beginning(database: Database) -> None:
    with database.reading() as connection:
        assert audit.verify(connection) is None
        assert audit.head(connection) == Head(0, GENESIS)


def test_a_head_survives_being_written_down(database: Database) -> None:
    with database.writing() as tx:
        audit.append(tx, "Asha", "act", "thing/1", {"text": "કટોકટી"}, NOON)
        head = audit.head(tx)
    assert Head.parse(str(head)) == head


def test_pages_go_from_new_to_old_and_can_be_of_one_subject(database: Database) -> None:
    with database.writing() as tx:
        for n in range(5):
            audit.append(tx, "Asha", "act", f"thing/{n % 2}", {}, NOON)
    with database.reading() as connection:
        first = audit.page(connection, limit=3)
        second = audit.page(connection, limit=3, cursor=first.next_cursor)
        assert [row.seq for row in (*first.items, *second.items)] == [5, 4, 3, 2, 1]
        assert second.next_cursor is None
        assert [row.seq for row in audit.page(connection, subject="thing/1").items] == [4, 2]
