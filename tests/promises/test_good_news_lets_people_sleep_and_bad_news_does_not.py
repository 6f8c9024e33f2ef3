"""Good news waits for the morning of each reader, by the clock on their own wall; bad news wakes them.

With production's timings, on a clock that jumps while everybody waits. An engine that looks four times a second takes
its time for a whole night, so it works in the moments that matter, and comes back as after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from app.api.progress import view
from app.domain.delivery import State
from app.domain.explaining import EngineFacts, Reason, explain
from app.domain.message import Medium
from app.keyring import Keyring
from app.settings import Timings
from app.store import holding
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases.stop_update import cancel_update, pause_update, resume_update
from app.usecases.wake_readers import wake_readers
from tests.rig.stage import APPROVER, Stage
from tests.rig.virtual import VIRTUAL, VirtualClock

pytestmark = pytest.mark.anyio

QUIET = {"quiet_hours": {"from": "22:00", "until": "07:00"}}
ZONES = ("Europe/London", "Asia/Kolkata", "America/New_York")
EVENING = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
"""In London the clocks go forward this night; in Kolkata it is 04:30; in New York people are awake."""
MORNINGS = {
    "Europe/London": datetime(2026, 3, 29, 6, 0, tzinfo=UTC),
    "Asia/Kolkata": datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
}


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


def a_stage(database: Database, keyring: Keyring, people: int = 30, zones: Sequence[str] = ZONES) -> Stage:
    stage = Stage(database, keyring, VirtualClock(EVENING), Timings(), playbook=QUIET)
    stage.open(people, zones=zones)
    stage.add_endpoint("text", Medium.SMS)
    stage.add_endpoint("mail", Medium.EMAIL)
    return stage


def all_clear(stage: Stage, ways: Sequence[str] = ("text",), hours: float = 20, **fields: object) -> UpdateRow:
    expires = (stage.clock.now() + timedelta(hours=hours)).isoformat()
    return stage.broadcast(ways, stage="resolved", expires_at=expires, **fields)


async def sleep_until(stage: Stage, at: datetime) -> None:
    await asyncio.sleep((at - stage.clock.now()).total_seconds())


async def through_the_night(stage: Stage, update: UpdateRow, *states: str) -> None:
    """The engine looks a little before and after each morning, until the update is in one of these states."""
    for morning in sorted(MORNINGS.values()):
        await sleep_until(stage, morning - timedelta(seconds=5))
        before = len(stage.heard)
        async with stage.running():
            await sleep_until(stage, morning - timedelta(seconds=1))
            assert len(stage.heard) == before
            await sleep_until(stage, morning + timedelta(seconds=5))
    async with stage.running():
        await stage.until(update.id, *states)


def texted(stage: Stage, update: UpdateRow) -> dict[str, list[datetime]]:
    """When, by the zone of the reader; the last digits of a number say who it is."""
    found: dict[str, list[datetime]] = {zone: [] for zone in ZONES}
    began = stage.clock.now() - timedelta(seconds=stage.now())
    for one in stage.said(update.id):
        if one.endpoint == "text":
            found[ZONES[int(one.address[-4:]) % len(ZONES)]].append(began + timedelta(seconds=one.at))
    return found


@pytest.mark.both_databases
async def test_each_is_told_in_their_own_morning(database: Database, keyring: Keyring) -> None:
    stage = a_stage(database, keyring)
    async with stage.running():
        sent = all_clear(stage, ["text", "mail"])
        await stage.until_counted(sent.id, State.ACCEPTED, 40)  # 10 texts; no e-mail wakes anybody
        await stage.looks(8)
    assert stage.counts(sent.id) == {State.ACCEPTED: 40, State.QUEUED: 20}
    shown = view(database, sent.id, stage.clock.now())
    first, last = MORNINGS["Asia/Kolkata"], MORNINGS["Europe/London"]
    assert shown.asleep is not None
    assert (shown.asleep.people, shown.asleep.first, shown.asleep.last, shown.asleep.lost) == (20, first, last, 0)
    assert shown.eta is not None
    assert last <= shown.eta < last + timedelta(seconds=5)
    with database.reading() as connection:
        facts = holding.facts(connection, stage.row(sent.id))
    (hold,) = explain(facts, EngineFacts(alive=True), stage.clock.now())
    assert (hold.reason, hold.held) == (Reason.QUIET_HOURS, 20)
    await through_the_night(stage, sent, "done")
    heard = texted(stage, sent)
    assert {zone: len(times) for zone, times in heard.items()} == dict.fromkeys(ZONES, 10)
    assert all(min(heard[zone]) >= morning for zone, morning in MORNINGS.items())
    assert all(max(heard[zone]) < morning + timedelta(seconds=5) for zone, morning in MORNINGS.items())
    assert set(stage.asked("text").values()) == {1}


async def test_bad_news_corrections_and_what_its_author_calls_bad_wake_everybody(
    database: Database, keyring: Keyring
) -> None:
    stage = a_stage(database, keyring, 9)
    async with stage.running():
        for fields in ({"stage": "details"}, {"stage": "progress", "news": "bad"}):
            sent = stage.broadcast(["text"], **fields)
            await stage.until(sent.id, "done")
            assert stage.counts(sent.id) == {State.ACCEPTED: 9}
        wrong = all_clear(stage)
        await stage.until_counted(wrong.id, State.ACCEPTED, 3)
        corrected = stage.correct(wrong)
        await stage.until(corrected.id, "done")
    assert stage.counts(corrected.id) == {State.ACCEPTED: 3}
    assert stage.counts(wrong.id) == {State.ACCEPTED: 3, State.SUPERSEDED: 6}


async def test_an_emergency_never_waits(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, VirtualClock(EVENING), Timings(), severity="emergency", playbook=QUIET)
    stage.open(9, zones=ZONES)
    stage.add_endpoint("text", Medium.SMS)
    async with stage.running():
        sent = all_clear(stage)
        await stage.until(sent.id, "done")
    assert stage.counts(sent.id) == {State.ACCEPTED: 9}


@pytest.mark.both_databases
async def test_a_kill_in_between_wakes_nobody_and_loses_nobody(database: Database, keyring: Keyring) -> None:
    stage = a_stage(database, keyring, 12)
    victim = asyncio.create_task(stage.engine().run(asyncio.Event()))
    sent = all_clear(stage)
    await stage.until_counted(sent.id, State.ACCEPTED, 4)
    await stage.looks(8)
    victim.cancel()
    await asyncio.gather(victim, return_exceptions=True)
    await through_the_night(stage, sent, "done")
    assert stage.counts(sent.id) == {State.ACCEPTED: 12}
    assert set(stage.asked("text").values()) == {1}


async def test_who_slept_gets_only_the_newest(database: Database, keyring: Keyring) -> None:
    stage = a_stage(database, keyring, 12)
    async with stage.running():
        older = all_clear(stage)
        await stage.until_counted(older.id, State.ACCEPTED, 4)
        newer = all_clear(stage)
        await stage.until_counted(newer.id, State.ACCEPTED, 4)
        await stage.looks(8)
    await through_the_night(stage, newer, "done")
    assert stage.counts(older.id) == {State.ACCEPTED: 4, State.SUPERSEDED: 8}
    assert stage.counts(newer.id) == {State.ACCEPTED: 12}


async def test_what_expires_before_the_morning_is_not_sent(database: Database, keyring: Keyring) -> None:
    stage = a_stage(database, keyring, 12)
    async with stage.running():
        sent = all_clear(stage, hours=4)  # 03:00 UTC: in Kolkata it is morning by then, in London it is not
        await stage.until_counted(sent.id, State.ACCEPTED, 4)
        await stage.looks(8)
    await through_the_night(stage, sent, "expired")
    assert stage.counts(sent.id) == {State.ACCEPTED: 8, State.EXPIRED: 4}


async def test_stopped_while_people_sleep_nothing_comes_in_the_morning(database: Database, keyring: Keyring) -> None:
    stage = a_stage(database, keyring, 12)
    async with stage.running():
        stopped = all_clear(stage)
        await stage.until_counted(stopped.id, State.ACCEPTED, 4)
        await stage.looks(8)
        assert cancel_update(database, APPROVER, stopped.id, stage.clock.now()).deliveries.stopped == 8
        paused = all_clear(stage)
        await stage.until_counted(paused.id, State.ACCEPTED, 4)
        await stage.looks(8)
        pause_update(database, APPROVER, paused.id, stage.clock.now())
    await sleep_until(stage, EVENING + timedelta(hours=9))
    async with stage.running():
        await stage.looks(8)
        assert stage.counts(paused.id) == {State.ACCEPTED: 4, State.QUEUED: 8}
        resume_update(database, APPROVER, paused.id, stage.clock.now())
        await stage.until(paused.id, "done")
    assert stage.counts(stopped.id) == {State.ACCEPTED: 4, State.CANCELLED: 8}
    assert stage.counts(paused.id) == {State.ACCEPTED: 12}


@pytest.mark.both_databases
async def test_whoever_answers_for_it_may_wake_everybody(database: Database, keyring: Keyring) -> None:
    stage = a_stage(database, keyring, 12)
    async with stage.running():
        sent = all_clear(stage)
        await stage.until_counted(sent.id, State.ACCEPTED, 4)
        await stage.looks(8)
        assert wake_readers(database, APPROVER, sent.id, "the water can be drunk again", stage.clock.now()) == 8
        await stage.until(sent.id, "done")
    assert stage.counts(sent.id) == {State.ACCEPTED: 12}
    assert stage.clock.now() < EVENING + timedelta(hours=1)
