"""An emergency passes whatever is queued; what it passes still moves, and a big broadcast holds up no small one."""

from __future__ import annotations

import pytest

from app.domain.delivery import State
from app.domain.message import Medium
from app.keyring import Keyring
from app.store.database import Database
from app.usecases.open_crisis import open_crisis
from app.usecases.save_audience import save_audience
from tests.rig.stage import AUTHOR, Stage

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]
SECONDS = 60.0


def open_second_crisis(stage: Stage, slug: str, severity: str) -> None:
    document = {"slug": slug, "titles": {"en": slug}, "severity": severity}
    open_crisis(stage.db, AUTHOR, document, stage.clock.now())


async def test_an_emergency_leaves_at_once_and_the_bulk_still_moves(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(1_000)
    stage.add_endpoint("text", Medium.SMS, rate=400)
    open_second_crisis(stage, "gas", "emergency")
    async with stage.running():
        bulk = stage.broadcast(["text"], stage="followup")
        await stage.until_said(bulk.id, 100)
        asked_before = len(stage.heard)
        urgent = stage.send(stage.approve(stage.draft(["text"], slug="gas")))
        await stage.until_said(urgent.id, 1)
        between = [one for one in stage.heard[asked_before:] if one.message.data["update"] == bulk.id]
        await stage.until(urgent.id, "done", seconds=SECONDS)
    first, last = (at([one.at for one in stage.said(urgent.id)]) for at in (min, max))
    during = [one.message.data["update"] for one in stage.heard if first <= one.at <= last]
    share = during.count(bulk.id) / len(during)
    assert 0.01 < share < 0.15, "a twentieth is kept for the other lanes"
    assert len(between) < 850, "and it did not wait for the queue"
    assert stage.counts(urgent.id) == {State.ACCEPTED: 1_000}


@pytest.mark.both_databases
async def test_a_small_broadcast_does_not_wait_for_a_big_one_of_its_lane(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(2_000)
    stage.add_endpoint("text", Medium.SMS, rate=400)
    open_second_crisis(stage, "water", "major")
    few = {"rule": {"external_ids": [f"p{number}" for number in range(100)]}}
    save_audience(database, AUTHOR, "few", few, None, stage.clock.now())
    async with stage.running():
        big = stage.broadcast(["text"])
        await stage.until_said(big.id, 600)  # well into its second shard
        small = stage.send(stage.approve(stage.draft(["text"], slug="water", audience="few")))
        await stage.until(small.id, "done", seconds=SECONDS)
        moved = stage.said(big.id)
        assert len(moved) < 1_600
    first, last = (at([one.at for one in stage.said(small.id)]) for at in (min, max))
    during = [one for one in moved if first <= one.at <= last]
    assert 50 < len(during) < 200, "they share the pace alike"
