from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Connection, event, select
from sqlalchemy.exc import OperationalError

from app.domain.delivery import Result, State
from app.domain.message import ReceiptKind
from app.engine.recovery import concluded
from app.store import leases, receipts, settling, unknowns
from app.store.database import Database
from app.store.ledger_tables import due, outcome, shard
from tests.unit.store.ledgers import (
    LEASE_MS,
    NOON_MS,
    Worker,
    counted,
    heard,
    hold_to_account,
    small_broadcast,
)

LATER = NOON_MS + LEASE_MS + 1


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    with database.writing() as connection:
        yield connection


def test_only_what_was_admitted_and_never_answered_becomes_unknown(tx: Connection) -> None:
    sent = small_broadcast(tx, 10, size=10)
    dead, heir = Worker(tx, "dead"), Worker(tx, "heir")
    dead.claim()
    for one, result in zip(dead.admit(6)[:4], (Result.ACCEPTED, Result.FAILED, Result.REFUSED, None), strict=True):
        dead.answer(one, result, wait_ms=99_999)
    assert heir.take_over(LATER) == 2
    assert hold_to_account(tx, sent, 10) == {
        State.QUEUED: 5,
        State.ACCEPTED: 1,
        State.FAILED: 1,
        State.RETRY_WAIT: 1,
        State.UNKNOWN: 2,
    }


def test_the_never_admitted_rest_is_free_at_once(tx: Connection) -> None:
    small_broadcast(tx, 10, size=10)
    dead, heir = Worker(tx, "dead"), Worker(tx, "heir")
    dead.claim()
    dead.admit(6)
    heir.take_over(LATER)
    heir.claim(LATER)
    assert [one.address_id for one in heir.admit(99)] == [106, 107, 108, 109]


def test_a_living_worker_keeps_what_it_has(tx: Connection) -> None:
    small_broadcast(tx, 4, size=4)
    worker, other = Worker(tx, "worker"), Worker(tx, "other")
    worker.claim()
    worker.admit(4)
    assert other.take_over(NOON_MS + LEASE_MS) == 0
    assert worker.take_over(LATER) == 0


def test_alone_nobody_waits_for_a_lease(tx: Connection) -> None:
    small_broadcast(tx, 4, size=4)
    dead, heir = Worker(tx, "dead"), Worker(tx, "heir")
    dead.claim()
    dead.admit(3)
    assert heir.take_over(NOON_MS, alone=True) == 3


def test_a_second_attempt_in_flight_becomes_unknown_as_that_attempt(tx: Connection) -> None:
    sent = small_broadcast(tx, 2, size=2)
    dead, heir = Worker(tx, "dead"), Worker(tx, "heir")
    dead.claim()
    for one, result in zip(dead.admit(2), (Result.REFUSED, None), strict=True):
        dead.answer(one, result)
    assert len(dead.again(sent, NOON_MS)) == 2
    assert heir.take_over(LATER) == 2
    assert hold_to_account(tx, sent, 2) == {State.UNKNOWN: 2}
    asked = unknowns.claim(tx, "heir", now_ms=LATER, lease_ms=LEASE_MS, most=9)
    assert {one.address_id: one.attempt for one in asked} == {100: 2, 101: 1}


def test_every_doubt_leaves_a_record(tx: Connection) -> None:
    """So that a copy sent later is a flagged one, whatever became of the delivery."""
    sent = small_broadcast(tx, 2, size=2)
    dead, heir = Worker(tx, "dead"), Worker(tx, "heir")
    dead.claim()
    first, _ = dead.admit(2)
    dead.answer(first, Result.REFUSED)
    dead.again(sent, NOON_MS)
    heir.take_over(LATER)
    rows = tx.execute(select(outcome).where(outcome.c.result == "unknown").order_by(outcome.c.address_id)).all()
    assert [(row.address_id, row.attempt, row.reason) for row in rows] == [
        (100, 2, "lease_lost"),
        (101, 1, "lease_lost"),
    ]


def test_a_search_reaches_back_to_the_beginning_however_long_the_outage_was(tx: Connection) -> None:
    small_broadcast(tx, 1, size=1)
    dead, heir = Worker(tx, "dead"), Worker(tx, "heir")
    dead.claim()
    dead.admit(1)
    heir.take_over(NOON_MS + 3_600_000)
    [unsure] = unknowns.claim(tx, "heir", now_ms=NOON_MS + 3_600_000, lease_ms=LEASE_MS, most=9)
    assert unsure.since_ms == NOON_MS


def test_a_question_left_open_by_the_dead_is_asked_again(tx: Connection) -> None:
    sent = small_broadcast(tx, 1, size=1)
    dead, heir = Worker(tx, "dead"), Worker(tx, "heir")
    dead.claim()
    dead.answer(dead.admit(1)[0], Result.UNKNOWN)
    assert len(unknowns.claim(tx, "dead", now_ms=NOON_MS, lease_ms=LEASE_MS, most=9)) == 1
    assert unknowns.claim(tx, "heir", now_ms=NOON_MS, lease_ms=LEASE_MS, most=9) == []
    assert heir.take_over(LATER) == 0
    assert len(unknowns.claim(tx, "heir", now_ms=LATER, lease_ms=LEASE_MS, most=9)) == 1
    assert counted(tx, sent) == {State.UNKNOWN: 1}


def test_a_question_left_open_by_a_failed_pass_of_ours_is_asked_again(tx: Connection) -> None:
    small_broadcast(tx, 1, size=1)
    worker = Worker(tx, "worker")
    worker.claim()
    worker.answer(worker.admit(1)[0], Result.UNKNOWN)
    first = unknowns.claim(tx, "worker", now_ms=NOON_MS, lease_ms=LEASE_MS, most=9)
    assert unknowns.time_to_ask(tx, "worker", NOON_MS)
    assert not unknowns.time_to_ask(tx, "other", NOON_MS)
    second = unknowns.claim(tx, "worker", now_ms=NOON_MS, lease_ms=LEASE_MS, most=9)
    assert [one.address_id for one in first] == [one.address_id for one in second]
    unknowns.ask_again(tx, first[0], None, "too late")  # its claim has been overtaken
    assert tx.scalar(select(due.c.owner)) == "worker"


def test_a_receipt_settles_what_the_dead_left_behind(tx: Connection) -> None:
    sent = small_broadcast(tx, 1, size=1)
    dead, heir = Worker(tx, "dead"), Worker(tx, "heir")
    dead.claim()
    dead.admit(1)
    heard(tx, sent, 100, ReceiptKind.DELIVERED)
    receipts.apply_waiting(tx, 9)
    assert counted(tx, sent) == {State.SENDING: 1}  # may be ours still
    heir.take_over(LATER)
    receipts.apply_waiting(tx, 9)
    assert hold_to_account(tx, sent, 1) == {State.DELIVERED: 1}


def test_taking_over_again_changes_nothing(tx: Connection) -> None:
    sent = small_broadcast(tx, 10, size=5)
    dead, heir = Worker(tx, "dead"), Worker(tx, "heir")
    dead.claim(most=2)
    dead.admit(4)
    assert heir.take_over(LATER) == 8
    before = tx.execute(select(shard)).all()
    assert heir.take_over(LATER + 1) == 0
    assert tx.execute(select(shard)).all() == before
    assert hold_to_account(tx, sent, 10) == {State.UNKNOWN: 8, State.QUEUED: 2}


def test_a_late_answer_between_the_question_and_its_conclusion_is_counted_once(tx: Connection) -> None:
    """Somebody takes a doubt up; before they come to an end the call is given back by the one who had made it."""
    sent = small_broadcast(tx, 2, size=2)
    dead, heir = Worker(tx, "dead"), Worker(tx, "heir")
    dead.claim()
    first, second = dead.admit(2)
    heir.take_over(LATER)
    seen = {one.address_id: one for one in unknowns.page(tx, sent, 9)}
    dead.answer(first, None, LATER)
    settling.settle(tx, [concluded(seen[first.address_id], "not_found_at_provider", LATER, None)])
    assert hold_to_account(tx, sent, 2) == {State.RETRY_WAIT: 1, State.UNKNOWN: 1}
    dead.answer(second, Result.REFUSED, LATER)
    settling.settle(tx, [concluded(seen[second.address_id], "found_at_provider", LATER, "id")])
    assert hold_to_account(tx, sent, 2) == {State.RETRY_WAIT: 1, State.ACCEPTED: 1}


@pytest.mark.postgresql
def test_whoever_renews_late_keeps_all_of_it_or_nothing(database: Database) -> None:
    """Taken for dead and waking up in that very moment: whatever comes of it, the counters agree with the rows."""
    with database.writing() as tx:
        sent = small_broadcast(tx, 4, size=4)
        slow = Worker(tx, "slow")
        slow.claim()
        for one in slow.admit(4):
            slow.answer(one, Result.REFUSED)
        slow.release()
        slow.again(sent, NOON_MS)

    tried: list[str] = []

    def wakes(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("UPDATE due") and not tried:
            tried.append(statement)
            with suppress(OperationalError), database.engine.begin() as other:  # it may have to wait for its turn
                other.exec_driver_sql("SET LOCAL lock_timeout = '300ms'")
                leases.renew(other, "slow", now_ms=LATER, lease_ms=LEASE_MS)

    with database.engine.connect() as heir, heir.begin():
        event.listen(heir, "before_cursor_execute", wakes)
        Worker(heir, "heir").take_over(LATER)
        event.remove(heir, "before_cursor_execute", wakes)
    assert tried
    with database.writing() as tx:
        hold_to_account(tx, sent, 4)
