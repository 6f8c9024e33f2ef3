from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from sqlalchemy import Connection, select

from app.domain.delivery import Result, State
from app.domain.message import ReceiptKind
from app.store import addresses, receipts, unknowns
from app.store.database import Database
from app.store.ledger_tables import outcome, receipt
from tests.unit.store.ledgers import LEASE_MS, NOON_MS, Worker, counted, heard, hold_to_account, small_broadcast


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    with database.writing() as connection:
        yield connection


def accepted(tx: Connection, people: int = 3) -> tuple[int, Worker]:
    sent = small_broadcast(tx, people, size=people)
    worker = Worker(tx, "first")
    worker.claim()
    for one in worker.admit(people):
        worker.answer(one, Result.ACCEPTED)
    return sent, worker


def fold(tx: Connection, most: int = 100) -> None:
    after = receipts.apply_waiting(tx, most)[1]
    while after:
        after = receipts.apply_waiting(tx, most, after)[1]


def reasons(tx: Connection) -> list[str | None]:
    return list(tx.scalars(select(receipt.c.applied).order_by(receipt.c.id)))


def test_the_highest_word_is_the_truth_in_any_order(tx: Connection) -> None:
    sent, _ = accepted(tx, 3)
    story = [(number, kind) for number in (100, 101, 102) for kind in (ReceiptKind.SENT, ReceiptKind.DELIVERED)]
    story.append((102, ReceiptKind.BOUNCED))
    Random(7).shuffle(story)
    for number, kind in story:
        heard(tx, sent, number, kind)
        fold(tx, 2)
    assert hold_to_account(tx, sent, 3) == {State.DELIVERED: 2, State.UNDELIVERED: 1}


def test_the_same_event_is_kept_once(tx: Connection) -> None:
    sent, _ = accepted(tx, 1)
    for _ in range(3):
        heard(tx, sent, 100, ReceiptKind.DELIVERED, "event")
    fold(tx)
    heard(tx, sent, 100, ReceiptKind.DELIVERED, "event")
    fold(tx)
    assert reasons(tx) == ["applied"]
    assert hold_to_account(tx, sent, 1) == {State.DELIVERED: 1}


def test_two_words_in_one_pass_count_once(tx: Connection) -> None:
    sent, _ = accepted(tx, 1)
    heard(tx, sent, 100, ReceiptKind.SENT)
    heard(tx, sent, 100, ReceiptKind.DELIVERED)
    heard(tx, sent, 100, ReceiptKind.DEFERRED)
    fold(tx)
    assert reasons(tx) == ["applied", "applied", "not_newer"]
    assert hold_to_account(tx, sent, 1) == {State.DELIVERED: 1}


def test_a_receipt_waits_while_the_call_is_in_flight(tx: Connection) -> None:
    sent = small_broadcast(tx, 1)
    worker = Worker(tx, "first")
    worker.claim()
    [one] = worker.admit(1)
    heard(tx, sent, 100, ReceiptKind.DELIVERED)
    fold(tx)
    assert reasons(tx) == [None]
    assert counted(tx, sent) == {State.SENDING: 1}
    worker.answer(one, Result.ACCEPTED)
    fold(tx)
    assert hold_to_account(tx, sent, 1) == {State.DELIVERED: 1}


@pytest.mark.parametrize("result", [Result.UNKNOWN, Result.REFUSED, None])
def test_a_receipt_without_an_acceptance_proves_it(tx: Connection, result: Result | None) -> None:
    sent = small_broadcast(tx, 1)
    worker = Worker(tx, "first")
    worker.claim()
    worker.answer(worker.admit(1)[0], result)
    heard(tx, sent, 100, ReceiptKind.SENT)
    fold(tx)
    assert hold_to_account(tx, sent, 1) == {State.ACCEPTED: 1}
    proof = tx.execute(select(outcome).where(outcome.c.result == "accepted")).one()
    assert (proof.reason, proof.endpoint) == ("proven_by_receipt", 1)
    assert worker.again(sent, NOON_MS) == []


def test_while_somebody_is_asking_the_receipt_waits_and_then_counts(tx: Connection) -> None:
    sent = small_broadcast(tx, 1)
    worker = Worker(tx, "first")
    worker.claim()
    worker.answer(worker.admit(1)[0], Result.UNKNOWN)
    [unsure] = unknowns.claim(tx, "first", now_ms=NOON_MS, lease_ms=LEASE_MS, most=1)
    heard(tx, sent, 100, ReceiptKind.DELIVERED)
    fold(tx)
    assert counted(tx, sent) == {State.UNKNOWN: 1}
    unknowns.ask_again(tx, unsure, None, "waits_for_decision")
    fold(tx)
    assert hold_to_account(tx, sent, 1) == {State.DELIVERED: 1}


def test_a_receipt_that_contradicts_a_final_outcome_changes_nothing_and_says_so(tx: Connection) -> None:
    sent = small_broadcast(tx, 1)
    worker = Worker(tx, "first")
    worker.claim()
    worker.answer(worker.admit(1)[0], Result.FAILED)
    heard(tx, sent, 100, ReceiptKind.DELIVERED)
    fold(tx)
    assert reasons(tx) == ["contradicts_outcome"]
    assert hold_to_account(tx, sent, 1) == {State.FAILED: 1}


@pytest.mark.parametrize("kind", [ReceiptKind.BOUNCED, ReceiptKind.OPTED_OUT, ReceiptKind.COMPLAINED])
def test_who_cannot_or_will_not_be_reached_is_suppressed(tx: Connection, kind: ReceiptKind) -> None:
    sent, _ = accepted(tx, 2)
    heard(tx, sent, 100, kind)
    fold(tx)
    assert addresses.suppressed(tx, [100, 101]) == {100}
    hold_to_account(tx, sent, 2)


def test_unknown_words_are_kept_and_change_nothing(tx: Connection) -> None:
    sent, _ = accepted(tx, 1)
    heard(tx, sent, 100, ReceiptKind.UNKNOWN)
    fold(tx)
    assert reasons(tx) == ["unknown_word"]
    assert not receipts.waiting(tx)
    assert hold_to_account(tx, sent, 1) == {State.ACCEPTED: 1}


def test_one_that_waits_does_not_hold_up_those_behind_it(tx: Connection) -> None:
    sent = small_broadcast(tx, 4, size=4)
    worker = Worker(tx, "first")
    worker.claim()
    worker.admit(4)
    worker.answer(worker.flying[-1], Result.ACCEPTED)
    for number in range(100, 104):
        heard(tx, sent, number, ReceiptKind.DELIVERED)
    fold(tx, 1)
    assert hold_to_account(tx, sent, 4) == {State.SENDING: 3, State.DELIVERED: 1}
    assert receipts.waiting(tx)
