"""After a crash and after silence: free what the dead held, and find out about what nobody is sure of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from app.clock import Clock, from_ms, to_ms
from app.domain.delivery import Result, Why
from app.domain.doubting import Doubt, Next, next_step
from app.domain.message import Channel, Failure, FindResult, Finds, Found
from app.engine.control import Control
from app.engine.loading import Loader
from app.observe import ORPHANS, TAKEOVERS
from app.settings import Timings
from app.store import settling, takeover, unknowns
from app.store.database import Database
from app.store.locking import lock_shards
from app.store.settling import Settled
from app.store.unknowns import Unsure

SEARCHES_AT_ONCE = 8
UNSURE_A_PASS = 200
CANNOT_TELL = FindResult(Found.CANNOT_TELL)
MOVING = ("sending", "paused")
FindGuard = Callable[[Awaitable[FindResult], float], Awaitable[FindResult | Failure]]


@dataclass(frozen=True, slots=True)
class Answer:
    unsure: Unsure
    doubt: Doubt
    result: FindResult


@dataclass(slots=True)
class Recovery:
    db: Database
    me: Callable[[], str]
    clock: Clock
    timings: Timings
    loader: Loader
    control: Control
    guard: FindGuard
    alone: bool
    _asking: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    async def take_over(self) -> int:
        """Free what dead workers held; how many deliveries became unknown."""
        return await asyncio.to_thread(self._take_over)

    async def ask(self) -> int:
        """Ask providers about those whose time has come; how many were taken up.

        Each endpoint is asked by itself: one that hangs is waited for a moment here, and by nobody else after that.
        """
        unsure = await asyncio.to_thread(self._claim, frozenset(self._asking))
        by_endpoint: dict[int, list[Unsure]] = {}
        for one in unsure:
            by_endpoint.setdefault(one.endpoint, []).append(one)
        for endpoint, rows in by_endpoint.items():
            self._asking[endpoint] = asyncio.create_task(self._ask_one(rows), name=f"ask-{endpoint}")
        if self._asking:
            await asyncio.wait(self._asking.values(), timeout=self.timings.settle / 10)
        over = {endpoint: task for endpoint, task in self._asking.items() if task.done()}
        for endpoint in over:
            del self._asking[endpoint]
        for task in over.values():
            task.result()
        return len(unsure)

    def stop(self) -> None:
        """Ask no more; what was taken up belongs to a dead worker then."""
        for task in self._asking.values():
            task.cancel()

    async def _ask_one(self, unsure: Sequence[Unsure]) -> None:
        gate = asyncio.Semaphore(SEARCHES_AT_ONCE)
        answers = await asyncio.gather(*(self._find(one, gate) for one in unsure))
        await asyncio.to_thread(self._conclude, answers)

    async def _find(self, unsure: Unsure, gate: asyncio.Semaphore) -> Answer:
        row, channel = self.control.get(unsure.broadcast), self.loader.channel_of(unsure)
        doubt = Doubt(
            asked=unsure.asked,
            lane=unsure.lane,
            attempts=unsure.attempt,
            searchable=channel is None or isinstance(channel, Finds),
            key_is_fresh=channel is not None and self._key_is_fresh(channel, unsure),
            stopped=row is None or row.state not in MOVING,
        )
        if doubt.key_is_fresh and not doubt.stopped:
            return Answer(unsure, doubt, CANNOT_TELL)  # no need to ask: a repeated call is harmless
        async with gate:
            return Answer(unsure, doubt, await self._search(channel, unsure))

    async def _search(self, channel: object, unsure: Unsure) -> FindResult:
        recipient = self.loader.recipient_of(unsure)
        if recipient is None or not isinstance(channel, Finds):
            return CANNOT_TELL
        message = await self.loader.words_of(unsure)
        if isinstance(message, Failure):
            return CANNOT_TELL
        since = from_ms(unsure.since_ms - int(self.timings.call_timeout * 1000))
        found = await self.guard(channel.find(recipient, message, since), self.timings.call_timeout)
        return CANNOT_TELL if isinstance(found, Failure) else found

    def _key_is_fresh(self, channel: Channel, unsure: Unsure) -> bool:
        return channel.info.key_lifetime_seconds * 1000 > to_ms(self.clock.now()) - unsure.since_ms

    def _take_over(self) -> int:
        now_ms = to_ms(self.clock.now())
        with self.db.writing() as tx:
            unsure, broadcasts = takeover.take_over(
                tx, self.me(), now_ms=now_ms, settle_ms=int(self.timings.settle * 1000), alone=self.alone
            )
        TAKEOVERS.inc(len(broadcasts))
        ORPHANS.inc(unsure)
        return unsure

    def _claim(self, busy: Collection[int]) -> list[Unsure]:
        now_ms = to_ms(self.clock.now())
        with self.db.reading() as connection:
            if not unknowns.time_to_ask(connection, self.me(), now_ms, busy):
                return []
        with self.db.writing() as tx:
            return unknowns.claim(
                tx,
                self.me(),
                now_ms=now_ms,
                lease_ms=int((self.timings.call_timeout + self.timings.lease) * 1000),
                most=UNSURE_A_PASS,
                busy=busy,
            )

    def _conclude(self, answers: Sequence[Answer]) -> None:
        now_ms = to_ms(self.clock.now())
        with self.db.writing() as tx:
            conclude(tx, answers, now_ms, now_ms + int(self.timings.find_again * 1000))


def conclude(connection: Connection, answers: Sequence[Answer], now_ms: int, later_ms: int) -> None:
    """Settle what the answers settle; the others are asked about again `later_ms`, or left to a person."""
    lock_shards(connection, (answer.unsure.shard_key for answer in answers))
    rows = []
    for answer in answers:
        unsure = answer.unsure
        step = next_step(answer.result.found, answer.doubt)
        if step is Next.ASK_AGAIN:
            unknowns.ask_again(connection, unsure, later_ms, step.value)
        elif step is Next.LEAVE_TO_PERSON:
            unknowns.ask_again(connection, unsure, None, step.value)
        else:
            found = answer.result.provider_id if step is Next.SENT else None
            rows.append(concluded(unsure, step.value, now_ms, found))
    settling.settle(connection, rows)


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
        fence=unsure.fence,
    )
