"""Agents are told what customers will read and what they may answer, before them; an emergency is not delayed by it."""

from __future__ import annotations

import pytest

from app.clock import FrozenClock, to_ms
from app.domain.message import Medium
from app.domain.playbooks import Playbook
from app.domain.principals import HOST
from app.engine.watching import watch
from app.errors import Invalid
from app.keyring import Keyring
from app.store import ledger, staff, updates
from app.store.database import Database
from app.store.staff import NoticeRow
from app.usecases.save_staff_recipients import save_staff_recipients
from tests.rig.stage import Stage

BOOK = {"names": {"en": "Outage"}, "agents_first": {"endpoints": ["agents"], "seconds": 120}}


def prepared(database: Database, keyring: Keyring, clock: FrozenClock, severity: str) -> Stage:
    made = Stage(database, keyring, clock, severity=severity, playbook=BOOK)
    for slug, medium in (("site", Medium.SITE), ("texts", Medium.SMS), ("agents", Medium.WEBHOOK)):
        made.add_endpoint(slug, medium)
    made.open(2)
    places = [{"endpoint": "agents"}, {"endpoint": "texts", "address": "+442071838750"}]
    save_staff_recipients(database, HOST, places, clock.now())
    return made


def told(stage: Stage) -> list[tuple[NoticeRow, list[str]]]:
    with stage.db.reading() as connection:
        rows = [one for one in staff.page(connection).items if one.notice.kind == "said_soon"]
        nudges = staff.nudges(connection, [one.id for one in rows])
    return [(row, [one.endpoint for one in nudges[row.id]]) for row in rows]


def state(stage: Stage, update_id: int) -> str:
    with stage.db.reading() as connection:
        live = ledger.live_broadcasts(connection)
    watch(stage.db, live, to_ms(stage.clock.now()))
    with stage.db.reading() as connection:
        return updates.get(connection, update_id).state.value


def test_agents_hear_it_two_minutes_before(database: Database, keyring: Keyring, clock: FrozenClock) -> None:
    stage = prepared(database, keyring, clock, "major")
    row = stage.broadcast(["site", "texts"])
    ((notice, places),) = told(stage)
    assert places == ["agents"]
    assert notice.notice.details["impact"] == "The portal is closed."
    assert notice.notice.details["answers"] == "We are on it."
    assert notice.notice.details["at"] == "2026-03-10T12:02:00Z"
    clock.advance(60)
    assert state(stage, row.id) == "releasing"
    clock.advance(61)
    assert state(stage, row.id) == "sending"


def test_an_emergency_leaves_at_once_and_agents_are_told_beside_it(
    database: Database, keyring: Keyring, clock: FrozenClock
) -> None:
    stage = prepared(database, keyring, clock, "emergency")
    row = stage.broadcast(["site", "texts"])
    assert state(stage, row.id) == "sending"
    assert len(told(stage)) == 1


def test_a_drill_tells_no_agent(database: Database, keyring: Keyring, clock: FrozenClock) -> None:
    stage = prepared(database, keyring, clock, "major")
    stage.broadcast(["site", "texts"], drill=True)
    assert told(stage) == []


@pytest.mark.parametrize("wrong", [{"seconds": 60}, {"endpoints": ["a"], "seconds": 9_999}, {"colour": "red"}, "yes"])
def test_what_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(Invalid) as refused:
        Playbook.from_document({"slug": "plan", "agents_first": wrong})
    assert refused.value.problems[0].code == "bad_agents_first"
