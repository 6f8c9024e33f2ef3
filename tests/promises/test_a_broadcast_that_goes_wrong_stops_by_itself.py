"""Refused words or a wrong list reach a few hundred people, not all; a first portion is tried before everybody."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.domain.delivery import State
from app.domain.message import Accepted, Batch, Failure, FailureKind, Medium, Outcome
from app.domain.staff_notices import NoticeKind
from app.errors import Invalid
from app.keyring import Keyring
from app.store import staff
from app.store.database import Database
from app.usecases.stop_update import cancel_update, pause_update, resume_update
from app.usecases.suppress_address import suppress_address
from tests.rig.collector import Collector
from tests.rig.stage import AUTHOR, Answer, InProcess, Stage

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


def failing(channel: InProcess, kind: FailureKind, every: int) -> Answer:
    """Each so-manieth address is refused."""

    async def answer(batch: Batch) -> Sequence[Outcome]:
        if int(batch.recipients[0].address[-4:]) % every == 0:
            return [Failure(kind, "30007" if kind is FailureKind.CONTENT else "21211")]
        return [*await channel.accept(batch)]

    return answer


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("kind", "every", "reason", "severity"),
    [
        (FailureKind.CONTENT, 20, "words_refused", "major"),
        (FailureKind.RECIPIENT, 3, "addresses_refused", "emergency"),
    ],
)
async def test_too_many_refusals_halt_it_and_nobody_else_is_asked(
    database: Database, keyring: Keyring, kind: FailureKind, every: int, reason: str, severity: str
) -> None:
    stage = Stage(database, keyring, severity=severity)
    stage.open(1_000)
    text = stage.add_endpoint("text", Medium.SMS, rate=500)
    text.answer = failing(text, kind, every)
    async with stage.running():
        sent = stage.broadcast(["text"])
        halted = await stage.until(sent.id, "halted")
        await stage.until_at_rest(sent.id)
        extra = Collector(stage.ledger)
        await stage.looks(5)
        extra.finish()
    assert halted.reason == reason
    with database.reading() as connection:
        notices = staff.standing(connection, NoticeKind.UPDATE_HALTED, str(sent.id))
    assert [row.notice.severity.value for row in notices] == [severity]
    counts = stage.counts(sent.id)
    assert sum(counts.values()) == 1_000
    assert counts[State.QUEUED] > 0
    assert max(stage.asked("text").values()) == 1


async def test_only_a_person_with_a_reason_lets_it_go_on(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(900)
    text = stage.add_endpoint("text", Medium.SMS, rate=400)
    text.answer = failing(text, FailureKind.CONTENT, 20)
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until(sent.id, "halted")
        await stage.until_at_rest(sent.id)
        with pytest.raises(Invalid, match="words_refused"):
            resume_update(database, AUTHOR, sent.id, stage.clock.now())
        text.answer = text.accept
        resume_update(database, AUTHOR, sent.id, stage.clock.now(), "the carrier has cleared the words")
        await stage.until(sent.id, "done")
    counts = stage.counts(sent.id)
    assert counts[State.ACCEPTED] + counts[State.FAILED] == 900
    assert max(stage.asked("text").values()) == 1


async def test_a_halted_update_can_be_cancelled(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(600)
    text = stage.add_endpoint("text", Medium.SMS, rate=300)
    text.answer = failing(text, FailureKind.CONTENT, 10)
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until(sent.id, "halted")
        cancel_update(database, AUTHOR, sent.id, stage.clock.now(), "wrong words")
        await stage.until_at_rest(sent.id)
        extra = Collector(stage.ledger)
        await stage.looks(5)
        extra.finish()
    assert set(stage.counts(sent.id)) == {State.ACCEPTED, State.FAILED, State.CANCELLED}


async def test_a_first_portion_is_watched_and_the_rest_follows_by_itself(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, playbook={"canary": 30, "canary_wait_seconds": 2})
    stage.open(700)
    stage.add_endpoint("text", Medium.SMS)
    stage.add_endpoint("other-text", Medium.SMS, weight=2)
    stage.add_endpoint("web", Medium.SITE)
    async with stage.running():
        sent = stage.broadcast(["web", "text", "other-text"])
        assert sent.state.value == "canary"
        await stage.until_said(sent.id, 31)
        first = stage.now()
        await stage.until(sent.id, "done")
    later = [one for one in stage.said(sent.id) if one.at > first]
    assert len(later) == 701 - 31
    assert min(one.at for one in later) - first > 0.5  # of two seconds: the wait begins with the release
    assert {name: sum(stage.asked(name).values()) for name in ("web", "text")}["web"] == 1
    early = [one.endpoint for one in stage.said(sent.id) if one.at <= first]
    assert (early.count("text"), early.count("other-text")) == (10, 20)
    assert stage.counts(sent.id) == {State.ACCEPTED: 701}


async def test_a_first_portion_that_is_refused_is_all_that_was_sent(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, playbook={"canary": 0.05, "canary_wait_seconds": 1})
    stage.open(1_000)
    text = stage.add_endpoint("text", Medium.SMS)
    text.answer = failing(text, FailureKind.RECIPIENT, 2)
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until(sent.id, "halted")
        await stage.looks(5)
    assert len(stage.said(sent.id)) == 50
    assert stage.counts(sent.id)[State.QUEUED] == 950


async def test_nobody_waits_for_those_in_the_first_portion_who_opted_out(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, playbook={"canary": 20, "canary_wait_seconds": 1})
    stage.open(100)
    stage.add_endpoint("text", Medium.SMS)
    approved = stage.approve(stage.draft(["text"]))
    for number in range(50):  # which addresses come first is chance; half of them have opted out
        suppress_address(database, keyring, AUTHOR, Medium.SMS, f"+12025550{number:03d}", "STOP", stage.clock.now())
    async with stage.running():
        sent = stage.send(approved)
        await stage.until(sent.id, "done")
    assert stage.counts(sent.id) == {State.ACCEPTED: 50, State.SUPPRESSED: 50}


async def test_a_pause_in_the_middle_of_the_first_portion_does_not_let_the_rest_go(
    database: Database, keyring: Keyring
) -> None:
    stage = Stage(database, keyring, playbook={"canary": 20, "canary_wait_seconds": 600})
    stage.open(300)
    stage.add_endpoint("text", Medium.SMS)
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_said(sent.id, 20)
        pause_update(database, AUTHOR, sent.id, stage.clock.now())
        assert resume_update(database, AUTHOR, sent.id, stage.clock.now()).state.value == "canary"
        await stage.looks(5)
    assert len(stage.said(sent.id)) == 20


async def test_an_emergency_waits_for_no_first_portion(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, severity="emergency", playbook={"canary": 5, "canary_wait_seconds": 600})
    stage.open(100)
    stage.add_endpoint("text", Medium.SMS)
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until(sent.id, "done")
    assert stage.counts(sent.id) == {State.ACCEPTED: 100}


async def test_one_poisoned_row_in_a_small_list_stops_nobody_else(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(60)
    text = stage.add_endpoint("text", Medium.SMS, rate=100)

    async def answer(batch: Batch) -> Sequence[Outcome]:
        if batch.recipients[0].address.endswith("0007"):
            return [Failure(FailureKind.CONTENT, "21617")]
        return [Accepted("id")]

    text.answer = answer
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until(sent.id, "done")
    assert stage.counts(sent.id) == {State.ACCEPTED: 59, State.FAILED: 1}
