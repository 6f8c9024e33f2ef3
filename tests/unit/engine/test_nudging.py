"""Notices to staff leave once to each place, again while a provider refuses, and never twice unflagged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.clock import FrozenClock
from app.domain.message import Batch, Failure, FailureKind, FindResult, Found, Medium, Message, Outcome, Recipient
from app.domain.principals import HOST
from app.domain.staff_notices import Notice, NoticeKind, NudgeState
from app.engine.nudging import Nudger
from app.keyring import Keyring
from app.store import endpoints, staff
from app.store.database import Database
from app.store.staff import NudgeRow
from app.templating.words import load_words
from app.usecases.acknowledge_notice import acknowledge_notice
from app.usecases.save_staff_recipients import save_staff_recipients
from app.usecases.tell_staff import staff_notice_is_over, tell_staff
from tests.rig.stage import FAST, InProcess, Stage, refused
from tests.unit.usecases.announcements import TEMPLATES
from tests.unit.usecases.people import AUTHOR

pytestmark = pytest.mark.anyio

HALTED = Notice(NoticeKind.UPDATE_HALTED, "7", "1", details={"reason": "every tenth number bounced"})


class Scene:
    def __init__(self, database: Database, keyring: Keyring, clock: FrozenClock) -> None:
        self.db, self.clock = database, clock
        self.stage = Stage(database, keyring, clock)
        self.text = self.stage.add_endpoint("text", Medium.SMS)
        place = {"endpoint": "text", "address": "+442071838750", "severity": "major"}
        save_staff_recipients(database, HOST, [place], clock.now())

    @property
    def nudger(self) -> Nudger:
        words = load_words(TEMPLATES / "staff")
        return Nudger(
            self.db, lambda endpoint, _: self.stage.channels[endpoint.slug], words, self.clock, FAST, lambda: 0.5
        )

    def tell(self, notice: Notice = HALTED) -> int | None:
        with self.db.writing() as tx:
            return tell_staff(tx, notice, self.clock.now())

    def nudge(self) -> NudgeRow:
        with self.db.reading() as connection:
            (row,) = staff.page(connection).items
            (nudge,) = staff.nudges(connection, [row.id])[row.id]
        return nudge


@pytest.fixture
def scene(database: Database, keyring: Keyring, clock: FrozenClock) -> Scene:
    return Scene(database, keyring, clock)


async def ambiguous(batch: Batch) -> Sequence[Outcome]:
    return [Failure(FailureKind.AMBIGUOUS, "timeout")] * len(batch.recipients)


async def locked_out(batch: Batch) -> Sequence[Outcome]:
    return [Failure(FailureKind.ACCOUNT, "http_401")] * len(batch.recipients)


async def unknown_number(batch: Batch) -> Sequence[Outcome]:
    return [Failure(FailureKind.RECIPIENT, "21211")] * len(batch.recipients)


async def test_a_notice_says_what_it_is_about_and_how_to_take_care(scene: Scene) -> None:
    number = scene.tell()
    assert await scene.nudger.deliver() == 1
    (heard,) = scene.stage.heard
    assert "update 7" in heard.message.text
    assert "every tenth number bounced" in heard.message.text
    assert f"clarion staff acknowledge {number}" in heard.message.text
    assert heard.message.data["type"] == "staff.notice"
    assert (scene.nudge().state, scene.nudge().attempts) == (NudgeState.ACCEPTED, 1)
    assert await scene.nudger.deliver() == 0


async def test_the_same_spell_is_told_once_and_another_one_anew(scene: Scene) -> None:
    assert scene.tell() is not None
    assert scene.tell() is None
    assert scene.tell(Notice(NoticeKind.UPDATE_HALTED, "7", "2")) is not None
    assert await scene.nudger.deliver() == 2


async def test_a_place_gets_only_what_is_grave_enough_for_it_but_every_trial(scene: Scene) -> None:
    from app.domain.crisis import Severity

    scene.tell(Notice(NoticeKind.NEXT_UPDATE_DUE, "outage", "1", Severity.MINOR, {"at": "14:30"}))
    assert await scene.nudger.deliver() == 0
    scene.tell(Notice(NoticeKind.TRIAL, "mira", "1", Severity.INFO))
    assert await scene.nudger.deliver() == 1


async def test_a_refusal_is_tried_again_until_it_is_taken(scene: Scene, clock: FrozenClock) -> None:
    scene.text.answer = refused
    scene.tell()
    await scene.nudger.deliver()
    assert (scene.nudge().state, scene.nudge().reason) == (NudgeState.QUEUED, "not_accepted:refused")
    assert await scene.nudger.deliver() == 0
    scene.text.answer = scene.text.accept
    clock.advance(10)
    assert await scene.nudger.deliver() == 1
    assert (scene.nudge().state, scene.nudge().attempts) == (NudgeState.ACCEPTED, 2)


async def test_an_account_at_fault_is_waited_for_and_after_a_day_given_up(scene: Scene, clock: FrozenClock) -> None:
    scene.text.answer = locked_out
    scene.tell()
    await scene.nudger.deliver()
    assert scene.nudge().state is NudgeState.QUEUED
    clock.advance(timedelta(hours=25).total_seconds())
    await scene.nudger.deliver()
    assert (scene.nudge().state, scene.nudge().reason) == (NudgeState.FAILED, "account:http_401")


async def test_a_wrong_number_and_a_lost_endpoint_fail_with_their_reason(scene: Scene) -> None:
    scene.text.answer = unknown_number
    scene.tell()
    await scene.nudger.deliver()
    assert (scene.nudge().state, scene.nudge().reason) == (NudgeState.FAILED, "recipient:21211")
    with scene.db.writing() as tx:
        staff_notice_is_over(tx, HALTED.kind, "7", scene.clock.now())
    scene.tell(Notice(NoticeKind.UPDATE_HALTED, "8"))
    with scene.db.writing() as tx:
        endpoints.remove(tx, "text")
    await scene.nudger.deliver()
    with scene.db.reading() as connection:
        newest = staff.page(connection).items[0]
        (nudge,) = staff.nudges(connection, [newest.id])[newest.id]
    assert (nudge.state, nudge.reason) == (NudgeState.FAILED, "ours:endpoint_missing")


async def test_what_nobody_answered_is_said_once_more_then_left_as_unknown(scene: Scene, clock: FrozenClock) -> None:
    scene.text.answer = ambiguous
    scene.tell()
    for _ in range(4):
        await scene.nudger.deliver()
        clock.advance(60)
    assert (scene.nudge().state, scene.nudge().doubts) == (NudgeState.UNKNOWN, 2)
    assert len(scene.stage.heard) == 2


async def test_a_killed_process_leaves_its_nudge_to_the_next_one(scene: Scene, clock: FrozenClock) -> None:
    scene.tell()
    dead = scene.nudger
    assert len(dead._claim()) == 1  # killed between the claim and the answer
    assert await scene.nudger.deliver() == 0
    clock.advance(60)
    assert await scene.nudger.deliver() == 1
    assert (scene.nudge().state, scene.nudge().doubts) == (NudgeState.ACCEPTED, 1)


async def test_a_provider_that_can_be_asked_is_asked_before_anything_is_said_twice(
    scene: Scene, clock: FrozenClock
) -> None:
    class Remembers(InProcess):
        info = scene.text.info

        async def find(self, recipient: Recipient, message: Message, since: object) -> FindResult:
            return FindResult(Found.YES, "SM1")

    scene.stage.channels["text"] = Remembers("text", scene.stage.heard)
    scene.stage.channels["text"].answer = ambiguous
    scene.tell()
    await scene.nudger.deliver()
    clock.advance(60)
    await scene.nudger.deliver()
    assert (scene.nudge().state, scene.nudge().provider_id) == (NudgeState.ACCEPTED, "SM1")
    assert len(scene.stage.heard) == 1


async def test_what_somebody_takes_care_of_or_is_over_is_not_said_any_more(scene: Scene, clock: FrozenClock) -> None:
    number = scene.tell()
    assert number is not None
    row = acknowledge_notice(scene.db, AUTHOR, number, clock.now())
    assert (row.acknowledged_by, scene.nudge().state) == (AUTHOR.name, NudgeState.CANCELLED)
    assert acknowledge_notice(scene.db, HOST, number, clock.now()).acknowledged_by == AUTHOR.name
    scene.tell(Notice(NoticeKind.ENDPOINT_HALTED, "mail"))
    with scene.db.writing() as tx:
        assert staff_notice_is_over(tx, NoticeKind.ENDPOINT_HALTED, "mail", clock.now()) == 1
    assert await scene.nudger.deliver() == 0


async def test_a_refused_nudge_of_a_notice_that_is_over_by_then_is_not_repeated(scene: Scene) -> None:
    scene.text.answer = refused
    scene.tell()
    (claimed,) = scene.nudger._claim()
    with scene.db.writing() as tx:
        staff_notice_is_over(tx, HALTED.kind, HALTED.subject, scene.clock.now())
    await scene.nudger._hand_over(claimed)
    assert scene.nudge().state is NudgeState.CANCELLED
