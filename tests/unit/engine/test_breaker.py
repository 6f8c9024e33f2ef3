"""A provider that refuses is left alone, then tried with one delivery at a time, by all workers together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from app.domain.delivery import State
from app.domain.message import Batch, Medium, Outcome
from app.domain.retrying import Backoff
from app.engine.health import DOUBTS_IN_A_ROW, HEALTHY, Phase
from app.keyring import Keyring
from app.store.database import Database
from tests.rig.stage import Stage, refused

BACKOFF = Backoff(1.0, 60.0)
LATER = 1_000.0


def test_a_refusal_opens_it_and_after_the_wait_one_delivery_is_tried() -> None:
    opened = HEALTHY.refused(0.0, None, BACKOFF, 1.0, "http_503")
    assert (opened.phase(0.0), opened.allowed(50, 0.0)) == (Phase.OPEN, 0)
    assert (opened.phase(LATER), opened.allowed(50, LATER)) == (Phase.HALF_OPEN, 1)
    assert opened.succeeded(0.0) == opened, "what was on its way before proves nothing"
    assert opened.succeeded(LATER).allowed(50, LATER) == 50
    assert HEALTHY.refused(0.0, 30.0, BACKOFF, 0.0).seconds_closed(0.0) >= 30, "as long as the provider asks for"


def test_calls_that_were_in_flight_together_are_one_refusal_and_a_failed_try_waits_longer() -> None:
    opened = HEALTHY.refused(0.0, None, BACKOFF, 1.0)
    assert opened.refused(0.0, None, BACKOFF, 1.0).refusals == 1
    again = opened.refused(LATER, None, BACKOFF, 1.0)
    assert again.seconds_closed(LATER) > opened.seconds_closed(0.0)


def test_silence_opens_it_when_nobody_answers_several_times_and_at_once_when_it_was_a_try() -> None:
    health = HEALTHY
    for _ in range(DOUBTS_IN_A_ROW - 1):
        health = health.doubted(0.0, BACKOFF, 1.0, "timeout")
        assert health.phase(0.0) is Phase.CLOSED
    opened = health.doubted(0.0, BACKOFF, 1.0, "timeout")
    assert opened.phase(0.0) is Phase.OPEN
    assert opened.doubted(LATER, BACKOFF, 1.0, "timeout").phase(LATER) is Phase.OPEN


@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_two_workers_try_one_delivery_at_a_time_until_one_is_accepted(
    database: Database, database_url: str, keyring: Keyring
) -> None:
    stage = Stage(database, keyring)
    stage.open(60)
    text = stage.add_endpoint("text", Medium.SMS)
    flying, seen = 0, list[tuple[float, int]]()

    async def sick(batch: Batch) -> Sequence[Outcome]:
        nonlocal flying
        flying += 1
        seen.append((stage.now(), flying))
        await asyncio.sleep(0.05)
        flying -= 1
        return await refused(batch)

    text.answer = sick
    other = Database(database_url)
    second = Stage(other, keyring, stage.clock, heard=stage.heard, channels=stage.channels)
    both = not database.is_sqlite
    async with stage.running(alone=not both):
        stop = asyncio.Event()
        beside = asyncio.create_task(second.engine(alone=False).run(stop)) if both else None
        sent = stage.broadcast(["text"])
        await stage.until_asked("text", 1)
        opened = stage.now() + 1.0
        await asyncio.sleep(6.0)
        tries = [together for at, together in seen if at > opened]
        text.answer = text.accept
        await stage.until(sent.id, "done")
        stop.set()
        if beside is not None:
            await beside
    other.close()
    assert len(tries) > 3, "it is tried again and again"
    assert max(tries) == 1, "and never with two at once"
    assert stage.counts(sent.id) == {State.ACCEPTED: 60}
    assert len(text.took) == 60
