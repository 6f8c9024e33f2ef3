"""The clock of schedules: APScheduler ticks, and nothing more.

Its job store doubled jobs and its defaults dropped them, so what is due stands in our own tables: a tick that is
late, skipped or made by several processes at once changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.clock import Clock
from app.domain.cldr import moment_text
from app.engine.supervising import outlive
from app.keyring import Keyring
from app.settings import Timings
from app.store.database import Database
from app.store.updates import UpdateRow
from app.templating import Templating
from app.usecases.carry_out import carry_out
from app.usecases.fire_due import Cadence, Done, fire_due
from app.usecases.preview_update import Preflight
from app.usecases.watch_work import watch_work

FAILED: Final = "schedules_failed"


@dataclass(frozen=True, slots=True)
class Scheduler:
    look: Callable[[], object]
    """Do what is due; called in a thread, never twice at once by one process."""
    seconds: float

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; a look under way is finished."""
        idle = asyncio.Event()
        idle.set()

        async def tick() -> None:
            if stop.is_set():
                return
            idle.clear()
            try:
                await outlive(lambda: asyncio.to_thread(self.look), FAILED)
            finally:
                idle.set()

        ticker = AsyncIOScheduler(timezone=UTC)
        ticker.add_job(
            tick, "interval", seconds=self.seconds, max_instances=1, coalesce=True, misfire_grace_time=None,
            next_run_time=datetime.now(UTC),
        )  # fmt: skip
        ticker.start()
        try:
            await stop.wait()
            await idle.wait()
        finally:
            ticker.shutdown(wait=False)


def firing(
    db: Database,
    clock: Clock,
    keyring: Keyring,
    templating: Templating,
    preflight: Callable[[UpdateRow, datetime], Preflight],
    wake: Callable[[], None],
    timings: Timings,
    timezone: str,
    language: str = "en",
) -> Callable[[], Done]:
    """Does everything schedules have due; `wake` tells the engine and the publisher of this process when it did."""

    def unchanged(tongue: str, since: datetime) -> str:
        return templating.words(tongue).say("nothing_changed", time=moment_text(since, timezone, tongue))

    cadence = Cadence(
        db=db,
        now=clock.now,
        keyring=keyring,
        check=lambda row: preflight(row, clock.now()).problems,
        unchanged=unchanged,
        timezone=timezone,
        language=language,
        site_bound=timings.site_bound,
        gap=timedelta(seconds=timings.schedule_gap),
    )

    looked: list[float] = []

    def fire() -> Done:
        done = fire_due(cadence, carry_out)
        if not looked or clock.monotonic() - looked[0] >= timings.attend:
            looked[:] = [clock.monotonic()]
            watch_work(db, clock.now())  # whoever attends cannot notice that nobody attends
        if done.anything:
            wake()
        return done

    return fire
