"""Nothing taken of a critical update, a part of the service silent, a banner about to vanish: staff hear of each once,
at every place they named; and whoever waits for our ping hears nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import SecretStr

from app.clock import FrozenClock, to_ms
from app.domain.message import Failure, FailureKind, Medium
from app.domain.principals import HOST
from app.domain.staff_notices import NoticeKind
from app.engine.dead_man import DeadMan
from app.keyring import Keyring
from app.store import duties, publishing, schedules, staff
from app.store.database import Database
from app.usecases.attend import attend
from app.usecases.save_staff_recipients import save_staff_recipients
from app.usecases.watch_work import watch_work
from channels.visits import Visited
from tests.rig.stage import Stage

KINDS = (NoticeKind.NOTHING_TAKEN, NoticeKind.WORK_STANDS_STILL, NoticeKind.BANNER_EXPIRES)


@pytest.fixture
def stage(database: Database, keyring: Keyring, clock: FrozenClock) -> Stage:
    made = Stage(database, keyring, clock, severity="emergency")
    for slug, medium in (
        ("texts", Medium.SMS),
        ("site", Medium.SITE),
        ("room", Medium.WEBHOOK),
        ("mail", Medium.EMAIL),
    ):
        made.add_endpoint(slug, medium)
    made.open(2)
    places = [{"endpoint": "texts", "address": "+442071838750"}, {"endpoint": "room"}]
    save_staff_recipients(database, HOST, places, clock.now())
    return made


def published(stage: Stage) -> None:
    with stage.db.writing() as tx:
        publishing.mark_done(tx, publishing.pending(tx) or 0, stage.clock.now())


def told(stage: Stage, *, standing: bool = False) -> list[tuple[str, str, list[str]]]:
    """Kind, subject and places of each notice of this kind, oldest first."""
    with stage.db.reading() as connection:
        rows = [one for one in reversed(staff.page(connection, limit=200).items) if one.notice.kind in KINDS]
        nudges = staff.nudges(connection, [row.id for row in rows])
    return [
        (row.notice.kind.value, row.notice.subject, [one.endpoint for one in nudges[row.id]])
        for row in rows
        if not standing or row.cleared_at is None
    ]


def minutes(stage: Stage, clock: FrozenClock, number: int) -> None:
    for _ in range(number):
        clock.advance(60)
        published(stage)
        with stage.db.writing() as tx:
            duties.seen(tx, duties.Worker("w", "host", 1, 0, to_ms(clock.now())))
        attend(stage.db, clock.now())
        watch_work(stage.db, clock.now())


@pytest.mark.both_databases
def test_an_emergency_that_no_provider_takes_is_told_once_and_over_when_one_does(
    stage: Stage, clock: FrozenClock
) -> None:
    row = stage.broadcast(["site", "texts"], next_update_by=None)
    minutes(stage, clock, 1)
    assert told(stage) == []
    minutes(stage, clock, 5)
    assert told(stage) == [("nothing_taken", str(row.id), ["room", "texts"])], "by the other endpoint too"


def test_a_banner_that_is_about_to_vanish_is_told_before_and_the_next_one_clears_it(
    stage: Stage, clock: FrozenClock
) -> None:
    expires = (clock.now() + timedelta(minutes=60)).isoformat()
    stage.broadcast(["site"], next_update_by=None, expires_at=expires)
    minutes(stage, clock, 29)
    assert [one for one in told(stage) if one[0] == "banner_expires"] == []
    minutes(stage, clock, 20)
    assert [one for one in told(stage) if one[0] == "banner_expires"] == [
        ("banner_expires", "outage", ["room", "texts"])
    ]
    stage.broadcast(["site"], next_update_by=None)
    minutes(stage, clock, 1)
    assert [one for one in told(stage, standing=True) if one[0] == "banner_expires"] == []


def test_each_part_that_falls_silent_is_missed_by_another_one(stage: Stage, clock: FrozenClock) -> None:
    with stage.db.writing() as tx:
        schedules.ticked(tx, clock.now())
    attend(stage.db, clock.now())
    published(stage)
    for _ in range(4):
        clock.advance(60)
        watch_work(stage.db, clock.now())  # by whoever ticks
    assert told(stage) == [("work_stands_still", part, ["room", "texts"]) for part in ("scheduler", "attendant")]
    with stage.db.writing() as tx:
        schedules.ticked(tx, clock.now())
        publishing.request(tx, "x", clock.now())
    attend(stage.db, clock.now())
    assert told(stage, standing=True) == [], "both are back"
    for _ in range(4):
        clock.advance(60)
        with stage.db.writing() as tx:
            schedules.ticked(tx, clock.now())
        attend(stage.db, clock.now())
    assert told(stage, standing=True) == [("work_stands_still", "publisher", ["room", "texts"])]


def test_after_a_stop_of_everything_nobody_is_told_what_they_know(stage: Stage, clock: FrozenClock) -> None:
    published(stage)
    with stage.db.writing() as tx:
        schedules.ticked(tx, clock.now())
    attend(stage.db, clock.now())
    clock.advance(48 * 3_600)
    watch_work(stage.db, clock.now())
    attend(stage.db, clock.now())
    assert told(stage) == []


@pytest.mark.anyio
async def test_whoever_waits_for_our_ping_hears_nothing_when_something_stands_still(
    stage: Stage, clock: FrozenClock
) -> None:
    pings: list[str] = []

    async def visit(url: str) -> Visited | Failure:
        pings.append(url)
        return Visited(200, url) if len(pings) < 3 else Failure(FailureKind.NOT_ACCEPTED, "refused")

    first, second = (DeadMan(stage.db, clock, visit, SecretStr("https://ping.example.org/1"), 60.0) for _ in range(2))
    published(stage)
    with stage.db.writing() as tx:
        schedules.ticked(tx, clock.now())
    attend(stage.db, clock.now())
    assert await first.ping()
    assert not await second.ping(), "one process is enough"
    clock.advance(10 * 60)
    assert not await second.ping(), "scheduler and attendant are silent"
    assert len(pings) == 1
    with stage.db.writing() as tx:
        schedules.ticked(tx, clock.now())
    attend(stage.db, clock.now())
    assert await second.ping()
    assert not await second.ping(), "it was refused, and nothing breaks"
