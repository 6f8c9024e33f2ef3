"""Notices by itself what nobody reported, and sees to it that staff hear of it.

Every process runs one, whoever has the engine: the unique row of a notice and the lease of a nudge decide.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.clock import Clock
from app.engine.confirming import Confirmer
from app.engine.nudging import Nudger
from app.engine.supervising import outlive
from app.store.database import Database

FAILED: Final = "attending_failed"
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
    answer: Callable[[], Awaitable[object]] | None = None
    """Answers whoever wrote a keyword, see `engine.answering`."""
    confirmer: Confirmer | None = None
    """None = nobody can subscribe here."""
    _looked_at: float | None = field(default=None, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; a nudge under way is finished first.

        Staff are told beside what strangers and readers wait for: a provider that hangs there holds up no notice.
        """
        answers = () if self.answer is None else ((self.answer,),)
        async with asyncio.TaskGroup() as group:
            for acts in ((self._look, self.nudger.deliver), *answers, (self.confirm,)):
                group.create_task(self._keep_at(acts, stop))

    async def _keep_at(self, acts: Sequence[Callable[[], Awaitable[object]]], stop: asyncio.Event) -> None:
        while not stop.is_set():
            for act in acts:
                await outlive(act, FAILED)
            try:
                async with asyncio.timeout(min(POLL_SECONDS, self.seconds)):
                    await stop.wait()
            except TimeoutError:
                continue

    async def confirm(self) -> int:
        """Confirmations that are due leave now; how many there were."""
        return await self.confirmer.deliver() if self.confirmer else 0

    async def _look(self) -> None:
        now = self.clock.monotonic()
        if self._looked_at is not None and now - self._looked_at < self.seconds:
            return
        await asyncio.to_thread(self.look, self.db, self.clock.now())
        self._looked_at = now
