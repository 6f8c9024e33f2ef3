"""After a stop, a newer update, a correction, an expiry or in a drill: exactly what was promised, and not one more.

A collector watches everything the channels accept; a message nobody expected fails the test. The automatic halt and the
failover are held to the same in files of their own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from app.domain.delivery import State
from app.domain.message import Medium
from app.keyring import Keyring
from app.store.database import Database
from app.usecases.stop_update import cancel_update
from tests.rig.collector import Collector
from tests.rig.stage import AUTHOR, Stage

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time, pytest.mark.both_databases]
SECONDS = 60.0
LOOKS = 10
PEOPLE = 400


def staged(database: Database, keyring: Keyring, people: int = PEOPLE, rate: float = 400) -> Stage:
    stage = Stage(database, keyring)
    stage.open(people)
    stage.add_endpoint("text", Medium.SMS, rate=rate)
    return stage


def took(stage: Stage, update: int) -> Counter[str]:
    return Counter(one.address for one in stage.channels["text"].took if one.message.data["update"] == update)


async def test_cancelled(database: Database, keyring: Keyring) -> None:
    stage = staged(database, keyring)
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_asked("text", 100)
        cancel_update(database, AUTHOR, sent.id, stage.clock.now())
        await stage.until_at_rest(sent.id)
        collector = Collector(stage.ledger)
        await stage.looks(LOOKS)
        collector.finish()
    counts = stage.counts(sent.id)
    assert counts[State.ACCEPTED] == sum(took(stage, sent.id).values())
    assert counts[State.ACCEPTED] + counts[State.CANCELLED] == PEOPLE


async def test_superseded(database: Database, keyring: Keyring) -> None:
    stage = staged(database, keyring)
    async with stage.running():
        older = stage.broadcast(["text"])
        await stage.until_asked("text", 100)
        newer = stage.approve(stage.draft(["text"], stage="progress"))
        collector = Collector(stage.ledger)
        newer = stage.send(newer)
        for person in range(PEOPLE):
            collector.expect("text", f"+1202555{person:04d}", contains=f"update {newer.id}.")
        await stage.until(newer.id, "done", seconds=SECONDS)
        await stage.until(older.id, "done", "superseded", seconds=SECONDS)
        await stage.looks(LOOKS)
    extra = [fault for fault in collector.faults() if not fault.startswith("extra")]
    assert extra == [], "everybody has the newer words once"
    last = {one.address: one.message.data["update"] for one in stage.channels["text"].took}
    assert set(last.values()) == {newer.id}, "and nobody the older ones after them"
    assert max((took(stage, older.id) | took(stage, newer.id)).values()) == 1


async def test_corrected(database: Database, keyring: Keyring) -> None:
    stage = staged(database, keyring)
    async with stage.running():
        wrong = stage.broadcast(["text"])
        await stage.until_asked("text", 100)
        cancel_update(database, AUTHOR, wrong.id, stage.clock.now())
        await stage.until_at_rest(wrong.id)
        collector = Collector(stage.ledger)
        reached = took(stage, wrong.id)
        right = stage.correct(stage.row(wrong.id))
        for person in reached:
            collector.expect("text", person, contains=f"update {right.id}.")
        await stage.until(right.id, "done", seconds=SECONDS)
        await stage.looks(LOOKS)
        collector.finish()
    assert 100 <= len(reached) < PEOPLE


async def test_expired(database: Database, keyring: Keyring) -> None:
    stage = staged(database, keyring, people=600, rate=150)
    expiry = stage.clock.now() + timedelta(seconds=3)
    async with stage.running():
        sent = stage.broadcast(["text"], expires_at=expiry.isoformat())
        await stage.until(sent.id, "expired", seconds=SECONDS)
        collector = Collector(stage.ledger)
        await stage.looks(LOOKS)
        collector.finish()
    counts = stage.counts(sent.id)
    assert counts.get(State.ACCEPTED, 0) == sum(took(stage, sent.id).values())
    assert counts.get(State.ACCEPTED, 0) + counts[State.EXPIRED] == 600


async def test_drilled(database: Database, keyring: Keyring) -> None:
    stage = staged(database, keyring, people=100, rate=100_000)
    live = stage.channels["text"]
    sink = stage.add_endpoint("sink", Medium.SMS)
    engine, stop = stage.engine(), asyncio.Event()
    engine.fleet.open_channel = lambda endpoint, drill: sink if drill else stage.channels[endpoint.slug]
    collector = Collector(lambda: (entry for entry in stage.ledger() if entry.provider == "text"))
    task = asyncio.create_task(engine.run(stop))
    sent = stage.broadcast(["text"], drill=True)
    await stage.until(sent.id, "done", seconds=SECONDS)
    stop.set()
    async with asyncio.timeout(SECONDS):
        await task
    collector.finish()
    assert live.took == []
    assert len(sink.took) == 100
    assert stage.counts(sent.id) == {State.ACCEPTED: 100}
