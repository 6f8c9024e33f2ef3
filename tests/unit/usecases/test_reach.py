"""How long an update would be on its way, as preflight says it, held against what then happens."""

from __future__ import annotations

import pytest

from app.domain.message import Medium
from app.keyring import Keyring
from app.store.database import Database
from app.usecases.measure_reach import measure_reach
from app.usecases.save_audience import save_audience
from tests.rig.stage import AUTHOR, Stage

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

SECONDS = 120.0


async def took(stage: Stage, update: int, began: float) -> float:
    await stage.until(update, "done", seconds=SECONDS)
    return max(one.at for one in stage.said(update)) - began


async def test_the_estimate_for_an_idle_endpoint_is_within_a_fifth(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(1_600)
    stage.add_endpoint("one", Medium.SMS, rate=80, weight=3)
    stage.add_endpoint("two", Medium.SMS, rate=40, weight=1)
    draft = stage.draft(["one", "two"])
    told = measure_reach(database, draft, stage.clock.now())
    assert told is not None
    approved = stage.approve(draft)
    async with stage.running():
        began = stage.now()
        stage.send(approved)
        real = await took(stage, approved.id, began)
    assert told.seconds == pytest.approx(real, rel=0.2)


@pytest.mark.parametrize("stage_of", ["update", "followup"])
async def test_the_estimate_counts_what_waits_before_and_beside_it(
    database: Database, keyring: Keyring, stage_of: str
) -> None:
    """A small update beside a bulk of its own lane shares alike; one of a lower lane gets what is left."""
    stage = Stage(database, keyring)
    stage.open(4_000)
    stage.add_endpoint("text", Medium.SMS, rate=400)
    few = {"rule": {"external_ids": [f"p{number}" for number in range(800)]}}
    save_audience(database, AUTHOR, "few", few, None, stage.clock.now())
    words = {"stage": "followup"} if stage_of == "followup" else {}
    ready = stage.draft(["text"], audience="few", **words)
    async with stage.running():
        bulk = stage.broadcast(["text"])
        await stage.until_said(bulk.id, 200, seconds=SECONDS)
        told = measure_reach(database, ready, stage.clock.now())
        assert told is not None
        began = stage.now()
        stage.send(stage.approve(ready))
        real = await took(stage, ready.id, began)
    assert told.seconds == pytest.approx(real, rel=0.2)
