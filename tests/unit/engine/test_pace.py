"""A paced update reaches its audience no faster than was approved."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.clock import FrozenClock
from app.domain.delivery import State
from app.domain.message import Medium
from app.keyring import Keyring
from app.store.database import Database
from app.store.tables import crisis
from app.usecases.pace_update import pace_update
from app.usecases.stop_update import pause_update, resume_update
from tests.conftest import NOON
from tests.rig.stage import APPROVER, AUTHOR, Stage

pytestmark = pytest.mark.anyio

PEOPLE, PER_HOUR, STEP = 60, 240, 300.0
"""Of two media each 120 an hour, so ten every five minutes."""


def paced(database: Database, keyring: Keyring, **fields: object) -> tuple[Stage, FrozenClock]:
    clock = FrozenClock(NOON)
    stage = Stage(database, keyring, clock)
    stage.open(PEOPLE)
    stage.add_endpoint("text", Medium.SMS)
    stage.add_endpoint("mail", Medium.EMAIL, batch=100)
    return stage, clock


async def test_a_paced_update_goes_out_in_steps_and_a_pause_moves_them(database: Database, keyring: Keyring) -> None:
    stage, clock = paced(database, keyring)
    expires = (NOON + timedelta(hours=20)).isoformat()
    row = pace_update(database, AUTHOR, stage.draft(["text", "mail"], expires_at=expires).id, PER_HOUR, NOON)
    assert row.document["recipients_per_hour"] == PER_HOUR
    async with stage.running():
        sent = stage.send(stage.approve(row))
        for told in (10, 20, 30, 40, 50, 60):
            clock.advance(1 if told in (10, 30) else STEP)  # as soon as it was sent, and as it was resumed
            await stage.until_counted(sent.id, State.ACCEPTED, 2 * told)
            assert (len(stage.asked("text")), len(stage.asked("mail"))) == (told, told)
            if told == 20:
                pause_update(database, APPROVER, sent.id, clock.now(), "wait")
                clock.advance(10_000)
                resume_update(database, APPROVER, sent.id, clock.now())
        await stage.until(sent.id, "done")


async def test_after_an_outage_a_paced_update_goes_on_at_its_pace_and_makes_up_for_nothing(
    database: Database, keyring: Keyring
) -> None:
    stage, clock = paced(database, keyring)
    expires = (NOON + timedelta(hours=20)).isoformat()
    row = pace_update(database, AUTHOR, stage.draft(["text", "mail"], expires_at=expires).id, PER_HOUR, NOON)
    async with stage.running():
        sent = stage.send(stage.approve(row))
        clock.advance(1)
        await stage.until_counted(sent.id, State.ACCEPTED, 20)
    clock.advance(7.5 * STEP)  # by now everybody should have it
    async with stage.running():
        for told in (20, 30, 40, 50, 60):
            await stage.until_counted(sent.id, State.ACCEPTED, 2 * told)
            await stage.looks(2)
            assert (len(stage.asked("text")), len(stage.asked("mail"))) == (told, told)
            clock.advance(STEP)
        await stage.until(sent.id, "done")


async def test_what_has_become_an_emergency_is_not_held_back(database: Database, keyring: Keyring) -> None:
    stage, clock = paced(database, keyring)
    row = stage.approve(pace_update(database, AUTHOR, stage.draft(["text", "mail"]).id, PER_HOUR, NOON))
    raise_severity(database)
    async with stage.running():
        sent = stage.send(row)
        clock.advance(1)
        await stage.until(sent.id, "done")
    assert stage.counts(sent.id) == {State.ACCEPTED: 2 * PEOPLE}


def raise_severity(database: Database) -> None:
    with database.writing() as tx:
        tx.execute(update(crisis).values(severity="emergency"))
