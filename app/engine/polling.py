"""Asks providers that swallow their callbacks what became of the messages they accepted.

Where a channel can be asked (`TellsLater`), accepted deliveries without a final receipt are asked about in rounds, in
small paced batches by one process at a time; the answers are kept and folded like any receipt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from app.clock import Clock, to_ms
from app.domain.message import Failure, Receipt, TellsLater
from app.domain.polling import next_round
from app.engine.fleet import Fleet
from app.settings import Timings
from app.store import duties, polling, receipts
from app.store.database import Database
from app.store.polling import Round, Silent
from app.store.receipts import RawReceipt

AT_ONCE: Final = 8
A_PASS: Final = 40
RESTS_MS: Final = 60_000
"""After the provider would not answer."""

AskGuard = Callable[[Awaitable[Receipt | Failure | None], float], Awaitable[Receipt | Failure | None]]


@dataclass(slots=True)
class Poller:
    db: Database
    fleet: Fleet
    clock: Clock
    timings: Timings
    me: str
    guard: AskGuard
    alone: bool

    async def ask(self) -> int:
        """One batch; how many were asked about. Call it every A_PASS / `poll_rate` seconds at most."""
        channels = {one.endpoint.id: one.live for one in self.fleet if not one.halted}
        askable = {number: channel for number, channel in channels.items() if isinstance(channel, TellsLater)}
        if not askable:
            return 0
        found = await asyncio.to_thread(self._next, list(askable))
        if found is None:
            return 0
        at, silent, after = found
        gate = asyncio.Semaphore(AT_ONCE)
        answers = await asyncio.gather(*(self._ask(askable[at.endpoint], one, gate) for one in silent))
        await asyncio.to_thread(self._keep, at, after, list(zip(silent, answers, strict=True)))
        return len(silent)

    async def _ask(self, channel: TellsLater, one: Silent, gate: asyncio.Semaphore) -> Receipt | Failure | None:
        async with gate:
            return await self.guard(channel.what_became_of(one.provider_id), self.timings.call_timeout)

    def _next(self, endpoints: Sequence[int]) -> tuple[Round, list[Silent], int | None] | None:
        now_ms, pace = to_ms(self.clock.now()), self.timings
        lease_ms = int((pace.call_timeout + pace.lease) * 1000)
        after_ms, give_up_ms = int(pace.poll_after * 1000), int(pace.poll_give_up * 1000)
        with self.db.reading() as connection:
            if not polling.anything(connection, endpoints, now_ms=now_ms, after_ms=after_ms, give_up_ms=give_up_ms):
                return None
        with self.db.writing() as tx:
            if not duties.hold(tx, duties.POLLING, self.me, now_ms=now_ms, lease_ms=lease_ms, alone=self.alone):
                return None
            polling.begin(tx, endpoints, now_ms=now_ms, after_ms=after_ms, give_up_ms=give_up_ms)
            at = polling.due(tx, endpoints, now_ms)
            if at is None:
                return None
            return at, *polling.silent(tx, at, before_ms=now_ms - after_ms, most=A_PASS)

    def _keep(self, at: Round, after: int | None, answers: Sequence[tuple[Silent, Receipt | Failure | None]]) -> None:
        now_ms, lease_ms = to_ms(self.clock.now()), int(self.timings.lease * 1000)
        refused = any(isinstance(answer, Failure) for _, answer in answers)
        rows = [_row(at, one, answer, now_ms) for one, answer in answers if isinstance(answer, Receipt)]
        with self.db.writing() as tx:
            receipts.store(tx, rows)  # true whoever holds the duty by now
            if not duties.hold(tx, duties.POLLING, self.me, now_ms=now_ms, lease_ms=lease_ms, alone=self.alone):
                return
            if refused:
                polling.go_on(tx, at, at.after_address, now_ms + RESTS_MS)
            elif after is not None:
                polling.go_on(tx, at, after, now_ms)
            else:
                age = (now_ms - at.sent_ms) / 1000
                pause = next_round(at.number + 1, age, self.timings.poll_give_up)
                polling.end_round(tx, at, None if pause is None else now_ms + int(pause * 1000))


def _row(at: Round, one: Silent, told: Receipt, now_ms: int) -> RawReceipt:
    return RawReceipt(
        at.broadcast,
        at.endpoint,
        told.event_id,
        at.medium,
        one.address_id,
        one.attempt,
        told.kind,
        told.code,
        told.provider_id,
        to_ms(told.at) if told.at else now_ms,
        now_ms,
        f"asked: {told.kind.value} {told.code}".strip(),
    )
