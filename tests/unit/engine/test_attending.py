"""What staff must hear is not behind what others wait for."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from app.clock import SystemClock
from app.engine.attending import Attendant
from app.engine.nudging import Nudger
from app.settings import Timings
from app.store.database import Database

pytestmark = pytest.mark.anyio
PATIENCE = 30.0


async def test_a_provider_that_hangs_on_an_answer_to_readers_holds_up_no_notice(database: Database) -> None:
    clock, stop, asked, enough = SystemClock(), asyncio.Event(), asyncio.Event(), asyncio.Event()
    loop, looks = asyncio.get_running_loop(), list[datetime]()

    def look(_db: Database, now: datetime) -> None:
        looks.append(now)
        if len(looks) >= 3 and asked.is_set():
            loop.call_soon_threadsafe(enough.set)

    async def hangs() -> int:
        asked.set()
        await stop.wait()
        return 0

    nudger = Nudger(database, lambda _endpoint, _drill: pytest.fail("nobody is to be told"), {}, clock, Timings())
    attendant = Attendant(database, look, nudger, clock, 0.01, hangs)
    task = asyncio.create_task(attendant.run(stop))
    async with asyncio.timeout(PATIENCE):
        await enough.wait()
        stop.set()
        await task
