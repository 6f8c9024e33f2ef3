"""After a crash and after silence: free what the dead held, and find out about what nobody is sure of."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from app.clock import Clock, from_ms, to_ms
from app.domain.delivery import Result, Why
from app.domain.doubting import Next, next_step
from app.domain.message import Failure, FindResult, Finds, Found
from app.engine.loading import Loader
from app.settings import Timings
from app.store import settling, takeover, unknowns
from app.store.database import Database
from app.store.settling import Settled
from app.store.unknowns import Unsure

SEARCHES_AT_ONCE = 8
UNSURE_A_PASS = 200
CANNOT_TELL = FindResult(Found.CANNOT_TELL)


@dataclass(slots=True)
class Recovery:
    db: Database
    me: str
    clock: Clock
    timings: Timings
    loader: Loader
    alone: bool

    async def take_over(self) -> int:
        """Free what dead workers held; how many deliveries became unknown."""
        return await asyncio.to_thread(self._take_over)

    async def ask(self) -> int:
        """Ask providers about those whose time has come; how many were looked at."""
        unsure = await asyncio.to_thread(self._claim)
        if not unsure:
            return 0
        gate = asyncio.Semaphore(SEARCHES_AT_ONCE)
        answers = await asyncio.gather(*(self._find(one, gate) for one in unsure))
        await asyncio.to_thread(self._conclude, list(zip(unsure, answers, strict=True)))
        return len(unsure)

    async def _find(self, unsure: Unsure, gate: asyncio.Semaphore) -> FindResult:
        channel, recipient = self.loader.channel_of(unsure), self.loader.recipient_of(unsure)
        if recipient is None or not isinstance(channel, Finds):
            return CANNOT_TELL
        async with gate:
            message = await self.loader.words_of(unsure)
            if isinstance(message, Failure):
                return CANNOT_TELL
            since = from_ms(unsure.since_ms - int(self.timings.call_timeout * 1000))
            try:
                async with asyncio.timeout(self.timings.call_timeout):
                    return await channel.find(recipient, message, since)
            except TimeoutError:
                return CANNOT_TELL

    def _take_over(self) -> int:
        now_ms = to_ms(self.clock.now())
        with self.db.writing() as tx:
            unsure, _ = takeover.take_over(
                tx, self.me, now_ms=now_ms, settle_ms=int(self.timings.settle * 1000), alone=self.alone
            )
        return unsure

    def _claim(self) -> list[Unsure]:
        now_ms = to_ms(self.clock.now())
        with self.db.reading() as connection:
            if not unknowns.time_to_ask(connection, now_ms):
                return []
        with self.db.writing() as tx:
            return unknowns.claim(
                tx,
                self.me,
                now_ms=now_ms,
                lease_ms=int((self.timings.call_timeout + self.timings.lease) * 1000),
                most=UNSURE_A_PASS,
            )

    def _conclude(self, answers: Sequence[tuple[Unsure, FindResult]]) -> None:
        now_ms = to_ms(self.clock.now())
        later_ms = now_ms + int(self.timings.find_again * 1000)
        with self.db.writing() as tx:
            rows = []
            for unsure, answer in answers:
                step = next_step(answer.found, asked=unsure.asked, lane=unsure.lane, attempts=unsure.attempt)
                if step is Next.ASK_AGAIN:
                    unknowns.ask_again(tx, unsure, later_ms, step.value)
                elif step is Next.LEAVE_TO_PERSON:
                    unknowns.ask_again(tx, unsure, None, step.value)
                else:
                    rows.append(
                        concluded(unsure, step.value, now_ms, answer.provider_id if step is Next.SENT else None)
                    )
            settling.settle(tx, rows, {})


def concluded(unsure: Unsure, reason: str, now_ms: int, provider_id: str | None) -> Settled:
    """An end to the doubt: accepted under `provider_id` ("" when only a person says so), or None = send again."""
    sent = provider_id is not None
    return Settled(
        unsure.broadcast,
        unsure.medium,
        unsure.address_id,
        unsure.shard,
        unsure.endpoint,
        unsure.lane,
        unsure.attempt if sent else unsure.attempt + 1,
        Result.ACCEPTED if sent else None,
        reason,
        now_ms,
        provider_id or "",
        Why.UNKNOWN,
        None if sent else Why.RETRY,
        None if sent else now_ms,
        unsure.since_ms,
    )
