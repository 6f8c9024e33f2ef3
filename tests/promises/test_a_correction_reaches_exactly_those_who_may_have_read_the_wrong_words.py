"""Whoever got the wrong words hears the right ones; nobody else is disturbed, and the wrong ones go no further."""

from __future__ import annotations

import pytest

from app.domain.delivery import State
from app.domain.message import Batch, Failure, FailureKind, Medium, Outcome
from app.keyring import Keyring
from app.settings import Timings
from app.store.database import Database
from tests.conftest import NOON
from tests.rig.stage import Stage
from tests.rig.virtual import VIRTUAL, VirtualClock

pytestmark = [pytest.mark.anyio, pytest.mark.both_databases]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


async def test_everybody_reached_and_nobody_else(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings())
    stage.open(2_000)
    text = stage.add_endpoint("text", Medium.SMS, rate=1_500)

    async def some_are_invalid(batch: Batch) -> list[Outcome]:
        if batch.recipients[0].address.endswith("7"):
            return [Failure(FailureKind.RECIPIENT, "21211")]
        return [*await text.accept(batch)]

    text.answer = some_are_invalid
    async with stage.running():
        wrong = stage.broadcast(["text"])
        await stage.until_asked("text", 300)
        right = stage.correct(stage.row(wrong.id))
        await stage.until(right.id, "done")
        await stage.until(wrong.id, "superseded")
    reached = {one.address for one in stage.said(wrong.id) if not one.address.endswith("7")}
    corrected = stage.said(right.id)
    assert {one.address for one in corrected} == reached
    assert len(corrected) == len(reached)
    assert sum(stage.counts(wrong.id).values()) == 2_000
    counts = stage.counts(right.id)
    assert set(counts) <= {State.ACCEPTED, State.SUPPRESSED}  # suppressed: refused, or never asked, after the listing
    assert counts[State.ACCEPTED] == len(reached)
    assert max(one.at for one in stage.said(wrong.id)) < max(one.at for one in corrected)


async def test_a_correction_overtakes_a_backlog_within_a_second(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings())
    stage.open(5_000)
    stage.add_endpoint("text", Medium.SMS, rate=500)
    async with stage.running():
        wrong = stage.broadcast(["text"])
        await stage.until_asked("text", 200)
        other = stage.broadcast(["text"], stage="followup")
        assert other.state.value == "sending"
        right = stage.correct(stage.row(wrong.id))
        corrected_from = stage.now()
        await stage.until_said(right.id, 1)
        waited = min(one.at for one in stage.said(right.id)) - corrected_from
        await stage.until(right.id, "done")
    assert waited <= 1.0
