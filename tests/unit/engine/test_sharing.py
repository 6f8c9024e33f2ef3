"""Two workers on one server: together they are no faster than the endpoint allows, and nobody gets it from both."""

from __future__ import annotations

import pytest

from app.domain.delivery import State
from app.domain.message import Medium
from app.domain.pacing import SLICE_SECONDS
from app.keyring import Keyring
from app.store.database import Database
from tests.rig.stage import Stage

pytestmark = [pytest.mark.anyio, pytest.mark.postgresql, pytest.mark.virtual_time]

PEOPLE = 120
RATE = 60.0


async def test_two_workers_share_one_pace_and_one_ledger(
    database: Database, database_url: str, keyring: Keyring
) -> None:
    first = Stage(database, keyring)
    first.open(PEOPLE)
    first.add_endpoint("text", Medium.SMS, rate=RATE)
    other = Database(database_url)
    second = Stage(other, keyring, first.clock, heard=first.heard, channels=first.channels)
    sent = first.approve(first.draft(["text"]))
    async with first.running(alone=False), second.running(alone=False):
        first.send(sent)
        await first.until(sent.id, "done", seconds=60)
    other.close()
    assert first.counts(sent.id) == {State.ACCEPTED: PEOPLE}
    assert max(first.asked("text").values()) == 1
    passed = first.heard[-1].at - first.heard[0].at
    assert len(first.heard) <= 1 + RATE * (passed + 2 * SLICE_SECONDS)
