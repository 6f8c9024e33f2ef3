"""One endpoint's senders: so many calls at once, each asked for permission just before it leaves."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from app.clock import Clock, from_ms, to_ms
from app.domain.delivery import Event, Result, Why
from app.domain.endpoints import Endpoint
from app.domain.message import Accepted, Batch, Channel, Failure, FailureKind, Outcome
from app.domain.pacing import Pace
from app.domain.retrying import Backoff, Doubt, GiveBack, Halve, Retry, Settle, decide
from app.domain.sharing import Shares
from app.engine.admitting import Unit, put_back, settled
from app.engine.control import Control, Verdict
from app.engine.health import HEALTHY, Health
from app.engine.watchdog import Watchdog
from app.settings import Timings
from app.store.ledger import Candidate, HeldShard, ShardKey
from app.store.settling import Settled, by_shard

WINDOW_CALLS = 16
"""Admitted ahead, in calls per sender: enough to never starve, few enough to be asked about after a crash."""
WINDOW_MOST = 2_000


@dataclass(slots=True)
class Runner:
    """Everything about one endpoint inside this process. `finished` takes rows to be settled in the next commit."""

    endpoint: Endpoint
    live: Channel
    sink: Channel
    """What drills go to: it reaches nobody."""
    clock: Clock
    timings: Timings
    control: Control
    finished: Callable[[Sequence[Settled]], None]
    pace: Pace
    health: Health = HEALTHY
    held: dict[ShardKey, HeldShard] = field(default_factory=dict)
    flying: dict[ShardKey, int] = field(default_factory=dict)
    shares: Shares = field(default_factory=Shares)
    looked_at: float = 0.0
    halted: str = ""
    closing: bool = False
    """The process ends: nothing more starts here."""
    _queue: deque[Unit] = field(default_factory=deque)
    _waiting: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while calls wait in the queue."""
    _loaded: int = 0
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _watchdog: Watchdog = field(init=False)

    def __post_init__(self) -> None:
        self._watchdog = Watchdog(self.timings.call_timeout + 1.0)

    def start(self, group: asyncio.TaskGroup) -> None:
        senders = range(self.live.info.concurrency)
        self._tasks = [group.create_task(self._work(), name=f"{self.endpoint.slug}-{n}") for n in senders]
        self._tasks.append(group.create_task(self._watchdog.watch(), name=f"{self.endpoint.slug}-watchdog"))

    def channel(self, *, drill: bool) -> Channel:
        return self.sink if drill else self.live

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    @property
    def idle(self) -> bool:
        return self._loaded == 0

    def room(self) -> int:
        """How many recipients may be admitted now: window, pace and health all agree."""
        if self.halted or self.closing:
            return 0
        now = self.clock.monotonic()
        self.pace = self.pace.refilled(now)
        info = self.live.info
        window = min(WINDOW_MOST, max(2 * info.batch_size, WINDOW_CALLS * info.concurrency * info.batch_size))
        most = min(window - self._loaded, int(self.pace.tokens))
        if self.health.refusals and self._loaded:
            return 0  # half-open: one at a time, so the probe comes home first
        return max(0, self.health.allowed(most, now))

    @property
    def probing(self) -> bool:
        """Half-open: all workers together may try one delivery."""
        return bool(self.health.refusals)

    def expect(self, rows: Sequence[Candidate]) -> None:
        """These were granted: until each is settled, their shards stay ours and count against the window."""
        self._loaded += len(rows)
        self.pace = self.pace.spent(len(rows))
        for key, number in by_shard(rows).items():
            self.flying[key] = self.flying.get(key, 0) + number

    def load(self, units: Iterable[Unit]) -> None:
        """Queue calls for recipients that are expected; a better lane goes ahead of what waits here already."""
        fresh = list(units)
        if self._queue and fresh and fresh[0].lane < self._queue[-1].lane:
            fresh = sorted([*self._queue, *fresh], key=lambda unit: unit.lane)
            self._queue.clear()
        self._queue.extend(fresh)
        self._waiting.set()

    def forget(self) -> list[Settled]:
        """Hold nothing any more; the rows of calls that had not begun."""
        self.held.clear()
        rows, now_ms = [], to_ms(self.clock.now())
        while self._queue:
            unit = self._queue.popleft()
            rows += [put_back(one, "worker_began_anew", now_ms, due_ms=now_ms) for one in unit.candidates]
        return rows

    def landed(self, rows: Sequence[Settled]) -> None:
        """These rows are committed."""
        self._loaded -= len(rows)
        for key, number in by_shard(rows).items():
            left = self.flying.get(key, 0) - number
            if left > 0:
                self.flying[key] = left
            else:
                self.flying.pop(key, None)

    async def _work(self) -> None:
        structlog.contextvars.bind_contextvars(endpoint=self.endpoint.slug)
        while True:
            await self._waiting.wait()
            while self._queue:
                self.finished(await self._send(self._queue.popleft()))
            self._waiting.clear()

    async def _send(self, unit: Unit) -> list[Settled]:
        """What became of every row of the unit."""
        refusal = await self._refusal(unit)
        if refusal is not None:
            return refusal
        call = self.channel(drill=unit.drill).send(Batch(unit.message, unit.recipients))
        outcomes = await self._watchdog.guard(call)
        if isinstance(outcomes, Failure):
            outcomes = [outcomes] * len(unit.candidates)
        if all(isinstance(outcome, Accepted) for outcome in outcomes):
            if self.health is not HEALTHY and not unit.drill:
                self.health = self.health.succeeded(self.clock.monotonic())
            now_ms = to_ms(self.clock.now())
            return [
                settled(one, Result.ACCEPTED, Event.ACCEPTED, now_ms, provider_id=outcome.provider_id)
                for one, outcome in zip(unit.candidates, outcomes, strict=True)
                if isinstance(outcome, Accepted)
            ]
        if len(unit.candidates) > 1 and all(_is_content(outcome) for outcome in outcomes):
            first, second = unit.halves()
            return [*await self._send(first), *await self._send(second)]
        self._learn(outcomes)
        return [self._row(one, outcome) for one, outcome in zip(unit.candidates, outcomes, strict=True)]

    async def _refusal(self, unit: Unit) -> list[Settled] | None:
        """Rows to give back when the call may not leave any more; None = go."""
        broadcast, now_ms = unit.candidates[0].broadcast, to_ms(self.clock.now())
        if self.halted or self.closing or not self.health.allowed(1, self.clock.monotonic()):
            wait = self.health.seconds_closed(self.clock.monotonic())
            return [
                put_back(one, "endpoint_waits", now_ms, due_ms=now_ms + int(wait * 1000)) for one in unit.candidates
            ]
        match self.control.glance(broadcast) or await self.control.verdict(broadcast):
            case Verdict.GO:
                return None
            case Verdict.EXPIRED:
                return [settled(one, Result.EXPIRED, Event.PAST_EXPIRY, now_ms) for one in unit.candidates]
            case Verdict.HOLD:
                return [put_back(one, "broadcast_holds", now_ms, due_ms=now_ms) for one in unit.candidates]

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        """What the endpoint's health and pace make of a call that was not accepted as a whole."""
        failures = [one for one in outcomes if isinstance(one, Failure)]
        refusal = next(
            (one for one in failures if one.kind is FailureKind.NOT_ACCEPTED and not one.only_this_one), None
        )
        fault = next((one for one in failures if one.kind is FailureKind.ACCOUNT), None)
        if fault is not None:
            self.halted = fault.code
        now, backoff = self.clock.monotonic(), Backoff(self.timings.retry_base, self.timings.retry_cap)
        jitter = random.random()  # noqa: S311 - jitter
        if refusal is None:
            doubt = next((one for one in failures if one.kind is FailureKind.AMBIGUOUS), None)
            if doubt is not None:
                self.health = self.health.doubted(now, backoff, jitter, doubt.code)
            elif fault is None and self.health is not HEALTHY:
                self.health = self.health.succeeded(now)  # it answers: that one recipient or text is the trouble
            return
        if refusal.throttled:
            self.pace = self.pace.throttled()
        self.health = self.health.refused(now, refusal.retry_after, backoff, jitter, refusal.code)

    def _row(self, candidate: Candidate, outcome: Outcome) -> Settled:
        now = self.clock.now()
        now_ms = to_ms(now)
        lifetime = self.live.info.key_lifetime_seconds
        began = from_ms(candidate.since_ms) if candidate.since_ms else now
        decision = decide(
            outcome,
            attempt=candidate.attempt,
            batch=1,  # a batch refused for its content was halved before
            key_is_fresh=lifetime > (now - began).total_seconds(),
            backoff=Backoff(self.timings.retry_base, self.timings.retry_cap),
            jitter=random.random(),  # noqa: S311 - jitter
        )
        match decision:
            case Settle(result, reason, provider_id, suppress):
                return settled(candidate, result, reason, now_ms, provider_id=provider_id, suppress=suppress)
            case Retry(reason, delay):
                at = now_ms + int(delay * 1000)
                return settled(candidate, Result.REFUSED, reason, now_ms, again=Why.RETRY, due_ms=at)
            case Doubt(reason):
                at = now_ms + int(self.timings.settle * 1000)
                return settled(candidate, Result.UNKNOWN, reason, now_ms, again=Why.UNKNOWN, due_ms=at)
            case GiveBack(reason) | Halve(reason):
                return put_back(candidate, reason, now_ms, due_ms=now_ms)


def _is_content(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) and outcome.kind is FailureKind.CONTENT
