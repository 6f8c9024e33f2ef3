"""The fan-out: the whole promise on one screen.

Each turn is one short transaction: what came back is settled, what may go is admitted. Only what a committed
turn admitted is ever sent, so a crash at any moment leaves every delivery queued, settled, or honestly unknown.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import structlog

from app.clock import Clock, to_ms
from app.domain.pacing import Pace
from app.engine.composing import Composer
from app.engine.control import Control
from app.engine.fleet import Fleet, OpenChannel
from app.engine.loading import Loader
from app.engine.polling import A_PASS, Poller
from app.engine.recovery import Recovery
from app.engine.sharing import Purses
from app.engine.supervising import outlive
from app.engine.tending import Tending
from app.engine.turn import Granted, Request, sites, take_turn
from app.engine.vitals import count
from app.engine.watchdog import guarded
from app.settings import Timings
from app.store import waiting
from app.store.database import Database, Doubtful
from app.store.settling import Finished, Settled

IDLE_SECONDS: Final = 0.25
HOUSEKEEPING_SECONDS: Final = 60.0
REST_MOST: Final = 5.0
"""Commit intervals from one turn to the next while things move and nobody asks for it sooner."""
BACKLOG_MOST: Final = 10_000
"""Outcomes kept in memory while the database does not take them; past this nothing more is admitted."""


@dataclass(slots=True)
class Engine:
    db: Database
    open_channel: OpenChannel
    composer: Composer
    clock: Clock
    timings: Timings
    alone: bool = True
    """No other engine can exist: SQLite, and this process holds the engine lock."""
    me: str = field(default_factory=lambda: secrets.token_hex(8))
    forget: Callable[[datetime], object] = lambda _now: None
    """What is older than the organisation keeps it."""
    control: Control = field(init=False)
    fleet: Fleet = field(init=False)
    _finished: Finished = field(default_factory=Finished)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _renewed_at: float = 0.0
    _purses: Purses = field(init=False)
    _starts_in: float = IDLE_SECONDS
    """Seconds from the last idle turn until something may be claimed."""
    _called: bool = False
    _doubtful: bool = False
    """What `_finished` holds may have been written by a commit that was never answered."""

    def __post_init__(self) -> None:
        self.control = Control(self.db, self.clock, self.timings)
        self._purses = Purses(self.db, self.clock, self._pace_of)
        self.fleet = Fleet(
            self.db, self.open_channel, self.clock, self.timings, self.control, self._settle_soon, self._wake.set
        )

    def wake(self) -> None:
        """Something to do may have been written; from the event loop's own thread only."""
        self._called = True
        self._wake.set()

    def _pace_of(self, endpoint: int) -> Pace | None:
        runner = self.fleet.get(endpoint)
        return None if runner is None else runner.pace

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then let calls in flight come home and give everything back."""
        structlog.contextvars.bind_contextvars(worker=self.me)  # in every line of this engine's tasks and threads
        loader = Loader(self.fleet, self.control, self.composer, self.clock, self._settle_soon, guarded)
        recovery = Recovery(
            self.db, lambda: self.me, self.clock, self.timings, loader, self.control, guarded, alone=self.alone
        )
        tending = Tending(self.db, self.clock, self.control, self.timings, self.me, self.alone, self.forget)
        poller = Poller(self.db, self.fleet, self.clock, self.timings, self.me, guarded, self.alone)
        await outlive(recovery.take_over)
        async with asyncio.TaskGroup() as tasks:

            async def look() -> None:
                await self.control.refresh()
                await self.fleet.refresh(tasks)

            await outlive(look)
            pace = self.timings
            beside = [
                tasks.create_task(self._every(pace.control, look), name="read what staff want"),
                tasks.create_task(self._every(pace.control, tending.watch), name="undo, expiry, end"),
                tasks.create_task(self._every(pace.control, tending.fail_over), name="fail over"),
                tasks.create_task(self._every(pace.control, tending.stage), name="list audiences"),
                tasks.create_task(self._every(pace.control, tending.fold_receipts), name="fold receipts"),
                tasks.create_task(self._every(pace.lease, tending.say_alive), name="say that we are alive"),
                tasks.create_task(self._every(A_PASS / pace.poll_rate, poller.ask), name="ask for receipts"),
                tasks.create_task(self._every(HOUSEKEEPING_SECONDS, tending.keep_house), name="keep house"),
                tasks.create_task(self._every(pace.lease / 6, recovery.take_over), name="take over"),
                tasks.create_task(self._every(pace.settle / 10, recovery.ask), name="ask about the unknown"),
            ]
            while not stop.is_set():
                began = self.clock.monotonic()
                moved = await outlive(lambda: self._turn(loader))
                await self._rest(began, moved=bool(moved))
            await self._drain(loader)
            for task in beside:
                task.cancel()
            recovery.stop()
            await outlive(tending.say_goodbye)
            self.fleet.stop()

    async def _turn(self, loader: Loader) -> bool:
        """Settle, admit, send. True when anything moved."""
        self._wake.clear()
        if self._called:
            self._called = False
            await outlive(self.control.refresh)
        batch, self._finished = self._finished + Finished(taken=self.fleet.collect()), Finished()
        request = self._request(batch)
        started, leases_are_fresh = self.clock.monotonic(), request.renew or not self.fleet.busy
        try:
            granted = await asyncio.to_thread(self._commit, request)
        except BaseException as error:
            self._finished = batch + self._finished
            if isinstance(error, Doubtful):
                self._begin_anew()
            raise
        self._doubtful = False
        if leases_are_fresh:
            self.control.leased_until = started + self.timings.lease
        if sites(batch):
            # The very next messages carry the link of the page that is up now; unlinked if this cannot be read.
            await outlive(self.control.refresh)
        count(batch, (row for got in granted.values() for row in got.closed), self.control, self.fleet)
        self.fleet.landed(batch)
        self.fleet.let_go(request.release)
        for endpoint_id, got in granted.items():
            await loader.load(endpoint_id, got)
        return bool(batch) or any(got.go or got.claimed for got in granted.values())

    def _begin_anew(self) -> None:
        """The last commit may have admitted people we never heard of: they now belong to a worker that is dead."""
        self.me = secrets.token_hex(8)
        self._doubtful = True
        self._finished.rows += self.fleet.forget()

    def _request(self, batch: Finished) -> Request:
        now = self.clock.monotonic()
        renew = self.fleet.busy and now - self._renewed_at > self.timings.renew
        if renew:
            self._renewed_at = now
        sending = self.control.sending() if len(batch) < BACKLOG_MOST else []
        return Request(
            me=self.me,
            now_ms=to_ms(self.clock.now()),
            finished=batch,
            wants=self.fleet.wants(batch) if sending else [],
            sending=sending,
            release=self.fleet.exhausted(),
            renew=renew,
            renews=[key for runner in self.fleet for key in runner.held] if renew else [],
            doubtful=self._doubtful,
        )

    def _commit(self, request: Request) -> dict[int, Granted]:
        """The only place where the engine admits; an idle one looks first and never takes the write lock."""
        nothing_back = not (request.finished or request.release or request.renew)
        if nothing_back and not (request.wants and (self.fleet.busy or self._may_start(request))):
            return {}
        if not self.alone:
            request = replace(request, wants=self._purses.afford(request.wants))
        with self.db.writing(alone=False) as tx:
            granted = take_turn(tx, request, self.timings)
        for endpoint, got in granted.items():
            self._purses.spend(endpoint, got.number)
        return granted

    def _may_start(self, request: Request) -> bool:
        """Whether something waits to be claimed now; else it is noted when that will be."""
        with self.db.reading() as connection:
            starts_ms = waiting.next_start(connection, [want.endpoint for want in request.wants])
        self._starts_in = IDLE_SECONDS if starts_ms is None else max(0.0, (starts_ms - request.now_ms) / 1000)
        return self._starts_in == 0.0

    def _settle_soon(self, rows: Sequence[Settled]) -> None:
        self._finished.rows.extend(rows)
        self._wake.set()

    async def _rest(self, began: float, *, moved: bool) -> None:
        """At least a commit interval from the beginning of one turn to that of the next, and then until woken.

        While things move, the senders ask for a turn when half of what they were given is done, so that a commit is for
        as many as possible and yet nobody waits for it. When nothing does, until something starts, a quarter of a
        second at most.
        """
        interval = self.timings.commit
        await asyncio.sleep(max(0.0, began + interval - self.clock.monotonic()))
        idle = not moved and not self.fleet.busy
        longest = min(self._starts_in, IDLE_SECONDS) if idle else interval * REST_MOST
        self._starts_in = IDLE_SECONDS
        try:
            async with asyncio.timeout(longest):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _drain(self, loader: Loader) -> None:
        deadline = self.clock.monotonic() + self.timings.call_timeout + 1.0
        while self.clock.monotonic() < deadline:
            self.fleet.close_doors()
            await outlive(lambda: self._turn(loader))
            if not self._finished and self.fleet.idle and not self.fleet.busy:
                return
            await asyncio.sleep(self.timings.commit)

    async def _every(self, seconds: float, act: Callable[[], Awaitable[object]]) -> None:
        while True:
            await outlive(act)
            await asyncio.sleep(seconds)
