"""The ETA people are shown, held against what then happens."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.api.progress import view
from app.domain.message import Medium
from app.keyring import Keyring
from app.store.database import Database
from tests.patience import PATIENCE
from tests.rig.stage import Stage, refused

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


PASS = 0.5
"""Seconds until a broadcast of which everybody is settled is found to be over."""


async def test_the_last_recipient_comes_when_it_was_said(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(900)
    stage.add_endpoint("text", Medium.SMS, rate=100)
    stage.add_endpoint("mail", Medium.EMAIL, rate=300)
    said: list[tuple[datetime, datetime]] = []
    async with stage.running():
        sent = stage.broadcast(["text", "mail"])
        for number in (200, 400, 600):
            await stage.until_asked("text", number)
            now = stage.clock.now()
            shown = await asyncio.to_thread(view, database, sent.id, now)
            assert shown.eta is not None
            assert shown.eta == max(line.eta for line in shown.per_endpoint if line.eta is not None)
            said.append((now, shown.eta))
        await stage.until(sent.id, "done", seconds=60)
    finished = stage.row(sent.id).ended_at or datetime.now(UTC)
    for now, eta in said:
        assert abs(eta - finished) <= (finished - now) / 5 + timedelta(seconds=PASS)


async def test_nobody_can_say_while_an_endpoint_stands_still(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(50)
    stage.add_endpoint("text", Medium.SMS).answer = refused
    async with stage.running():
        sent = stage.broadcast(["text"])
        async with asyncio.timeout(PATIENCE):
            while (await asyncio.to_thread(view, database, sent.id, stage.clock.now())).eta is not None:
                await asyncio.sleep(0.05)
