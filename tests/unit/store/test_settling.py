from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, select

from app.domain.delivery import Result, State, Why
from app.store import addresses, settling, stopping
from app.store.database import Database
from app.store.ledger_tables import due, outcome
from app.store.settling import Taken
from tests.unit.store.ledgers import LEASE_MS, NOON_MS, Worker, answered, counted, hold_to_account, small_broadcast

LATER = NOON_MS + LEASE_MS + 1


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    with database.writing() as connection:
        yield connection


def admitted(tx: Connection, people: int = 4) -> tuple[int, Worker]:
    sent = small_broadcast(tx, people, size=people)
    worker = Worker(tx, "first")
    worker.claim()
    worker.admit(people)
    return sent, worker


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (Result.ACCEPTED, State.ACCEPTED),
        (Result.FAILED, State.FAILED),
        (Result.SUPPRESSED, State.SUPPRESSED),
        (Result.SUPERSEDED, State.SUPERSEDED),
        (Result.EXPIRED, State.EXPIRED),
        (Result.CANCELLED, State.CANCELLED),
        (Result.DEAD, State.DEAD),
        (Result.REFUSED, State.RETRY_WAIT),
        (Result.UNKNOWN, State.UNKNOWN),
        (None, State.QUEUED),
    ],
)
def test_every_answer_has_its_state(tx: Connection, result: Result | None, state: State) -> None:
    sent, worker = admitted(tx, 1)
    worker.answer(worker.flying[0], result)
    assert hold_to_account(tx, sent, 1) == {state: 1}


def test_a_refusal_counts_as_an_attempt_and_giving_back_does_not(tx: Connection) -> None:
    sent, worker = admitted(tx, 2)
    first, second = worker.flying
    worker.answer(first, Result.REFUSED)
    worker.answer(second, None)
    assert {one.address_id: one.attempt for one in worker.again(sent, NOON_MS)} == {100: 2, 101: 1}


def test_the_time_of_the_first_attempt_is_kept(tx: Connection) -> None:
    """A provider's idempotency key lives from then on."""
    sent, worker = admitted(tx, 1)
    worker.answer(worker.flying[0], Result.REFUSED, NOON_MS + 10)
    [again] = worker.again(sent, NOON_MS + 10)
    worker.answer(again, Result.REFUSED, NOON_MS + 5_000)
    [third] = worker.again(sent, NOON_MS + 5_000)
    assert (third.attempt, third.since_ms) == (3, NOON_MS + 10)


def test_settling_the_same_answer_twice_counts_once(tx: Connection) -> None:
    sent, worker = admitted(tx, 1)
    worker.answer(worker.flying[0], Result.REFUSED)
    [again] = worker.again(sent, NOON_MS)
    row = answered(again, Result.ACCEPTED, NOON_MS)
    settling.settle(tx, [row])
    settling.settle(tx, [row])
    assert hold_to_account(tx, sent, 1) == {State.ACCEPTED: 1}


def test_an_answer_that_comes_after_the_take_over_is_still_the_truth(tx: Connection) -> None:
    sent, slow = admitted(tx, 4)
    quick = Worker(tx, "quick")
    assert quick.take_over(LATER) == 4
    assert counted(tx, sent) == {State.UNKNOWN: 4}
    for one, result in zip(list(slow.flying), (Result.ACCEPTED, Result.FAILED, Result.REFUSED, None), strict=True):
        slow.answer(one, result, LATER)
    assert hold_to_account(tx, sent, 4) == {
        State.ACCEPTED: 1,
        State.FAILED: 1,
        State.RETRY_WAIT: 1,
        State.QUEUED: 1,
    }


def test_a_late_acceptance_settles_a_delivery_that_is_being_tried_again(tx: Connection) -> None:
    sent, slow = admitted(tx, 1)
    quick = Worker(tx, "quick")
    quick.take_over(LATER)
    [late] = list(slow.flying)
    tx.execute(due.update().values(why=Why.RETRY.value))
    settling.add_to_shards(tx, {late.origin.shard_key: Counter({"unsure": -1, "retrying": 1})})
    [again] = quick.again(sent, LATER)
    slow.answer(late, Result.ACCEPTED, LATER)
    assert hold_to_account(tx, sent, 1) == {State.ACCEPTED: 1}
    quick.answer(again, Result.FAILED, LATER)
    assert hold_to_account(tx, sent, 1) == {State.ACCEPTED: 1}


def test_an_acceptance_later_than_a_final_failure_wins(tx: Connection) -> None:
    sent, slow = admitted(tx, 1)
    quick = Worker(tx, "quick")
    quick.take_over(LATER)
    [late] = list(slow.flying)
    settling.settle(tx, [answered(late, Result.EXPIRED, LATER)._replace(was=Why.UNKNOWN, fence=0)])
    assert counted(tx, sent) == {State.EXPIRED: 1}
    slow.answer(late, Result.ACCEPTED, LATER)
    assert hold_to_account(tx, sent, 1) == {State.ACCEPTED: 1}


def test_a_second_acceptance_is_kept_as_evidence_and_counted_once(tx: Connection) -> None:
    sent, slow = admitted(tx, 1)
    quick = Worker(tx, "quick")
    quick.take_over(LATER)
    [late] = list(slow.flying)
    found = answered(late, Result.ACCEPTED, LATER)._replace(was=Why.UNKNOWN, attempt=2, fence=0)
    settling.settle(tx, [found])
    slow.answer(late, Result.ACCEPTED, LATER)
    assert hold_to_account(tx, sent, 1) == {State.ACCEPTED: 1}
    accepted = tx.execute(select(outcome.c.attempt).where(outcome.c.result == "accepted"))
    assert sorted(row.attempt for row in accepted) == [1, 2]


@pytest.mark.parametrize("result", [Result.REFUSED, None])
def test_after_a_stop_nothing_goes_back_to_wait(tx: Connection, result: Result | None) -> None:
    sent, worker = admitted(tx, 1)
    stopping.stop_rest(tx, sent, Result.CANCELLED, NOON_MS)
    worker.answer(worker.flying[0], result)
    assert hold_to_account(tx, sent, 1) == {State.CANCELLED: 1}
    assert not stopping.still_open(tx, sent)


def test_an_unknown_answer_after_a_stop_stays_unknown(tx: Connection) -> None:
    sent, worker = admitted(tx, 1)
    stopping.stop_rest(tx, sent, Result.CANCELLED, NOON_MS)
    worker.answer(worker.flying[0], Result.UNKNOWN)
    assert hold_to_account(tx, sent, 1) == {State.UNKNOWN: 1}
    assert stopping.still_open(tx, sent)


def test_a_dead_address_is_suppressed_once(tx: Connection) -> None:
    _, worker = admitted(tx, 2)
    rows = [answered(one, Result.FAILED, NOON_MS)._replace(suppress="invalid") for one in worker.flying]
    settling.settle(tx, rows)
    assert addresses.suppressed(tx, [100, 101, 102]) == {100, 101}


def test_what_a_provider_took_is_settled_in_columns_as_one_by_one(tx: Connection) -> None:
    sent, worker = admitted(tx, 4)
    settling.settle(tx, [answered(worker.flying[0], Result.FAILED, NOON_MS)], [taken(worker, 1, 2)])
    assert hold_to_account(tx, sent, 4) == {State.ACCEPTED: 2, State.FAILED: 1, State.SENDING: 1}
    rows = tx.execute(select(outcome).where(outcome.c.result == "accepted").order_by(outcome.c.address_id))
    assert [(row.address_id, row.attempt, row.reason, row.provider_id, row.at_ms) for row in rows] == [
        (101, 1, "accepted", "id101", NOON_MS + 1),
        (102, 1, "accepted", "id102", NOON_MS + 2),
    ]


def test_columns_of_a_worker_that_lost_its_shard_are_reconciled_row_by_row(tx: Connection) -> None:
    sent, slow = admitted(tx, 4)
    Worker(tx, "quick").take_over(LATER)
    settling.settle(tx, [], [taken(slow, 0, 1)])
    assert hold_to_account(tx, sent, 4) == {State.ACCEPTED: 2, State.UNKNOWN: 2}
    settling.settle(tx, [], [taken(slow, 1, 2)], doubtful=True)
    assert hold_to_account(tx, sent, 4) == {State.ACCEPTED: 3, State.UNKNOWN: 1}


def test_columns_that_may_have_been_written_before_are_counted_once(tx: Connection) -> None:
    sent, worker = admitted(tx, 2)
    settling.settle(tx, [], [taken(worker, 0, 1)])
    settling.settle(tx, [], [taken(worker, 0, 1)], doubtful=True)
    assert hold_to_account(tx, sent, 2) == {State.ACCEPTED: 2}


def test_columns_of_a_second_attempt_leave_no_row_waiting(tx: Connection) -> None:
    sent, worker = admitted(tx, 2)
    for one in list(worker.flying):
        worker.answer(one, Result.REFUSED)
    worker.again(sent, NOON_MS)
    settling.settle(tx, [], [taken(worker, 0, 1)])
    assert hold_to_account(tx, sent, 2) == {State.ACCEPTED: 2}
    assert tx.execute(select(due)).all() == []


def test_after_a_stop_what_the_provider_took_still_counts_as_taken(tx: Connection) -> None:
    sent, worker = admitted(tx, 2)
    stopping.stop_rest(tx, sent, Result.CANCELLED, NOON_MS)
    settling.settle(tx, [], [taken(worker, 0, 1)])
    assert hold_to_account(tx, sent, 2) == {State.ACCEPTED: 2}


def test_a_provider_id_no_database_takes_holds_nobody_up(tx: Connection) -> None:
    sent, worker = admitted(tx, 2)
    group = taken(worker, 0, 1)
    group.provider_ids[:] = ["a\0b\ud800", "x" * 300]
    settling.settle(tx, [], [group])
    assert hold_to_account(tx, sent, 2) == {State.ACCEPTED: 2}
    assert set(tx.scalars(select(outcome.c.provider_id))) == {"ab?", "x" * 200}


def taken(worker: Worker, *places: int) -> Taken:
    """The provider took these of what is in flight."""
    ids = [worker.flying[place].address_id for place in places]
    at_ms = [NOON_MS + place for place in places]
    return Taken(worker.flying[0].origin, ids, [f"id{one}" for one in ids], at_ms)
