"""What the engine does beside sending: audiences listed, receipts folded, time's own decisions carried out."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from app.clock import Clock, to_ms
from app.engine.control import Control
from app.engine.failing_over import Failover
from app.engine.watching import watch
from app.settings import Timings
from app.store import duties, partitions, receipts, updates
from app.store.database import Database
from app.store.duties import Worker
from app.usecases.forget_old_answers import forget_old_answers
from app.usecases.stage_update import stage_update

RECEIPTS_A_PASS: Final = 500
"""In one transaction: some fifty milliseconds."""
ANSWERS_EVERY: Final = timedelta(hours=1)
WORKERS_KEPT: Final = timedelta(days=1)
"""Those that died without a word stay on the list so long, for the doctor."""


@dataclass(slots=True)
class Tending:
    db: Database
    clock: Clock
    control: Control
    timings: Timings
    me: str
    alone: bool
    forget: Callable[[datetime], object] = lambda _now: None
    """What is older than the organisation keeps it, see `usecases.forget_what_is_old`."""
    _began_ms: int = field(init=False)

    def __post_init__(self) -> None:
        self._began_ms = to_ms(self.clock.now())

    async def watch(self) -> None:
        if not self.control.live():
            return
        changed = await asyncio.to_thread(watch, self.db, self.control.live(), to_ms(self.clock.now()))
        if changed:
            await self.control.refresh()

    async def fail_over(self) -> None:
        """What an endpoint that is down for long has not begun goes on at another one."""
        live = [row.id for row in self.control.sending() if not row.drill]
        if live:
            await asyncio.to_thread(Failover(self.db, self.clock, self.timings).look, live)

    async def stage(self) -> None:
        """Go on with every audience that is being listed, whoever began it."""
        for update_id in await asyncio.to_thread(self._staging):
            await asyncio.to_thread(stage_update, self.db, update_id, self.clock.now)

    async def fold_receipts(self) -> None:
        """One process folds at a time; which one is decided by a lease inside the same transaction."""
        after = await asyncio.to_thread(self._fold_some, 0)
        while after:
            after = await asyncio.to_thread(self._fold_some, after)

    async def keep_house(self) -> None:
        """What is due once in a while, done by one process: parts of the ledger made ahead, old answers forgotten."""
        if await asyncio.to_thread(self._house_is_due):
            await asyncio.to_thread(self._make_parts)
            await asyncio.to_thread(forget_old_answers, self.db, self.clock.now())
            await asyncio.to_thread(self.forget, self.clock.now())

    async def say_alive(self) -> None:
        """So that `clarion doctor` can tell a queue that waits from one that nobody serves."""
        await asyncio.to_thread(self._say_alive)

    async def say_goodbye(self) -> None:
        await asyncio.to_thread(self._say_goodbye)

    def _staging(self) -> list[int]:
        with self.db.reading() as connection:
            return updates.being_staged(connection)

    def _fold_some(self, after: int) -> int:
        """The receipt to go on from, 0 when all were looked at."""
        with self.db.reading() as connection:
            if not receipts.waiting(connection):
                return 0
        now_ms, lease_ms = to_ms(self.clock.now()), int(self.timings.lease * 1000)
        with self.db.writing() as tx:
            if not duties.hold(tx, duties.RECEIPTS, self.me, now_ms=now_ms, lease_ms=lease_ms, alone=self.alone):
                return 0
            return receipts.apply_waiting(tx, RECEIPTS_A_PASS, after)[1]

    def _house_is_due(self) -> bool:
        now_ms, every_ms = to_ms(self.clock.now()), int(ANSWERS_EVERY.total_seconds() * 1000)
        with self.db.reading() as connection:
            last = duties.last_done(connection, duties.HOUSEKEEPING)
        if last is not None and last + every_ms > now_ms:
            return False
        with self.db.writing() as tx:
            if not duties.hold(tx, duties.HOUSEKEEPING, self.me, now_ms=now_ms, lease_ms=60_000, alone=self.alone):
                return False
            duties.note_done(tx, duties.HOUSEKEEPING, now_ms)
            duties.forget_workers(tx, now_ms - int(WORKERS_KEPT.total_seconds() * 1000))
        return True

    def _make_parts(self) -> None:
        with self.db.writing() as tx:
            partitions.ensure_ahead(tx, self.clock.now())

    def _say_alive(self) -> None:
        now_ms = to_ms(self.clock.now())
        with self.db.writing() as tx:
            duties.seen(tx, Worker(self.me, socket.gethostname(), os.getpid(), self._began_ms, now_ms))

    def _say_goodbye(self) -> None:
        with self.db.writing() as tx:
            duties.let_go(tx, self.me)
