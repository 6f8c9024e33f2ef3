"""Customers were told "next update by": its author is reminded, then the next one of the list, each one time."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from app.clock import FrozenClock
from app.domain.message import Medium
from app.keyring import Keyring
from app.store import staff
from app.store.database import Database
from app.store.staff import NoticeRow
from app.usecases.acknowledge_notice import acknowledge_notice
from app.usecases.attend import attend
from app.usecases.save_staff_recipients import save_staff_recipients
from app.usecases.watch_promises import KINDS, promises
from tests.conftest import NOON
from tests.rig.stage import APPROVER, Stage
from tests.unit.usecases.people import ADMIN

PROMISE = "2026-03-10T13:00:00Z"

pytestmark = pytest.mark.both_databases


@pytest.fixture
def stage(database: Database, keyring: Keyring, clock: FrozenClock) -> Stage:
    made = Stage(database, keyring, clock)
    for slug, medium in (("texts", Medium.SMS), ("mail", Medium.EMAIL), ("room", Medium.WEBHOOK)):
        made.add_endpoint(slug, medium)
    made.open(2)
    places: list[dict[str, object]] = [
        {"endpoint": "texts", "address": "+442071838750", "person": "ada"},
        {"endpoint": "mail", "address": "duty@example.org", "step": 1},
        {"endpoint": "room", "step": 2},
    ]
    save_staff_recipients(database, ADMIN, places, clock.now())
    made.broadcast(["texts"], next_update_by=PROMISE)
    return made


def told(stage: Stage) -> list[tuple[str, list[str]]]:
    """Kind and endpoints of every notice, oldest first."""
    with stage.db.reading() as connection:
        rows = list(reversed(staff.page(connection, limit=200).items))
        nudges = staff.nudges(connection, [row.id for row in rows])
    kinds = ("next_update_due", "next_update_missed")
    return [
        (row.notice.kind.value, [one.endpoint for one in nudges[row.id]]) for row in rows if row.notice.kind in kinds
    ]


def promised(rows: Iterable[NoticeRow]) -> list[NoticeRow]:
    """Those about promises: nothing runs here that sends, and staff are told of that too."""
    return [row for row in rows if row.notice.kind in KINDS]


def minutes(stage: Stage, clock: FrozenClock, number: int) -> None:
    """Minute by minute, looked at twice, as two processes would."""
    for _ in range(number):
        clock.advance(60)
        attend(stage.db, clock.now())
        attend(stage.db, clock.now())


def test_the_author_is_nudged_then_the_next_on_the_list_once_each(stage: Stage, clock: FrozenClock) -> None:
    minutes(stage, clock, 49)
    assert told(stage) == []
    minutes(stage, clock, 10)
    assert told(stage) == [("next_update_due", ["texts"])], "ten minutes before"
    minutes(stage, clock, 30)
    assert told(stage) == [
        ("next_update_due", ["texts"]),
        ("next_update_missed", ["texts"]),
        ("next_update_missed", ["mail"]),
        ("next_update_missed", ["room"]),
    ]


def test_whoever_takes_care_ends_the_escalation(stage: Stage, clock: FrozenClock) -> None:
    minutes(stage, clock, 61)
    with stage.db.reading() as connection:
        (newest,) = promised(staff.page(connection, waiting=True).items)
    acknowledge_notice(stage.db, APPROVER, newest.id, clock.now())
    minutes(stage, clock, 20)
    assert [endpoints for kind, endpoints in told(stage) if kind == "next_update_missed"] == [["texts"]]


def test_an_update_in_time_keeps_the_promise_and_a_late_one_breaks_it(stage: Stage, clock: FrozenClock) -> None:
    minutes(stage, clock, 30)
    stage.broadcast(["texts"], next_update_by="2026-03-10T14:00:00Z", expires_at="2026-03-10T20:00:00Z")
    clock.advance(100 * 60)
    attend(stage.db, clock.now())
    assert [kind for kind, _ in told(stage)].count("next_update_due") == 0
    stage.broadcast(["texts"], expires_at="2026-03-10T20:00:00Z", next_update_by=None)
    attend(stage.db, clock.now())
    with stage.db.reading() as connection:
        counted, holds = promises(connection, "outage", clock.now())
        waiting = promised(staff.page(connection, waiting=True).items)
    assert (counted.kept, counted.broken, holds) == (1, 1, None)
    assert not waiting, "it came, so nobody need be reminded any more"
    assert clock.now() > NOON
