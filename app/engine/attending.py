"""Notices by itself what nobody reported, and sees to it that staff hear of it.

Every process runs one, whoever has the engine: the unique row of a notice and the lease of a nudge decide.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.clock import Clock
from app.engine.nudging import Nudger
from app.observe import logger
from app.store.database import Database

log = logger("clarion.staff")

POLL_SECONDS: Final = 1.0
"""How often queued nudges are looked for."""


@dataclass(slots=True)
class Attendant:
    db: Database
    look: Callable[[Database, datetime], None]
    """Everything that may have to be told, see `usecases.attend`."""
    nudger: Nudger
    clock: Clock
    seconds: float
    """Between two looks."""
    _looked_at: float | None = field(default=None, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; a nudge under way is finished first."""
        while not stop.is_set():
            await self._outlive(self._look)
            await self._outlive(self.nudger.deliver)
            try:
                async with asyncio.timeout(min(POLL_SECONDS, self.seconds)):
                    await stop.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        now = self.clock.monotonic()
        if self._looked_at is not None and now - self._looked_at < self.seconds:
            return
        await asyncio.to_thread(self.look, self.db, self.clock.now())
        self._looked_at = now

    async def _outlive(self, act: Callable[[], Awaitable[object]]) -> None:
        try:
            await act()
        except Exception as error:  # a supervisor: silence must be noticed whatever one look ran into
            log.error("attending_failed", act=act.__qualname__, error=type(error).__name__, exc_info=error)
