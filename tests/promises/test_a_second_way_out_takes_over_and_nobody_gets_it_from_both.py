"""When one endpoint of a medium is down another goes on; whoever the first may have reached stays with the first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from app.domain.delivery import State
from app.domain.message import Batch, Failure, FailureKind, Medium, Outcome
from app.keyring import Keyring
from app.store import deliveries
from app.store.database import Database
from tests.rig.collector import Collector
from tests.rig.stage import IMPATIENT, Stage, refused

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]
SECONDS = 60.0


async def unauthorized(batch: Batch) -> Sequence[Outcome]:
    return [Failure(FailureKind.ACCOUNT, "http_401")] * len(batch.recipients)


def by_endpoint(stage: Stage, update: int) -> dict[str, dict[State, int]]:
    """The counts of each endpoint, held against the rows themselves."""
    broadcast = stage.row(update).broadcast_id or 0
    with stage.db.reading() as connection:
        counted = {line.endpoint: line.counts for line in deliveries.counts_by_endpoint(connection, broadcast)}
        rows, _ = deliveries.page(connection, broadcast, limit=10_000)
    seen = Counter((row.endpoint, row.state) for row in rows)
    shown = {name: {state: number for state, number in counts.items() if number} for name, counts in counted.items()}
    for name, counts in shown.items():
        assert counts == {state: number for (slug, state), number in seen.items() if slug == name}
    return shown


@pytest.mark.both_databases
@pytest.mark.parametrize("fault", [refused, unauthorized])
async def test_the_fallback_goes_on_with_what_the_first_never_took(
    database: Database, keyring: Keyring, fault: object
) -> None:
    stage = Stage(database, keyring)
    stage.open(700)
    first = stage.add_endpoint("first", Medium.SMS, rate=300)
    stage.add_endpoint("second", Medium.SMS, rate=2_000, fallback_for="first")
    everybody = Collector(stage.ledger)
    for person in range(700):
        everybody.expect_anywhere(f"+1202555{person:04d}")
    async with stage.running():
        sent = stage.broadcast(["first"])
        await stage.until_asked("first", 50)
        first.answer = refused if fault is refused else unauthorized
        await stage.until(sent.id, "done", seconds=SECONDS)
    everybody.finish()
    assert stage.counts(sent.id) == {State.ACCEPTED: 700}
    took = {name: {one.address for one in channel.took} for name, channel in stage.channels.items()}
    assert not took["first"] & took["second"]
    assert by_endpoint(stage, sent.id) == {name: {State.ACCEPTED: len(took[name])} for name in took}


@pytest.mark.both_databases
async def test_whoever_the_first_may_have_reached_stays_with_it(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, timings=IMPATIENT)
    stage.open(300)
    first = stage.add_endpoint("first", Medium.SMS, rate=200)
    stage.add_endpoint("second", Medium.SMS, rate=2_000, fallback_for="first")
    held: list[str] = []

    async def takes_and_never_answers(batch: Batch) -> Sequence[Outcome]:
        held.extend(one.address for one in batch.recipients)
        await asyncio.sleep(3_600)
        raise AssertionError("nobody waits this long")

    async with stage.running():
        sent = stage.broadcast(["first"])
        await stage.until_asked("first", 20)
        first.answer = takes_and_never_answers
        async with asyncio.timeout(SECONDS):
            while True:
                counts = await asyncio.to_thread(stage.counts, sent.id)
                if set(counts) == {State.ACCEPTED, State.UNKNOWN}:
                    break
                await asyncio.sleep(0.2)
    assert held
    assert counts[State.UNKNOWN] == len(set(held))
    assert not set(stage.asked("second")) & set(held)
    assert sum(counts.values()) == 300
    by_endpoint(stage, sent.id)


@pytest.mark.both_databases
async def test_the_first_gets_its_work_back_when_it_is_well_again(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(3_000)
    first = stage.add_endpoint("first", Medium.SMS)
    stage.add_endpoint("second", Medium.SMS, rate=150, fallback_for="first")
    first.answer = refused
    async with stage.running():
        sent = stage.broadcast(["first"])
        await stage.until_asked("second", 30, seconds=SECONDS)
        first.answer = first.accept
        await stage.until(sent.id, "done", seconds=SECONDS)
    took = {name: Counter(one.address for one in channel.took) for name, channel in stage.channels.items()}
    assert sum(took["first"].values()) > sum(took["second"].values()) > 0
    assert max((took["first"] + took["second"]).values()) == 1
    assert sum((took["first"] + took["second"]).values()) == 3_000
    by_endpoint(stage, sent.id)


@pytest.mark.both_databases
async def test_two_endpoints_share_by_weight_and_stand_in_for_each_other(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(2_000)
    dead = stage.add_endpoint("dead", Medium.SMS, weight=1)
    stage.add_endpoint("alive", Medium.SMS, weight=3)
    dead.answer = refused
    sent = stage.broadcast(["dead", "alive"])
    with database.reading() as connection:
        lines = deliveries.counts_by_endpoint(connection, sent.broadcast_id or 0)
    assert {line.endpoint: line.size for line in lines} == {"dead": 500, "alive": 1_500}
    async with stage.running():
        await stage.until(sent.id, "done", seconds=SECONDS)
    assert len({one.address for one in stage.channels["alive"].took}) == 2_000
    assert by_endpoint(stage, sent.id)["alive"] == {State.ACCEPTED: 2_000}


async def test_without_a_second_way_out_the_rows_wait(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(50)
    first = stage.add_endpoint("first", Medium.SMS)
    stage.add_endpoint("mail", Medium.EMAIL, fallback_for="first")
    first.answer = refused
    async with stage.running():
        sent = stage.broadcast(["first"])
        await asyncio.sleep(stage.timings.failover * 2)
        counts = stage.counts(sent.id)
        assert set(counts) <= {State.QUEUED, State.RETRY_WAIT, State.SENDING}
        first.answer = first.accept
        await stage.until(sent.id, "done", seconds=SECONDS)
    assert stage.counts(sent.id) == {State.ACCEPTED: 50}
    assert stage.asked("mail") == Counter()
