"""Whoever must say yes is woken, with a link to exactly those words; the next one when nobody answers; once each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from app.clock import FrozenClock
from app.domain.crisis import UpdateState
from app.domain.message import Medium
from app.domain.principals import HOST, Actor, Role
from app.engine.nudging import Nudger
from app.errors import Forbidden
from app.keyring import Keyring
from app.settings import Timings
from app.store import staff
from app.store.database import Database
from app.store.updates import UpdateRow
from app.templating import Templating
from app.usecases.approve_alone import approve_alone
from app.usecases.attend import attend
from app.usecases.create_user import create_user
from app.usecases.decide_update import return_update
from app.usecases.look_at_submission import look_at_submission
from app.usecases.save_staff_recipients import save_staff_recipients
from app.usecases.stage_update import stage_update
from app.usecases.submit_update import submit_update
from app.wiring import TEMPLATES
from tests.rig.stage import APPROVER, AUTHOR, Stage
from tests.unit.usecases.people import ADMIN

CONSOLE = "https://status.example.org/console"


@pytest.fixture
def stage(database: Database, keyring: Keyring, clock: FrozenClock) -> Stage:
    """Ben on step 1, Cleo on step 2, Dora on none; Ada writes. A room hears everything."""
    made = Stage(database, keyring, clock, severity="emergency")
    for slug, medium in (("texts", Medium.SMS), ("mail", Medium.EMAIL), ("room", Medium.WEBHOOK)):
        made.add_endpoint(slug, medium)
    made.open(2)
    for name, role in (("cleo", Role.APPROVER), ("dora", Role.ADMIN), ("vera", Role.VIEWER)):
        create_user(database, HOST, name, role, clock.now())
    places: list[dict[str, object]] = [
        {"endpoint": "texts", "address": "+442071838750", "person": "ada", "step": 1},
        {"endpoint": "texts", "address": "+442071838751", "person": "ben", "step": 1, "severity": "emergency"},
        {"endpoint": "mail", "address": "cleo@example.org", "person": "cleo", "step": 2},
        {"endpoint": "mail", "address": "dora@example.org", "person": "dora"},
        {"endpoint": "mail", "address": "vera@example.org", "person": "vera", "step": 1},
        {"endpoint": "room"},
    ]
    save_staff_recipients(database, ADMIN, places, clock.now())
    return made


def submit(stage: Stage, **fields: Any) -> UpdateRow:
    row = stage.draft(["texts"], **fields)
    submit_update(stage.db, AUTHOR, row.id, stage.clock.now(), keyring=stage.keyring, check=lambda _: ())
    stage_update(stage.db, row.id, stage.clock.now)
    return stage.row(row.id)


def told(stage: Stage) -> list[tuple[str, list[str]]]:
    """Kind and places of every notice about an approval, oldest first."""
    with stage.db.reading() as connection:
        rows = list(reversed(staff.page(connection, limit=200).items))
        nudges = staff.nudges(connection, [row.id for row in rows])
    return [
        (row.notice.kind.value, sorted(f"{one.endpoint} {one.address}".strip() for one in nudges[row.id]))
        for row in rows
        if "appro" in row.notice.kind
    ]


def minutes(stage: Stage, clock: FrozenClock, number: int) -> None:
    """Minute by minute, looked at twice, as two processes would."""
    for _ in range(number):
        clock.advance(60)
        attend(stage.db, clock.now())
        attend(stage.db, clock.now())


BEN = ("approval_wanted", ["room", "texts +442071838751"])
CLEO = ("approval_wanted", ["mail cleo@example.org"])
DORA = ("approval_wanted", ["mail dora@example.org"])


def test_one_after_the_other_each_once_and_at_last_everybody(stage: Stage, clock: FrozenClock) -> None:
    submit(stage)
    assert told(stage) == [BEN], "with the submit itself; its author and who cannot approve sleep on"
    minutes(stage, clock, 4)
    assert told(stage) == [BEN]
    minutes(stage, clock, 1)
    assert told(stage) == [BEN, CLEO]
    minutes(stage, clock, 5)
    assert told(stage) == [BEN, CLEO, DORA]
    minutes(stage, clock, 30)
    last, places = told(stage)[3]
    assert (len(told(stage)), last, len(places)) == (4, "approval_unanswered", 6)


def test_the_link_leads_to_exactly_that_revision_and_a_new_one_is_paged_anew(stage: Stage, clock: FrozenClock) -> None:
    row = submit(stage)
    deliver(stage, clock)
    (text,) = [one.message for one in stage.heard if one.endpoint == "texts"]
    assert f"{CONSOLE}/updates/{row.id}/approve?revision=1" in text.text
    (hook,) = [one.message for one in stage.heard if one.endpoint == "room"]
    assert hook.data["link"] == f"{CONSOLE}/updates/{row.id}/approve?revision=1"
    return_update(stage.db, APPROVER, row.id, "One word.", clock.now())
    minutes(stage, clock, 20)
    assert told(stage) == [BEN], "somebody has decided"
    submit_update(stage.db, AUTHOR, row.id, clock.now(), keyring=stage.keyring, check=lambda _: ())
    deliver(stage, clock)
    assert [one.message.text for one in stage.heard if "approve?revision=2" in one.message.text]


def test_whoever_opens_it_is_seen_and_the_next_one_sleeps_five_minutes_longer(stage: Stage, clock: FrozenClock) -> None:
    row = submit(stage)
    minutes(stage, clock, 4)
    assert look_at_submission(stage.db, APPROVER, row.id, row.revision, clock.now())
    assert not look_at_submission(stage.db, APPROVER, row.id, row.revision, clock.now()), "once"
    assert not look_at_submission(stage.db, AUTHOR_AS_APPROVER, row.id, row.revision, clock.now())
    minutes(stage, clock, 4)
    assert told(stage) == [BEN]
    minutes(stage, clock, 1)
    assert told(stage) == [BEN, CLEO]


def test_an_exercise_says_so_in_its_first_word(stage: Stage, clock: FrozenClock) -> None:
    submit(stage, drill=True)
    deliver(stage, clock)
    assert stage.heard
    assert all("EXERCISE" in one.message.text.split("\n")[0] for one in stage.heard)


def test_when_nobody_answers_one_person_may_go_on_with_a_reason_and_every_approver_is_told(
    stage: Stage, clock: FrozenClock
) -> None:
    row = submit(stage)
    alone = attempt(stage, row)
    minutes(stage, clock, 4)
    assert alone("The river comes over the dam.") == "somebody_may_answer"
    minutes(stage, clock, 1)
    assert alone("urgent") == "reason_missing"
    assert alone("The river comes over the dam.", who=Actor("host", Role.ADMIN, None, None)) == "actor_unknown"
    assert alone("The river comes over the dam.", confirmed=False) == "code_wanted"
    assert stage.row(row.id).state is UpdateState.SUBMITTED
    assert alone("The river comes over the dam.") == "approved"
    assert stage.row(row.id).approved_by == "ada (alone)"
    kind, places = told(stage)[-1]
    assert (kind, places) == (
        "approved_alone",
        ["mail cleo@example.org", "mail dora@example.org", "room", "texts +442071838751"],
    )
    minutes(stage, clock, 20)
    assert told(stage)[-1][0] == "approved_alone", "nobody is asked any more"


AUTHOR_AS_APPROVER = Actor("ada", Role.APPROVER, 1, 1)


def attempt(stage: Stage, row: UpdateRow) -> Callable[..., str]:
    def alone(reason: str, *, who: Actor | None = None, confirmed: bool = True) -> str:
        now = stage.clock.now()
        actor = who or Actor("ada", Role.AUTHOR, 1, None, session_id=1, confirmed_at=now if confirmed else None)
        try:
            done = approve_alone(stage.db, actor, row.id, row.recipients or 0, now, row.content_hash or "", reason)
        except Forbidden as refused:
            return refused.problems[0].code
        return done.state.value

    return alone


def deliver(stage: Stage, clock: FrozenClock) -> None:
    """Hands the notices over, as every process does."""

    def open_channel(endpoint: Any, _drill: bool) -> Any:
        return stage.channels[endpoint.slug]

    nudger = Nudger(stage.db, open_channel, Templating(TEMPLATES).staff, clock, Timings(), lambda: 0.0, CONSOLE)
    asyncio.run(nudger.deliver())
