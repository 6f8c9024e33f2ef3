from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, update

from app.domain.delivery import Result, State
from app.domain.message import Medium, ReceiptKind
from app.errors import Invalid
from app.store import deliveries, receipts
from app.store.database import Database
from app.store.ledger_tables import address
from app.store.staging import WayOut
from tests.unit.store.ledgers import (
    NOON_MS,
    Worker,
    add_addresses,
    add_broadcast,
    add_crisis,
    add_endpoint,
    add_recipients,
    heard,
    send,
    small_broadcast,
)


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    with database.writing() as connection:
        yield connection


def some_answered(tx: Connection) -> int:
    sent = small_broadcast(tx, 6, size=6)
    worker = Worker(tx, "first")
    worker.claim()
    results = (Result.ACCEPTED, Result.ACCEPTED, Result.FAILED, Result.UNKNOWN)
    for one, result in zip(worker.admit(5), results, strict=False):
        worker.answer(one, result)
    heard(tx, sent, 101, ReceiptKind.DELIVERED)
    receipts.apply_waiting(tx, 9)
    return sent


def test_every_state_is_counted_zeroes_included(tx: Connection) -> None:
    counts = deliveries.counts(tx, some_answered(tx))
    assert set(counts) == set(State)
    assert {state: number for state, number in counts.items() if number} == dict.fromkeys(
        (State.ACCEPTED, State.DELIVERED, State.FAILED, State.UNKNOWN, State.SENDING, State.QUEUED), 1
    )


def test_counts_come_by_endpoint_and_add_up(tx: Connection) -> None:
    add_crisis(tx)
    sent = add_broadcast(tx)
    for first, slug in ((100, "one"), (200, "two")):
        way = WayOut(add_endpoint(tx, slug), slug, Medium.SMS, 1, 0)
        add_recipients_of(tx, sent, first, way)
    send(tx, sent)
    lines = deliveries.counts_by_endpoint(tx, sent)
    assert [(line.endpoint, line.size, line.counts[State.QUEUED]) for line in lines] == [("one", 3, 3), ("two", 3, 3)]


def add_recipients_of(tx: Connection, sent: int, first: int, way: WayOut) -> None:
    """A medium of its own for each way, so that shard numbers do not meet."""
    medium = Medium.SMS if first == 100 else Medium.EMAIL
    own = WayOut(way.id, way.slug, medium, 1, 0)
    add_recipients(tx, sent, add_addresses(tx, first, 3), own, size=3)


def test_a_broadcast_nobody_knows_counts_nothing(tx: Connection) -> None:
    assert sum(deliveries.counts(tx, 1).values()) == 0
    assert deliveries.page(tx, 1) == ([], None)


def test_pages_follow_each_other_without_gap_or_overlap(tx: Connection) -> None:
    sent = some_answered(tx)
    seen, after = [], None
    while True:
        found, after = deliveries.page(tx, sent, after=after, limit=2)
        seen += [one.address_id for one in found]
        if after is None:
            break
    assert seen == list(range(100, 106))


def test_a_page_can_be_of_one_state(tx: Connection) -> None:
    sent = some_answered(tx)
    for state, number in deliveries.counts(tx, sent).items():
        found, _ = deliveries.page(tx, sent, state=state)
        assert len(found) == number
        assert {one.state for one in found} <= {state}


@pytest.mark.parametrize("cursor", ["x", "3", "3.", ".7", "3.x", "-3.4"])
def test_a_cursor_of_another_list_is_refused(tx: Connection, cursor: str) -> None:
    with pytest.raises(Invalid) as refusal:
        deliveries.page(tx, 1, after=cursor)
    assert refusal.value.problems[0].code == "bad_cursor"


def test_no_address_is_shown_in_full_and_an_erased_one_not_at_all(tx: Connection) -> None:
    sent = small_broadcast(tx, 2)
    tx.execute(update(address).where(address.c.id == 101).values(value=None))
    first, second = deliveries.page(tx, sent)[0]
    assert "+15550000100" not in first.address
    assert first.address.endswith("00")
    assert second.address != first.address
    assert not any(sign.isdigit() for sign in second.address)


def test_a_delivery_tells_what_was_last_heard_of_it(tx: Connection) -> None:
    sent = some_answered(tx)
    by_id = {one.address_id: one for one in deliveries.page(tx, sent)[0]}
    assert (by_id[100].reason, by_id[100].provider_id, by_id[100].attempts) == ("accepted", "id", 1)
    assert (by_id[103].reason, by_id[103].provider_id, by_id[103].attempts) == ("timeout", "", 1)
    assert (by_id[105].reason, by_id[105].attempts, by_id[105].at) == ("", 0, None)
    assert by_id[100].at is not None
    assert by_id[100].at.timestamp() * 1000 == NOON_MS
