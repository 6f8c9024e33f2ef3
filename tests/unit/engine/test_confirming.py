"""Confirmations leave together, and what goes wrong with one of them concerns nobody else."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.clock import FrozenClock
from app.domain.message import Accepted, Batch, Medium, Outcome
from app.domain.sign_ups import Asking, Policy
from app.domain.staff_notices import Step
from app.engine.confirming import Confirmer
from app.keyring import Keyring
from app.settings import Timings
from app.store.database import Database
from app.store.people_tables import sign_up
from app.store.sign_ups import SignUpRow
from app.usecases.ask_sign_up import ask_sign_up
from tests.conftest import NOON
from tests.rig.stage import Stage

pytestmark = pytest.mark.anyio
WORDS = {"broken": "ann@example.org", "hanging": "bo@example.org", "unkept": "cy@example.org", "fine": "di@example.org"}


class Forgetful(Confirmer):
    """Its database is locked when one certain outcome is to be kept."""

    def _settle(self, row: SignUpRow, step: Step, now: datetime) -> None:
        if row.asking.value == WORDS["unkept"]:
            raise OperationalError("UPDATE sign_up", {}, sqlite3.OperationalError("database is locked"))
        super()._settle(row, step, now)


async def provider(batch: Batch) -> Sequence[Outcome]:
    (one,) = batch.recipients
    if one.address == WORDS["broken"]:
        raise ZeroDivisionError
    if one.address == WORDS["hanging"]:
        await asyncio.Event().wait()
    return [Accepted("m-1")]


async def test_one_that_breaks_hangs_or_cannot_be_kept_takes_no_other_along(
    database: Database, keyring: Keyring
) -> None:
    clock = FrozenClock(NOON)
    stage = Stage(database, keyring, clock)
    stage.open(3)
    channel = stage.add_endpoint("mail", Medium.EMAIL)
    channel.answer = provider
    for address in WORDS.values():
        ask_sign_up(database, keyring, Asking(Medium.EMAIL, address, "en", "", ()), "203.0.113.9", "v", NOON)
    timings = Timings(call_timeout=0.2)
    confirmer = Forgetful(
        database, keyring, lambda _one, _drill: channel, lambda *_: ("Confirm", "Here"), clock, timings, Policy(), "https://x"
    )  # fmt: skip
    with pytest.raises(OperationalError):
        await confirmer.deliver()
    with database.reading() as connection:
        states = [row.state for row in connection.execute(select(sign_up).order_by(sign_up.c.id))]
    assert states == ["queued", "queued", "sending", "accepted"], "each as it ended, when the failure was told"
