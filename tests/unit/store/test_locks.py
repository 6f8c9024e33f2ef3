"""Workers that change the same deliveries wait for one another in one order, or not at all; never in a circle."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, delete, select, text, update

from app.domain.delivery import Result
from app.domain.doubting import Doubt
from app.domain.message import FindResult, Found
from app.engine.recovery import Answer, conclude
from app.store import leases, unknowns
from app.store.database import Database
from app.store.ledger_tables import due, shard
from tests.unit.store.ledgers import LEASE_MS, NOON_MS, Worker, small_broadcast

pytestmark = pytest.mark.postgresql

LATER = NOON_MS + 1_000
LONGEST = 60.0


def waiting_again(database: Database, number: int, result: Result) -> int:
    """A broadcast all of whose deliveries wait in `due`."""
    with database.writing() as tx:
        sent = small_broadcast(tx, number, size=number)
        worker = Worker(tx, "first")
        worker.claim()
        for one in worker.admit(number):
            worker.answer(one, result)
        worker.release()
    return sent


def leased(connection: Connection) -> dict[int, int]:
    return {row.address_id: row.lease_until_ms for row in connection.execute(select(due))}


def somebody_waits(database: Database) -> bool:
    with database.reading() as connection:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(connection.scalar(text(waiting)))


def test_renewing_leases_waits_for_nobody_who_settles_the_very_same(database: Database) -> None:
    """A receipt ends two deliveries that we try again: it holds the one while we would wait with the other in hand."""
    sent = waiting_again(database, 3, Result.REFUSED)
    with database.writing() as tx:
        first, second, third = [one.address_id for one in Worker(tx, "me").again(sent, LATER)]
    with database.writing(alone=False) as receipts:
        receipts.execute(delete(due).where(due.c.address_id == second))
        with database.writing(alone=False) as turn:
            leases.renew(turn, "me", now_ms=LATER, lease_ms=9 * LEASE_MS)
        receipts.execute(delete(due).where(due.c.address_id == first))
    with database.reading() as connection:
        assert leased(connection) == {third: LATER + 9 * LEASE_MS}


def test_what_is_asked_about_again_is_locked_in_the_order_of_everybody_else(database: Database) -> None:
    waiting_again(database, 2, Result.UNKNOWN)
    with database.writing() as tx:
        unsure = unknowns.claim(tx, "me", now_ms=LATER, lease_ms=LEASE_MS, most=9)
    doubt = Doubt(asked=0, lane=0, attempts=1, searchable=True, key_is_fresh=False, stopped=False)
    answers = [
        Answer(one, doubt, FindResult(found)) for one, found in zip(unsure, (Found.CANNOT_TELL, Found.YES), strict=True)
    ]

    def settle_them() -> None:
        with database.writing(alone=False) as tx:
            conclude(tx, answers, LATER, LATER + 1)

    with ThreadPoolExecutor(1) as hand:
        with database.writing(alone=False) as receipts:
            receipts.execute(select(shard.c.no).with_for_update())
            settling = hand.submit(settle_them)
            deadline = time.monotonic() + LONGEST
            while not somebody_waits(database) and time.monotonic() < deadline:
                time.sleep(0.02)
            receipts.execute(update(due).where(due.c.address_id == unsure[0].address_id).values(reason="heard"))
        settling.result(LONGEST)
    with database.reading() as connection:
        assert list(leased(connection)) == [unsure[0].address_id]
