from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, select, update

from app.domain.crisis import UpdateState
from app.domain.delivery import Result, State
from app.domain.message import MEDIUM_CODES, Medium
from app.engine.recovery import concluded
from app.store import settling, stopping, unknowns, updates
from app.store.database import Database
from app.store.ledger_tables import broadcast, shard
from app.store.settling import Settled
from app.store.staging import WayOut, stage_endpoints, start_sending
from app.store.stopping import Stopped
from app.store.tables import update as update_table
from tests.conftest import NOON
from tests.unit.store.ledgers import (
    NOON_MS,
    Worker,
    add_addresses,
    add_broadcast,
    add_crisis,
    add_endpoint,
    add_recipients,
    answered,
    counted,
    hold_to_account,
    row_of,
    small_broadcast,
)


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    with database.writing() as connection:
        yield connection


def half_way(tx: Connection) -> tuple[int, Worker]:
    """Ten people: one accepted, one retrying, one given back, one unknown, two in flight, four queued."""
    sent = small_broadcast(tx, 10, size=10)
    worker = Worker(tx, "first")
    worker.claim()
    worker.admit(6)
    for one, result in zip(list(worker.flying), (Result.ACCEPTED, Result.REFUSED, None, Result.UNKNOWN), strict=False):
        worker.answer(one, result)
    return sent, worker


@pytest.mark.parametrize("rest", [Result.CANCELLED, Result.EXPIRED, Result.SUPERSEDED])
def test_a_stop_says_what_never_leaves_what_may_and_what_did(tx: Connection, rest: Result) -> None:
    sent, worker = half_way(tx)
    assert stopping.stop_rest(tx, sent, rest, NOON_MS) == Stopped(stopped=6, in_flight=2, out=1)
    assert hold_to_account(tx, sent, 10) == {
        State.ACCEPTED: 1,
        State.UNKNOWN: 1,
        State.SENDING: 2,
        State(rest.value): 6,
    }
    assert not stopping.has_open_rest(tx, sent)
    assert worker.again(sent, NOON_MS) == []


def test_stopping_twice_is_stopping_once_and_the_first_reason_stays(tx: Connection) -> None:
    sent, _ = half_way(tx)
    stopping.stop_rest(tx, sent, Result.SUPERSEDED, NOON_MS)
    before = counted(tx, sent)
    assert stopping.stop_rest(tx, sent, Result.EXPIRED, NOON_MS + 1).stopped == 0
    assert counted(tx, sent) == before


def test_a_retry_in_flight_at_the_stop_settles_by_itself(tx: Connection) -> None:
    sent, worker = half_way(tx)
    again = worker.again(sent, NOON_MS)
    assert len(again) == 2
    stopping.stop_rest(tx, sent, Result.CANCELLED, NOON_MS)
    worker.answer(again[0], Result.ACCEPTED)
    worker.answer(again[1], Result.REFUSED)
    assert hold_to_account(tx, sent, 10) == {
        State.ACCEPTED: 2,
        State.UNKNOWN: 1,
        State.SENDING: 2,
        State.CANCELLED: 5,
    }


def test_a_pause_moves_every_fence_and_loses_nothing(tx: Connection) -> None:
    sent, worker = half_way(tx)
    before = counted(tx, sent)
    assert stopping.pause(tx, sent) == Stopped(stopped=0, in_flight=2, out=1)
    assert worker.admit(4) == []
    assert counted(tx, sent) == before
    for one in list(worker.flying):
        worker.answer(one, Result.ACCEPTED)
    worker.release()
    stopping.set_broadcast_state(tx, sent, "sending")
    worker.claim()
    assert len(worker.admit(99)) == 4
    assert hold_to_account(tx, sent, 10)[State.ACCEPTED] == 3


def test_a_broadcast_is_over_when_nobody_is_queued_in_flight_or_unknown(tx: Connection) -> None:
    sent = small_broadcast(tx, 2, size=2)
    worker = Worker(tx, "first")
    worker.claim()
    for one, result in zip(worker.admit(2), (Result.ACCEPTED, Result.UNKNOWN), strict=True):
        assert stopping.still_open(tx, sent)
        worker.answer(one, result)
    assert stopping.still_open(tx, sent)
    [unsure] = found(tx, sent)
    settling.settle(tx, [unsure])
    assert not stopping.still_open(tx, sent)


@pytest.mark.parametrize(
    ("rest", "state", "ended", "end"),
    [
        (None, "sending", "ended", UpdateState.DONE),
        (Result.EXPIRED, "stopping", "ended", UpdateState.EXPIRED),
        (Result.CANCELLED, "cancelling", "cancelled", UpdateState.DONE),
    ],
)
def test_the_end_is_named_for_what_happened(
    tx: Connection, rest: Result | None, state: str, ended: str, end: UpdateState
) -> None:
    sent, _ = half_way(tx)
    if rest is not None:
        stopping.stop_rest(tx, sent, rest, NOON_MS)
    stopping.set_broadcast_state(tx, sent, state)
    row = row_of(tx, sent)
    tx.execute(update(update_table).values(state="cancelled" if rest is Result.CANCELLED else "sending"))
    assert stopping.finish(tx, row, NOON) is end
    assert tx.scalar(select(broadcast.c.state)) == ended
    expected = UpdateState.CANCELLED if rest is Result.CANCELLED else end  # what staff decided stays
    assert updates.get(tx, row.update_id).state is expected


def test_the_other_waves_come_forward_when_every_site_is_read_back(tx: Connection) -> None:
    add_crisis(tx)
    sent = add_broadcast(tx)
    text = WayOut(add_endpoint(tx), "text", Medium.SMS, 1, 300)
    sites = [WayOut(add_endpoint(tx, slug, Medium.SITE), slug, Medium.SITE, 1, 0) for slug in ("home", "shop")]
    numbers = add_addresses(tx, 900, 2, MEDIUM_CODES[Medium.SITE])
    stage_endpoints(tx, sent, list(zip(sites, numbers, strict=True)), "en")
    add_recipients(tx, sent, add_addresses(tx, 100, 2), text, size=2)
    start_sending(tx, sent, release_ms=NOON_MS, site_bound_ms=2_000)
    wave = select(shard.c.not_before_ms).where(shard.c.endpoint == text.id)
    assert tx.scalar(wave) == NOON_MS + 2_300
    assert not stopping.confirm_site(tx, sent, NOON_MS + 40)
    for site in sites:
        worker = Worker(tx, "first", site.id)
        worker.claim()
        [one] = worker.admit(9)
        settling.settle(tx, [answered(one, Result.ACCEPTED, NOON_MS + 50)])
        confirmed = stopping.confirm_site(tx, sent, NOON_MS + 50)
        assert confirmed == (site is sites[-1])
    assert tx.scalar(wave) == NOON_MS + 350
    assert not stopping.confirm_site(tx, sent, NOON_MS + 60)  # once is enough


def found(tx: Connection, sent: int) -> list[Settled]:
    return [concluded(one, "found_at_provider", NOON_MS, "id") for one in unknowns.page(tx, sent, 9)]
