"""Whoever said what reaches them best gets the news there and nowhere else, unless that fails or lives are at stake."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.domain.delivery import State
from app.domain.message import Accepted, Batch, Failure, FailureKind, Medium, Outcome
from app.domain.principals import HOST
from app.keyring import Keyring
from app.settings import Timings
from app.store.database import Database
from app.usecases.save_subscriber import save_subscriber
from app.usecases.suppress_address import suppress_address
from tests.conftest import NOON
from tests.rig.stage import Stage
from tests.rig.virtual import VIRTUAL, VirtualClock

pytestmark = pytest.mark.anyio
PATIENCE = timedelta(minutes=10)
PEOPLE = 7
MAIL, TEXT = "p{}@example.org", "+1202555000{}"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


def a_stage(database: Database, keyring: Keyring, severity: str = "major", **playbook: object) -> Stage:
    """0 likes mail and 1 texts; 2 to 4 like mail, which fails, was stopped, was never agreed to; 5 says nothing; 6
    likes mail and has the telephone of 5.
    """
    stage = Stage(database, keyring, VirtualClock(NOON), Timings(), severity=severity, playbook=playbook)
    stage.open(PEOPLE)
    stage.add_endpoint("text", Medium.SMS)
    mail = stage.add_endpoint("mail", Medium.EMAIL)

    async def answer(batch: Batch) -> Sequence[Outcome]:
        gone = Failure(FailureKind.RECIPIENT, "5.1.1")
        return [gone if one.address == MAIL.format(2) else Accepted(one.reference) for one in batch.recipients]

    mail.answer = answer
    for number, medium in ((0, "email"), (1, "sms"), (2, "email"), (3, "email"), (4, "email")):
        said = [{"medium": "email", "topic": "", "granted": False}] if number == 4 else []
        person = {"preferred_medium": medium, "consents": said}
        save_subscriber(database, keyring, HOST, f"p{number}", person, NOON)
    suppress_address(database, keyring, HOST, Medium.EMAIL, MAIL.format(3), "asked", NOON)
    house = [{"medium": "email", "address": MAIL.format(6)}, {"medium": "sms", "address": TEXT.format(5)}]
    save_subscriber(database, keyring, HOST, "p6", {"preferred_medium": "email", "addresses": house}, NOON)
    return stage


def told(stage: Stage) -> dict[str, set[int]]:
    """Who was reached where, each once."""
    found = {slug: [one.address for one in channel.took] for slug, channel in stage.channels.items()}
    assert all(len(set(reached)) == len(reached) for reached in found.values())
    return {
        slug: {number for number in range(PEOPLE) if {MAIL.format(number), TEXT.format(number)} & set(reached)}
        for slug, reached in found.items()
    }


@pytest.mark.both_databases
async def test_the_others_stay_silent_unless_it_fails(database: Database, keyring: Keyring) -> None:
    stage = a_stage(database, keyring)
    async with stage.running():
        sent = stage.broadcast(["text", "mail"], stage="details")
        await stage.until_counted(sent.id, State.FAILED, 1)
        await stage.until_at_rest(sent.id)
    await asyncio.sleep(PATIENCE.total_seconds())
    async with stage.running():
        await stage.until(sent.id, "done")
    assert told(stage) == {"text": {1, 2, 3, 4, 5}, "mail": {0, 5, 6}}
    # of 6 phones and 6 mailboxes: 0 has no text, 1 no mail, 3 stopped the mail, and that of 2 is gone
    assert stage.counts(sent.id) == {State.ACCEPTED: 8, State.SUPPRESSED: 3, State.FAILED: 1}


@pytest.mark.both_databases
async def test_progress_comes_first_by_what_they_prefer(database: Database, keyring: Keyring) -> None:
    stage = a_stage(database, keyring)
    async with stage.running():
        sent = stage.broadcast(["text", "mail"], stage="progress")
        await stage.until_counted(sent.id, State.FAILED, 1)
        await stage.until_at_rest(sent.id)
    await asyncio.sleep(2 * PATIENCE.total_seconds())
    async with stage.running():
        await stage.until(sent.id, "done")
    assert told(stage) == {"text": {1, 2, 3, 4, 5}, "mail": {0, 6}}


@pytest.mark.parametrize(("severity", "playbook"), [("emergency", {}), ("major", {"second_medium": "always"})])
async def test_an_emergency_comes_every_way(
    database: Database, keyring: Keyring, severity: str, playbook: dict[str, object]
) -> None:
    stage = a_stage(database, keyring, severity, **playbook)
    async with stage.running():
        sent = stage.broadcast(["text", "mail"], stage="details")
        await stage.until(sent.id, "done")
    assert told(stage) == {"text": set(range(PEOPLE)) - {6}, "mail": {0, 1, 5, 6}}
