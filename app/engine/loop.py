"""The fan-out: the whole promise on one screen.

Each turn is one short transaction: what came back is settled, what may go is admitted. Only what a committed
turn admitted is ever sent, so a crash at any moment leaves every delivery either queued, settled, or honestly unknown.

    take over what the dead held
    forever:  settle + admit  ->  compose  ->  send     (run_turns)
              read what staff want, four times a second  (run_control)
              ask providers about what is unknown        (run_recovery)
              fold receipts into deliveries              (run_receipts)
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import structlog

from app.clock import Clock, to_ms
from app.domain.delivery import Result
from app.domain.endpoints import Endpoint
from app.domain.message import Channel, Failure, FailureKind, Message, Outcome, Recipient, ReportsReceipts
from app.domain.pacing import Pace
from app.engine.admitting import Unit, group, settled, unit
from app.engine.composing import Composer
from app.engine.control import Control
from app.engine.recovery import Recovery
from app.engine.sending import Runner
from app.engine.turn import Granted, Request, Want, take_turn
from app.engine.watching import watch
from app.settings import Timings
from app.store import endpoints, ledger, receipts
from app.store.database import Database
from app.store.ledger import Candidate, ShardKey
from app.store.settling import Settled
from app.store.unknowns import Unsure

log = structlog.get_logger("engine")

IDLE_SECONDS: Final = 0.25
RECEIPTS_A_PASS: Final = 1_000
BACKLOG_MOST: Final = 10_000
"""Outcomes kept in memory while the database does not take them; past this nothing more is admitted."""

Value = TypeVar("Value")
OpenChannel = Callable[[Endpoint, bool], Channel]


@dataclass(slots=True)
class Engine:
    db: Database
    open_channel: OpenChannel
    composer: Composer
    clock: Clock
    timings: Timings
    alone: bool = True
    me: str = field(default_factory=lambda: secrets.token_hex(8))
    control: Control = field(init=False)
    _runners: dict[int, Runner] = field(default_factory=dict)
    _finished: list[Settled] = field(default_factory=list)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _renewed_at: float = 0.0
    _group: asyncio.TaskGroup | None = None

    def __post_init__(self) -> None:
        self.control = Control(self.db, self.clock, self.timings)

    def wake(self) -> None:
        """Something to do may have been written; safe to call from the loop's own thread only."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then let calls in flight come home and give everything back."""
        recovery = self._recovery()
        async with asyncio.TaskGroup() as tasks:
            self._group = tasks
            await self._supervised(recovery.take_over)
            loops = [
                tasks.create_task(self._every(self.timings.control, self._look), name="control"),
                tasks.create_task(self._every(self.timings.lease / 6, recovery.take_over), name="take-over"),
                tasks.create_task(self._every(self.timings.settle / 10, recovery.ask), name="recovery"),
                tasks.create_task(self._every(self.timings.control, self._fold_receipts), name="receipts"),
            ]
            while not stop.is_set():
                busy = await self._supervised(self._turn)
                await self._rest(busy)
            await self._drain()
            for task in loops:
                task.cancel()
            for runner in self._runners.values():
                runner.stop()

    async def _turn(self) -> bool:
        """Settle, admit, send: True while there is anything to come back for soon."""
        batch, self._finished = self._finished, []
        request = self._request(batch)
        if not (batch or request.release or request.renew or request.wants):
            return False
        try:
            granted = await asyncio.to_thread(self._commit, request)
        except BaseException:
            self._finished = batch + self._finished
            raise
        for runner in self._runners.values():
            runner.landed([row for row in batch if row.endpoint == runner.endpoint.id])
        for endpoint_id, got in granted.items():
            await self._send(self._runners[endpoint_id], got)
        return bool(batch) or any(got.go or got.claimed for got in granted.values())

    def _request(self, batch: Sequence[Settled]) -> Request:
        sending = self.control.sending() if len(batch) < BACKLOG_MOST else []
        rooms = [(runner, runner.room()) for runner in self._runners.values()] if sending else []
        now = self.clock.monotonic()
        renew = now - self._renewed_at > self.timings.renew and any(
            one.held or one.flying for one in self._runners.values()
        )
        if renew:
            self._renewed_at = now
        done = [
            key
            for one in self._runners.values()
            for key, shard in one.held.items()
            if shard.remaining <= 0 and key not in one.flying
        ]
        return Request(
            self.me,
            to_ms(self.clock.now()),
            batch,
            [Want(runner.endpoint.id, room, runner.held) for runner, room in rooms if room > 0],
            sending,
            done,
            renew,
            {key: shard.fence for one in self._runners.values() for key, shard in one.held.items()},
        )

    def _commit(self, request: Request) -> dict[int, Granted]:
        if not (request.settled or request.release or request.renew or self._any_held()):
            with self.db.reading() as connection:
                if not ledger.work_waiting(connection, now_ms=request.now_ms):
                    return {}
        with self.db.writing() as tx:
            granted = take_turn(tx, request, self.timings)
        for runner in self._runners.values():
            for key in request.release:
                runner.held.pop(key, None)
        return granted

    async def _send(self, runner: Runner, got: Granted) -> None:
        """Committed: now, and only now, these recipients may be asked for."""
        for shard in (*got.claimed, *got.moved.values()):
            runner.held[shard.key] = shard
        for key in got.lost:
            runner.held[key].remaining = 0
        info = runner.channels(False).info
        for members in group(got.go, info.batch_size):
            row = self.control.get(members[0].broadcast)
            if row is None:
                continue
            message = await self.composer.message(row, runner.endpoint, info, members[0].language, members[0].variant)
            if isinstance(message, Failure):
                self._dead(runner, members, message)
                continue
            runner.load(unit(message, members, lambda one: self._recipient(one, runner.endpoint), drill=row.drill))

    def _dead(self, runner: Runner, members: Sequence[Candidate], failure: Failure) -> None:
        now_ms = to_ms(self.clock.now())
        rows = [settled(one, Result.DEAD, f"{failure.kind.value}:{failure.code}", now_ms) for one in members]
        for row in rows:
            runner.flying[row.shard_key] = runner.flying.get(row.shard_key, 0) + 1
        self._settle_later(rows)

    async def _look(self) -> None:
        """Read what staff want, open the endpoints that are configured, do what only time can do."""
        await self.control.refresh()
        for endpoint in await asyncio.to_thread(self._endpoints):
            known = self._runners.get(endpoint.id)
            if known is None or (known.endpoint.revision != endpoint.revision and known.idle):
                self._open(endpoint, known)
            elif known.halted and not endpoint.halted_reason:
                await asyncio.to_thread(self._halt, known)
        if self.control.live():
            changed = await asyncio.to_thread(watch, self.db, self.control.live(), to_ms(self.clock.now()))
            if changed:
                await self.control.refresh()
        self._wake.set()

    def _open(self, endpoint: Endpoint, known: Runner | None) -> None:
        if known is not None:
            known.stop()
        runner = Runner(
            endpoint,
            lambda drill: self.open_channel(endpoint, drill),
            self.clock,
            self.timings,
            self.control,
            self._settle_later,
            guard,
            Pace.full(endpoint.rate_per_second, self.clock.monotonic()),
            halted=endpoint.halted_reason or "",
        )
        if known is not None:
            runner.held, runner.flying = known.held, known.flying
        self._runners[endpoint.id] = runner
        if self._group is not None:
            runner.start(self._group)

    def _settle_later(self, rows: Sequence[Settled]) -> None:
        self._finished.extend(rows)
        self._wake.set()

    async def _fold_receipts(self) -> None:
        after = 0
        while True:
            applied, after = await asyncio.to_thread(self._fold_some, after)
            if not applied or not after:
                return

    def _fold_some(self, after: int) -> tuple[int, int]:
        with self.db.reading() as connection:
            if not receipts.waiting(connection):
                return 0, 0
        with self.db.writing() as tx:
            return receipts.apply_waiting(tx, RECEIPTS_A_PASS, after)

    async def _drain(self) -> None:
        """Let calls in flight end, settle them, give the shards back."""
        deadline = self.clock.monotonic() + self.timings.call_timeout + 1.0
        while self.clock.monotonic() < deadline:
            for runner in self._runners.values():
                runner.halted = runner.halted or "stopping"
            await self._supervised(self._turn)
            if not self._finished and all(runner.idle for runner in self._runners.values()):
                break
            await asyncio.sleep(self.timings.commit)
        for runner in self._runners.values():
            for shard in runner.held.values():
                shard.remaining = 0
        await self._supervised(self._turn)

    async def _rest(self, busy: bool | None) -> None:
        if busy:
            await asyncio.sleep(self.timings.commit)
            return
        self._wake.clear()
        try:
            async with asyncio.timeout(
                min(IDLE_SECONDS, self.timings.commit * 2) if self._any_held() else IDLE_SECONDS
            ):
                await self._wake.wait()
        except TimeoutError:
            return

    def _any_held(self) -> bool:
        return any(runner.held for runner in self._runners.values())

    def _recipient(self, one: Candidate | Unsure, endpoint: Endpoint) -> Recipient:
        channel = self.open_channel(endpoint, False)
        return self.composer.recipient(one, endpoint, reports=isinstance(channel, ReportsReceipts))

    def _recovery(self) -> Recovery:
        def channel_of(endpoint_id: int, drill: bool) -> Channel | None:  # noqa: FBT001 - the channel factory's own argument
            runner = self._runners.get(endpoint_id)
            return None if runner is None else runner.channels(drill)

        async def words(unsure: Unsure) -> Message | Failure:
            row, runner = self.control.get(unsure.broadcast), self._runners.get(unsure.endpoint)
            if row is None or runner is None:
                return Failure(FailureKind.OURS, "broadcast_gone")
            info = runner.channels(False).info
            return await self.composer.message(row, runner.endpoint, info, unsure.language, unsure.variant)

        def recipient_of(unsure: Unsure) -> Recipient:
            return self._recipient(unsure, self._runners[unsure.endpoint].endpoint)

        return Recovery(
            self.db, self.me, self.clock, self.timings, self.control, channel_of, words, recipient_of, self.alone
        )

    def _endpoints(self) -> list[Endpoint]:
        with self.db.reading() as connection:
            return endpoints.everything(connection)

    def _halt(self, runner: Runner) -> None:
        with self.db.writing() as tx:
            endpoints.halt(tx, runner.endpoint.id, runner.halted, self.clock.now())

    async def _every(self, seconds: float, act: Callable[[], Awaitable[object]]) -> None:
        while True:
            await self._supervised(act)
            await asyncio.sleep(seconds)

    async def _supervised(self, act: Callable[[], Awaitable[Value]]) -> Value | None:
        """Whatever goes wrong in one pass is logged, and the next pass tries again: the engine never dies of it."""
        try:
            return await act()
        except Exception as error:  # noqa: BLE001 - supervisor: a database that is down must not end the engine
            log.error(
                "engine_pass_failed", act=getattr(act, "__qualname__", "?"), error=type(error).__name__, exc_info=error
            )
            await asyncio.sleep(IDLE_SECONDS)
            return None


async def guard(call: Awaitable[Sequence[Outcome]], seconds: float) -> Sequence[Outcome] | Failure:
    """A channel that takes too long or breaks its contract may have been heard by the provider: ambiguous."""
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError:
        return Failure(FailureKind.AMBIGUOUS, "timeout")
    except Exception as error:  # noqa: BLE001 - supervisor: a fault in a channel is that call's outcome, not the engine's end
        log.error("channel_broke", error=type(error).__name__, exc_info=error)
        return Failure(FailureKind.AMBIGUOUS, f"channel_{type(error).__name__}"[:40])
