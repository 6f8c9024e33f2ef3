"""One endpoint's senders: so many calls at once, each asked for permission just before it leaves.

What is done for every call is kept short: what can be known for a whole load, or until staff are asked again, is not
worked out here.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from app.clock import Clock, from_ms, to_ms
from app.domain.delivery import Event, Result, Why
from app.domain.endpoints import Endpoint
from app.domain.message import (
    Accepted,
    Channel,
    Failure,
    FailureKind,
    Finds,
    Outcome,
    ReportsReceipts,
    TellsLater,
)
from app.domain.pacing import Pace
from app.domain.posting import Posts
from app.domain.reaching import Reach, first_reach
from app.domain.retrying import Backoff, Doubt, GiveBack, Halve, Retry, Settle, decide
from app.domain.sharing import Shares
from app.domain.suppressing import reported
from app.engine.admitting import put_back, settled
from app.engine.calls import Load, Unit
from app.engine.control import Control, Verdict
from app.engine.health import HEALTHY, Health
from app.engine.relay import Relay
from app.engine.watchdog import Watch, Watchdog
from app.settings import Timings
from app.store.ledger import HeldShard
from app.store.settling import Settled, Taken
from app.store.windows import Candidates, Origin, ShardKey

MISCOUNTED = Failure(FailureKind.AMBIGUOUS, "channel_broke", "The channel did not answer for everybody.")


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
    half_home: Callable[[], None]
    """Told when half of what was admitted is taken, so that the next turn comes before the senders stand idle."""
    pace: Pace
    health: Health = HEALTHY
    held: dict[ShardKey, HeldShard] = field(default_factory=dict)
    flying: dict[ShardKey, int] = field(default_factory=dict)
    shares: Shares = field(default_factory=Shares)
    looked_at: float = 0.0
    halted: str = ""
    closing: bool = False
    """The process ends: nothing more starts here."""
    _queue: deque[Load] = field(default_factory=deque)
    _home: list[Load] = field(default_factory=list)
    """Loads of which something was taken since it was last collected."""
    _back: int = 0
    """So many recipients were."""
    _half: int = 1
    _waiting: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while calls wait in the queue."""
    _loaded: int = 0
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _reach: Reach = field(init=False)
    _watchdog: Watchdog = field(init=False)
    _ms_ahead: int = field(init=False)
    """The time of day less the monotonic clock, as of the last turn: the latter is cheap to ask after every call."""

    def __post_init__(self) -> None:
        self._watchdog = Watchdog(self.timings.call_timeout + 1.0)
        self._ms_ahead = self._compare_clocks()
        info, askable = self.live.info, isinstance(self.live, Finds | ReportsReceipts | TellsLater)
        self._reach = first_reach(info.concurrency, info.batch_size, askable=askable)

    def _compare_clocks(self) -> int:
        return to_ms(self.clock.now()) - int(self.clock.monotonic() * 1000)

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

    def room(self, landing: int) -> int:
        """How many recipients may be admitted now: window, pace and health all agree.

        `landing` outcomes are written by the very turn that admits, so they make room already.
        """
        if self.halted or self.closing:
            return 0
        now = self.clock.monotonic()
        self.pace = self.pace.refilled(now)
        if landing and self._loaded >= self._reach.now:  # it was the window that held us back, not the pace
            waiting = sum(len(load.ids) - load.begun for load in self._queue)
            self._reach = self._reach.after(waiting)
        most = min(self._reach.now - (self._loaded - landing), int(self.pace.tokens))
        if self.health.refusals and self._loaded:
            return 0  # half-open: one at a time, so the probe comes home first
        return max(0, self.health.allowed(most, now))

    @property
    def probing(self) -> bool:
        """Half-open: all workers together may try one delivery."""
        return bool(self.health.refusals)

    def expect(self, granted: Sequence[Candidates]) -> None:
        """These were granted: until each is settled, their shards stay ours and count against the window."""
        for candidates in granted:
            key, number = candidates.origin.shard_key, len(candidates)
            self._loaded += number
            self.pace = self.pace.spent(number)
            self.flying[key] = self.flying.get(key, 0) + number
        self._half = (self._loaded + 1) // 2

    def load(self, load: Load) -> None:
        """Queue calls for recipients that are expected; a better lane goes ahead of what waits here already."""
        behind = self._queue and load.origin.lane < self._queue[-1].origin.lane
        self._queue.append(load)
        if behind:
            self._queue = deque(sorted(self._queue, key=lambda one: one.origin.lane))
        self._waiting.set()

    def forget(self) -> list[Settled]:
        """Hold nothing any more; the rows of calls that had not begun."""
        self.held.clear()
        now_ms = to_ms(self.clock.now())
        units = [load.rest() for load in self._queue]
        self._queue.clear()
        return [row for unit in units for row in _put_back(unit, "worker_began_anew", now_ms, due_ms=now_ms)]

    def collect(self) -> list[Taken]:
        """What the provider took since the last time."""
        self._ms_ahead = self._compare_clocks()
        taken = [load.collect() for load in self._home]
        self._home.clear()
        self._back = 0
        return taken

    def landed(self, key: ShardKey, number: int) -> None:
        """So many outcomes of this shard are committed."""
        self._loaded -= number
        left = self.flying.get(key, 0) - number
        if left > 0:
            self.flying[key] = left
        else:
            self.flying.pop(key, None)

    async def _work(self) -> None:
        structlog.contextvars.bind_contextvars(endpoint=self.endpoint.slug)
        watch = self._watchdog.sender()
        relay = Relay(self.live, self, watch, self.clock.monotonic) if isinstance(self.live, Posts) else None
        while True:
            await self._waiting.wait()
            while self._queue:
                if relay is not None:
                    await self._relay(relay, watch)
                if self._queue:
                    await self._send(self._next(), watch)
            self._waiting.clear()

    def _next(self) -> Unit:
        load = self._queue[0]
        unit = load.next(self.live.info.batch_size)
        if load.begun == len(load.ids):
            self._queue.popleft()
        return unit

    async def _relay(self, relay: Relay, watch: Watch) -> None:
        """All calls about which nothing needs asking; then something does, or the queue is empty."""
        while True:
            outcomes = await watch.guard(relay.run())
            unit = relay.unit
            if unit is None:
                return
            await self._conclude(unit, outcomes, watch)

    def take(self, now: float) -> tuple[Load, int, bytes] | None:
        """For a relay: the next of whom nothing needs asking, to be called with this."""
        if not self._queue:
            return None
        load = self._queue[0]
        at = load.begun
        if load.drill or not self._free(load.origin.broadcast, now):
            return None
        if self.control.stopped and load.ids[at] in self.control.stopped:
            return None
        forms = self._forms(load) if load.forms is None else load.forms
        if not forms:
            return None
        load.begun = at + 1
        if load.begun == len(load.ids):
            self._queue.popleft()
        return load, at, forms[at]

    def taken(self, load: Load, at: int, provider_id: str, now: float) -> None:
        """By the provider."""
        if not (load.posted or load.home):
            self._home.append(load)
        load.posted.append((at, provider_id, int(now * 1000) + self._ms_ahead))
        self._back += 1
        if self._back >= self._half:
            self.half_home()
        if self.health is not HEALTHY:
            self.health = self.health.succeeded(now)

    def _forms(self, load: Load) -> Sequence[bytes]:
        load.forms = ()  # where they cannot be had each recipient is sent to alone, and only the odd one fails
        if isinstance(self.live, Posts):
            load.forms = self.live.prepare(load.message, load.people)
        return load.forms

    async def _send(self, unit: Unit, watch: Watch) -> None:
        """One call, and what became of everybody in it."""
        load = unit.load
        if not self._free(load.origin.broadcast, self.clock.monotonic()):
            refused = await self._refusal(unit)
            if refused is not None:
                self.finished(refused)
                return
        if self.control.stopped and not self.control.stopped.keys().isdisjoint(unit.ids):
            await self._send_without_the_stopped(unit, watch)
            return
        outcomes = await watch.guard((self.sink if load.drill else self.live).send(unit.batch))
        await self._conclude(unit, outcomes, watch)

    async def _conclude(self, unit: Unit, outcomes: Sequence[Outcome] | Failure, watch: Watch) -> None:
        if isinstance(outcomes, Failure):
            outcomes = [outcomes] * len(unit.ids)
        elif len(outcomes) != unit.stop - unit.start:
            outcomes = [MISCOUNTED] * len(unit.ids)
        taken = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
        if len(taken) == len(outcomes):
            self._note_taken(*unit, taken, self.clock.monotonic())
        elif len(outcomes) > 1 and all(_is_content(outcome) for outcome in outcomes):
            for half in unit.halves():
                await self._send(half, watch)
        else:
            self._learn(outcomes)
            pairs = zip(unit.ids, outcomes, strict=True)
            self.finished([self._row(unit.load.origin, address_id, outcome) for address_id, outcome in pairs])

    async def _send_without_the_stopped(self, unit: Unit, watch: Watch) -> None:
        """Somebody of them said STOP, bounced or complained since they were admitted."""
        if len(unit.ids) > 1:
            for half in unit.halves():
                await self._send(half, watch)
            return
        why, now_ms = reported(self.control.stopped[unit.ids[0]]), to_ms(self.clock.now())
        self.finished([settled(unit.load.origin, unit.ids[0], Result.SUPPRESSED, why, now_ms)])

    def _free(self, broadcast: int, now: float) -> bool:
        """Nothing needs asking: the endpoint is well, and the broadcast surely may go."""
        if self.halted or self.closing or self.health is not HEALTHY:
            return False
        return self.control.goes(broadcast, now)

    def _note_taken(self, load: Load, start: int, stop: int, outcomes: Sequence[Accepted], now: float) -> None:
        if self.health is not HEALTHY and not load.drill:
            self.health = self.health.succeeded(now)
        if not (load.posted or load.home):
            self._home.append(load)
        load.home.append((start, stop, outcomes, int(now * 1000) + self._ms_ahead))
        self._back += stop - start
        if self._back >= self._half:
            self.half_home()

    async def _refusal(self, unit: Unit) -> list[Settled] | None:
        """Rows to give back when the call may not leave any more; None = go."""
        origin, now_ms = unit.load.origin, to_ms(self.clock.now())
        if self.halted or self.closing or not self.health.allowed(1, self.clock.monotonic()):
            wait = self.health.seconds_closed(self.clock.monotonic())
            return _put_back(unit, "endpoint_waits", now_ms, due_ms=now_ms + int(wait * 1000))
        match await self.control.verdict(origin.broadcast):
            case Verdict.GO:
                return None
            case Verdict.EXPIRED:
                return [settled(origin, one, Result.EXPIRED, Event.PAST_EXPIRY, now_ms) for one in unit.ids]
            case Verdict.HOLD:
                return _put_back(unit, "broadcast_holds", now_ms, due_ms=now_ms)

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

    def _row(self, origin: Origin, address_id: int, outcome: Outcome) -> Settled:
        now = self.clock.now()
        now_ms = to_ms(now)
        lifetime = self.live.info.key_lifetime_seconds
        began = from_ms(origin.since_ms) if origin.since_ms else now
        decision = decide(
            outcome,
            attempt=origin.attempt,
            batch=1,  # a batch refused for its content was halved before
            key_is_fresh=lifetime > (now - began).total_seconds(),
            backoff=Backoff(self.timings.retry_base, self.timings.retry_cap),
            jitter=random.random(),  # noqa: S311 - jitter
        )
        row = partial(settled, origin, address_id)
        match decision:
            case Settle(result, reason, provider_id, suppress):
                return row(result, reason, now_ms, provider_id=provider_id, suppress=suppress)
            case Retry(reason, delay):
                return row(Result.REFUSED, reason, now_ms, again=Why.RETRY, due_ms=now_ms + int(delay * 1000))
            case Doubt(reason):
                at = now_ms + int(self.timings.settle * 1000)
                return row(Result.UNKNOWN, reason, now_ms, again=Why.UNKNOWN, due_ms=at)
            case GiveBack(reason) | Halve(reason):
                return put_back(origin, address_id, reason, now_ms, due_ms=now_ms)


def _put_back(unit: Unit, reason: str, now_ms: int, *, due_ms: int) -> list[Settled]:
    return [put_back(unit.load.origin, one, reason, now_ms, due_ms=due_ms) for one in unit.ids]


def _is_content(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) and outcome.kind is FailureKind.CONTENT
