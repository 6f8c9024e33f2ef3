"""Cancel, pause and expiry take hold within a second, and the report says where everybody stands."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.domain.delivery import State
from app.domain.message import Medium
from app.keyring import Keyring
from app.store.database import Database
from app.usecases.stop_update import cancel_update, pause_update, resume_update
from tests.rig.stage import AUTHOR, Stage

pytestmark = pytest.mark.anyio


async def test_no_request_starts_more_than_a_second_after_cancel(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(2_000)
    stage.add_endpoint("text", Medium.SMS, rate=1_000)
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_asked("text", 100)
        report = cancel_update(database, AUTHOR, sent.id, stage.clock.now())
        stopped_at = stage.now()
        await asyncio.sleep(1.5)
        counts = stage.counts(sent.id)
    assert max(one.at for one in stage.heard) - stopped_at <= 1.0
    assert report.deliveries.stopped > 0
    assert sum(counts.values()) == 2_000
    assert set(counts) == {State.ACCEPTED, State.CANCELLED}
    assert counts[State.ACCEPTED] == len(stage.heard)


async def test_a_paused_update_goes_on_where_it_stopped(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(600)
    stage.add_endpoint("text", Medium.SMS, rate=1_000)
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_asked("text", 50)
        pause_update(database, AUTHOR, sent.id, stage.clock.now())
        await asyncio.sleep(0.6)
        at_rest = len(stage.heard)
        await asyncio.sleep(0.5)
        assert len(stage.heard) == at_rest < 600
        resume_update(database, AUTHOR, sent.id, stage.clock.now())
        await stage.until(sent.id, "done")
    assert stage.counts(sent.id) == {State.ACCEPTED: 600}
    assert max(stage.asked("text").values()) == 1


async def test_nothing_is_sent_after_its_expiry(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(3_000)
    stage.add_endpoint("text", Medium.SMS, rate=500)
    expiry = stage.clock.now() + timedelta(seconds=2.5)
    async with stage.running():
        sent = stage.broadcast(["text"], expires_at=expiry.isoformat())
        await stage.until(sent.id, "expired")
    counts = stage.counts(sent.id)
    assert set(counts) == {State.ACCEPTED, State.EXPIRED}
    assert sum(counts.values()) == 3_000
    assert counts[State.ACCEPTED] == len(stage.heard)
