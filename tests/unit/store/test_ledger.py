from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, insert, select, update

from app.domain.delivery import Result, State
from app.domain.message import Medium
from app.store import leases, ledger, stopping, superseding, waiting
from app.store.database import Database
from app.store.ledger_tables import address, broadcast, shard, suppression
from app.store.staging import WayOut
from tests.unit.store.ledgers import (
    LEASE_MS,
    NOON_MS,
    SMS,
    Worker,
    add_addresses,
    add_broadcast,
    add_recipients,
    counted,
    row_of,
    send,
    small_broadcast,
)

WAYS = (1,)


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    with database.writing() as connection:
        yield connection


def a_second(tx: Connection, people: list[int], *, number: int = 2, lane: int = 2, now_ms: int = NOON_MS + 1) -> int:
    """Another broadcast of the same crisis to some of the same people."""
    later = add_broadcast(tx, number=number, lane=lane)
    add_recipients(tx, later, people, WayOut(1, "text", Medium.SMS, 1, 0), size=4)
    send(tx, later, now_ms)
    return later


def test_nobody_is_admitted_twice_and_only_in_order(tx: Connection) -> None:
    sent = small_broadcast(tx, 10, size=10)
    worker = Worker(tx, "first")
    worker.claim()
    first, second = worker.admit(3), worker.admit(4)
    assert [one.address_id for one in (*first, *second)] == list(range(100, 107))
    assert {one.attempt for one in first} == {1}
    assert counted(tx, sent) == {State.QUEUED: 3, State.SENDING: 7}
    assert tx.scalar(select(shard.c.watermark)) == 106


def test_a_claimed_shard_is_nobody_elses(tx: Connection) -> None:
    small_broadcast(tx, 10, size=4)
    first, second = Worker(tx, "first"), Worker(tx, "second")
    assert [one.key.no for one in first.claim(most=2)] == [0, 1]
    assert [one.key.no for one in second.claim(most=2)] == [2]
    assert first.claim() == second.claim() == []


def test_a_lost_fence_admits_nothing(tx: Connection) -> None:
    sent = small_broadcast(tx, 10, size=10)
    slow, quick = Worker(tx, "slow"), Worker(tx, "quick")
    slow.claim()
    assert quick.take_over(NOON_MS + LEASE_MS + 1) == 0
    assert slow.admit(5) == []
    assert counted(tx, sent) == {State.QUEUED: 10}
    quick.claim()
    assert len(quick.admit(5)) == 5


def test_a_stop_admits_nothing_more_and_claims_nothing(tx: Connection) -> None:
    sent = small_broadcast(tx, 10, size=4)
    worker = Worker(tx, "first")
    worker.claim()
    worker.admit(2)
    stopping.stop_rest(tx, sent, Result.CANCELLED, NOON_MS)
    assert worker.admit(2) == []
    assert worker.claim() == []
    assert counted(tx, sent) == {State.SENDING: 2, State.CANCELLED: 8}


def _waits(tx: Connection, now_ms: int) -> bool:
    starts_ms = waiting.next_start(tx, WAYS)
    return starts_ms is not None and starts_ms <= now_ms


@pytest.mark.parametrize("state", ["staging", "ready", "paused", "stopping", "ended", "cancelled"])
def test_only_a_sending_broadcast_is_claimed(tx: Connection, state: str) -> None:
    sent = small_broadcast(tx)
    stopping.set_broadcast_state(tx, sent, state)
    assert Worker(tx, "first").claim() == []
    assert not _waits(tx, NOON_MS)


def test_nothing_is_claimed_before_its_wave(tx: Connection) -> None:
    small_broadcast(tx)
    tx.execute(update(shard).values(not_before_ms=NOON_MS + 300))
    worker = Worker(tx, "first")
    assert not _waits(tx, NOON_MS + 299)
    assert worker.claim(NOON_MS + 299) == []
    assert _waits(tx, NOON_MS + 300)
    assert waiting.next_start(tx, WAYS) == NOON_MS + 300
    assert len(worker.claim(NOON_MS + 300)) == 1


def test_the_urgent_is_claimed_first(tx: Connection) -> None:
    small_broadcast(tx)
    urgent = a_second(tx, add_addresses(tx, 500, 4), lane=0)
    worker = Worker(tx, "first")
    assert worker.claim(NOON_MS + 1)[0].key.broadcast == urgent
    assert worker.claim(NOON_MS + 1)[0].key.broadcast != urgent
    better = ledger.claim_shards(tx, "x", 1, now_ms=NOON_MS + 1, lease_ms=1, most=9, better_than=2)
    assert better == []


def test_what_decides_is_looked_up_at_the_door(tx: Connection) -> None:
    sent = small_broadcast(tx, 4, size=4)
    tx.execute(insert(suppression).values(address_id=100, reason="stop", at_ms=NOON_MS))
    tx.execute(update(address).where(address.c.id == 101).values(value=None))
    newer = a_second(tx, [102])
    worker = Worker(tx, "first")
    worker.claim()
    got = worker.admit(4, newer=superseding.newer_broadcasts(tx, row_of(tx, sent), NOON_MS + 1))
    assert superseding.newer_broadcasts(tx, row_of(tx, sent), NOON_MS + 1) == [newer]
    assert [one.suppressed for one in got] == ["stop", None, None, None]
    assert [one.address is None for one in got] == [False, True, False, False]
    assert [one.superseded for one in got] == [False, False, True, False]


def test_what_decides_is_looked_up_again_before_another_attempt(tx: Connection) -> None:
    sent = small_broadcast(tx, 3, size=3)
    worker = Worker(tx, "first")
    worker.claim()
    for one in worker.admit(3):
        worker.answer(one, Result.REFUSED)
    tx.execute(insert(suppression).values(address_id=100, reason="stop", at_ms=NOON_MS))
    newer = a_second(tx, [102])
    again = worker.again(sent, NOON_MS, newer=[newer])
    assert {one.address_id: (one.suppressed, one.superseded) for one in again} == {
        100: ("stop", False),
        101: (None, False),
        102: (None, True),
    }
    assert {one.attempt for one in again} == {2}


@pytest.mark.parametrize(
    ("state", "counts"), [("sending", True), ("ended", True), ("cancelling", False), ("cancelled", False)]
)
def test_a_cancelled_update_supersedes_nobody(tx: Connection, state: str, counts: bool) -> None:
    sent = small_broadcast(tx, 4)
    newer = a_second(tx, [100])
    stopping.set_broadcast_state(tx, newer, state)
    assert superseding.newer_broadcasts(tx, row_of(tx, sent), NOON_MS + 1) == ([newer] if counts else [])


def test_an_update_in_its_undo_window_supersedes_nobody_yet(tx: Connection) -> None:
    sent = small_broadcast(tx, 4)
    newer = a_second(tx, [100], now_ms=NOON_MS + 30_000)
    assert superseding.newer_broadcasts(tx, row_of(tx, sent), NOON_MS + 29_999) == []
    assert superseding.newer_broadcasts(tx, row_of(tx, sent), NOON_MS + 30_000) == [newer]


def test_another_crisis_or_a_drill_supersedes_nobody(tx: Connection) -> None:
    sent = small_broadcast(tx, 4)
    newer = a_second(tx, [100])
    tx.execute(update(broadcast).where(broadcast.c.id == newer).values(drill=1))
    assert superseding.newer_broadcasts(tx, row_of(tx, sent), NOON_MS + 1) == []
    tx.execute(update(broadcast).where(broadcast.c.id == newer).values(drill=0, crisis="storm"))
    assert superseding.newer_broadcasts(tx, row_of(tx, sent), NOON_MS + 1) == []


def test_a_retry_is_taken_once_and_only_when_due(tx: Connection) -> None:
    sent = small_broadcast(tx, 3, size=3)
    first, second = Worker(tx, "first"), Worker(tx, "second")
    first.claim()
    for one in first.admit(3):
        first.answer(one, Result.REFUSED, wait_ms=500)
    assert first.again(sent, NOON_MS + 499) == []
    assert waiting.next_start(tx, WAYS) == NOON_MS + 500
    assert len(first.again(sent, NOON_MS + 500, most=2)) == 2
    assert len(second.again(sent, NOON_MS + 500)) == 1
    assert counted(tx, sent) == {State.RETRY_WAIT: 3}


def test_renewing_keeps_the_lease(tx: Connection) -> None:
    small_broadcast(tx, 3, size=3)
    first, second = Worker(tx, "first"), Worker(tx, "second")
    first.claim()
    first.admit(3)
    leases.renew(tx, "first", now_ms=NOON_MS + 900, lease_ms=LEASE_MS)
    assert second.take_over(NOON_MS + LEASE_MS + 500) == 0
    assert second.take_over(NOON_MS + 900 + LEASE_MS + 1) == 3


def test_only_the_owner_can_release(tx: Connection) -> None:
    small_broadcast(tx, 8, size=4)
    first = Worker(tx, "first")
    key = first.claim()[0].key
    ledger.release(tx, "second", [key])
    assert tx.scalar(select(shard.c.owner).where(ledger.is_shard(key))) == "first"
    ledger.release(tx, "first", [key])
    assert tx.scalar(select(shard.c.owner).where(ledger.is_shard(key))) is None
    assert key.medium == SMS
