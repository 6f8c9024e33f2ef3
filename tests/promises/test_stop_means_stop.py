"""Cancel, pause and expiry take hold within a second, and the report says where everybody stands.

With the timings of production, on a clock that only moves while everybody waits.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.domain.delivery import State
from app.domain.message import Medium
from app.keyring import Keyring
from app.settings import Timings
from app.store.database import Database
from app.usecases.stop_update import cancel_update, pause_update, resume_update
from tests.conftest import NOON
from tests.rig.stage import AUTHOR, Stage
from tests.rig.virtual import VIRTUAL, VirtualClock

pytestmark = [pytest.mark.anyio, pytest.mark.both_databases]

LONG = 20.0
"""Long enough for anything that was still to come."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


def on_stage(database: Database, keyring: Keyring) -> Stage:
    return Stage(database, keyring, VirtualClock(NOON), Timings())


async def test_no_request_starts_more_than_a_second_after_cancel(database: Database, keyring: Keyring) -> None:
    stage = on_stage(database, keyring)
    stage.open(2_000)
    stage.add_endpoint("text", Medium.SMS, rate=1_000)
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_asked("text", 100)
        report = cancel_update(database, AUTHOR, sent.id, stage.clock.now())
        stopped_at = stage.now()
        await asyncio.sleep(LONG)
        counts = stage.counts(sent.id)
    assert max(one.at for one in stage.heard) - stopped_at <= 1.0
    assert report.deliveries.stopped > 0
    assert sum(counts.values()) == 2_000
    assert set(counts) == {State.ACCEPTED, State.CANCELLED}
    assert counts[State.ACCEPTED] == len(stage.heard)


async def test_a_paused_update_goes_on_where_it_stopped(database: Database, keyring: Keyring) -> None:
    stage = on_stage(database, keyring)
    stage.open(600)
    stage.add_endpoint("text", Medium.SMS, rate=1_000)
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_asked("text", 50)
        pause_update(database, AUTHOR, sent.id, stage.clock.now())
        await asyncio.sleep(1.0)
        at_rest = len(stage.heard)
        await asyncio.sleep(LONG)
        assert len(stage.heard) == at_rest < 600
        resume_update(database, AUTHOR, sent.id, stage.clock.now())
        await stage.until(sent.id, "done")
    assert stage.counts(sent.id) == {State.ACCEPTED: 600}
    assert max(stage.asked("text").values()) == 1


async def test_nothing_is_sent_after_its_expiry(database: Database, keyring: Keyring) -> None:
    stage = on_stage(database, keyring)
    stage.open(3_000)
    stage.add_endpoint("text", Medium.SMS, rate=500)
    expiry = stage.clock.now() + timedelta(seconds=2.5)
    over = stage.now() + 2.5
    async with stage.running():
        sent = stage.broadcast(["text"], expires_at=expiry.isoformat())
        await stage.until(sent.id, "expired")
        await asyncio.sleep(LONG)
    counts = stage.counts(sent.id)
    assert max(one.at for one in stage.heard) <= over
    assert set(counts) == {State.ACCEPTED, State.EXPIRED}
    assert sum(counts.values()) == 3_000
    assert counts[State.ACCEPTED] == len(stage.heard)
