"""Whoever edits, deletes, swaps or smuggles in an audit entry is found, and at which entry."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import delete, insert, select, update

from app.domain.principals import HOST
from app.store import audit as chain
from app.store.database import Database
from app.store.tables import audit
from app.usecases.verify_audit import verify_audit
from tests.conftest import NOON


@pytest.fixture
def written(database: Database) -> Database:
    """Six entries of everyday work."""
    with database.writing() as tx:
        for n in range(1, 7):
            chain.append(tx, "Asha", "approve_update", f"update/{n}", {"count": n * 1000}, NOON)
    return database


def broken_at(database: Database) -> int | None:
    return verify_audit(database, HOST).broken_at


def test_nothing_is_found_where_nothing_was_done(written: Database) -> None:
    assert broken_at(written) is None


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "Boun"},
        {"action": "send_update"},
        {"subject": "update/9"},
        {"body": '{"count":1}'},
        {"hash": bytes(32)},
    ],
)
def test_an_edited_entry_is_found(written: Database, change: dict[str, object]) -> None:
    with written.writing() as tx:
        tx.execute(update(audit).where(audit.c.seq == 3).values(**change))
    assert broken_at(written) == 3


@pytest.mark.parametrize("seq", [1, 3, 6])
def test_a_deleted_entry_is_found_even_the_last_one(written: Database, seq: int) -> None:
    with written.writing() as tx:
        tx.execute(delete(audit).where(audit.c.seq == seq))
    assert broken_at(written) == seq


def test_a_chain_emptied_altogether_is_found(written: Database) -> None:
    with written.writing() as tx:
        tx.execute(delete(audit))
    assert broken_at(written) == 1


def test_swapped_entries_are_found(written: Database) -> None:
    with written.writing() as tx:
        rows = {row.seq: row for row in tx.execute(select(audit).where(audit.c.seq.in_([2, 4])))}
        tx.execute(delete(audit).where(audit.c.seq.in_([2, 4])))
        for seq, other in ((2, rows[4]), (4, rows[2])):
            tx.execute(insert(audit).values({**other._mapping, "seq": seq}))
    assert broken_at(written) == 2


def test_an_entry_smuggled_in_with_a_right_looking_hash_is_found(written: Database) -> None:
    with written.writing() as tx:
        last = tx.execute(select(audit).where(audit.c.seq == 6)).one()
        digest = hashlib.sha256(last.hash + b"forged").digest()
        tx.execute(insert(audit).values({**last._mapping, "seq": 7, "previous_hash": last.hash, "hash": digest}))
    assert broken_at(written) == 7


def test_a_chain_written_anew_is_found_by_a_head_kept_elsewhere(written: Database) -> None:
    kept = verify_audit(written, HOST).head
    with written.writing() as tx:
        tx.execute(delete(audit))
        tx.exec_driver_sql("DELETE FROM schema_info WHERE key = 'audit_head'")
        for n in range(1, 7):
            chain.append(tx, "Nobody", "approve_update", f"update/{n}", {"count": 1}, NOON)
    assert broken_at(written) is None, "by itself the new chain is whole"
    assert verify_audit(written, HOST, known=kept).broken_at == 6


def test_work_goes_on_after_a_head_was_kept(written: Database) -> None:
    kept = verify_audit(written, HOST).head
    with written.writing() as tx:
        chain.append(tx, "Asha", "send_update", "update/1", {}, NOON)
    assert verify_audit(written, HOST, known=kept).broken_at is None
