"""What the engine does beside sending: audiences listed, receipts folded, time's own decisions carried out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from app.clock import Clock, to_ms
from app.domain.crisis import UpdateState
from app.engine.control import Control
from app.engine.watching import watch
from app.store import receipts, updates
from app.store.database import Database
from app.usecases.stage_update import stage_update

RECEIPTS_A_PASS: Final = 1_000


@dataclass(slots=True)
class Tending:
    db: Database
    clock: Clock
    control: Control

    async def watch(self) -> None:
        if not self.control.live():
            return
        changed = await asyncio.to_thread(watch, self.db, self.control.live(), to_ms(self.clock.now()))
        if changed:
            await self.control.refresh()

    async def stage(self) -> None:
        """Go on with every audience that is being listed, whoever began it."""
        for update_id in await asyncio.to_thread(self._staging):
            await asyncio.to_thread(stage_update, self.db, update_id, self.clock.now)

    async def fold_receipts(self) -> None:
        after = await asyncio.to_thread(self._fold_some, 0)
        while after:
            after = await asyncio.to_thread(self._fold_some, after)

    def _staging(self) -> list[int]:
        with self.db.reading() as connection:
            return [row.id for row in updates.page(connection, states=[UpdateState.STAGING]).items]

    def _fold_some(self, after: int) -> int:
        """The receipt to go on from, 0 when all were looked at."""
        with self.db.reading() as connection:
            if not receipts.waiting(connection):
                return 0
        with self.db.writing() as tx:
            return receipts.apply_waiting(tx, RECEIPTS_A_PASS, after)[1]
