"""Carries each snapshot to the targets in the database, every one by itself: none waits for another.

Of all processes of an installation one at a time carries to a target, by lease. The newest snapshot wins: what was
overtaken while a target was slow is never placed.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from app.clock import Clock, to_ms
from app.domain.snapshot import Snapshot
from app.domain.targets import Target, TargetState, wait_after
from app.errors import ClarionError
from app.observe import TARGET_PLACEMENTS, logger
from app.publishing.targets import Placement, Result, after
from app.store import duties, publishing, targets
from app.store.database import FAULTS, Database

log = logger("publishing.couriers")

LEASE_SECONDS: Final = 15.0
RENEW_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 2.0
"""How often a change of the targets is noticed, and a lease that became free."""
AHEAD: Final = "target_ahead"
"""Reason of a request: a target holds a number nobody here gave, so the next one must be above it."""


class Remote(Protocol):
    async def place(self, snapshot: Snapshot) -> Placement:
        """Replace the site by `snapshot` unless it is not newer. Bounded in time; raises for nothing outside."""
        ...


@dataclass(slots=True)
class _Courier:
    """One target in one revision."""

    target: Target
    remote: Remote
    task: asyncio.Task[None] | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Couriers:
    db: Database
    open_target: Callable[[Target], Remote]
    """Raises ClarionError when its settings or secrets cannot be used."""
    clock: Clock
    me: str = field(default_factory=lambda: secrets.token_hex(8))
    jitter: Callable[[], float] = random.random
    _snapshot: Snapshot | None = None
    _couriers: dict[str, _Courier] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop | None = None

    def offer(self, snapshot: Snapshot) -> None:
        """Carry this one from now on; from any thread, and returns at once."""
        if self._snapshot is None or snapshot.seq > self._snapshot.seq:
            self._snapshot = snapshot
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ring)

    def _ring(self) -> None:
        for courier in self._couriers.values():
            courier.news.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; what is under way then is cut short, and the next publication makes it whole."""
        self._loop = asyncio.get_running_loop()
        try:
            while not stop.is_set():
                try:
                    self._adopt(await asyncio.to_thread(self._configured))
                except FAULTS as error:  # those we know go on
                    log.warning("targets_not_read", error=type(error).__name__)
                await _pause(stop, LOOK_SECONDS)
        finally:
            for courier in self._couriers.values():
                _dismiss(courier)
            await asyncio.to_thread(self._let_go)

    async def place_now(self, snapshot: Snapshot) -> Sequence[Placement]:
        """Once at every target, all at the same time, whoever holds the leases; what came of it is written down."""
        configured = await asyncio.to_thread(self._configured)
        return await asyncio.gather(*(self._once(target, snapshot) for target in configured))

    async def _once(self, target: Target, snapshot: Snapshot) -> Placement:
        try:
            remote = self.open_target(target)
        except ClarionError as fault:
            return Placement(target.slug, Result.FAILED, fault.problems[0].sentence)
        placement = await remote.place(snapshot)
        await self._write_down(target.slug, placement, snapshot)
        return placement

    def _configured(self) -> list[Target]:
        with self.db.reading() as connection:
            return targets.everything(connection)

    def _adopt(self, configured: Sequence[Target]) -> None:
        """Start couriers for what is new or changed, dismiss those of what is gone."""
        wanted = {target.slug: target for target in configured}
        for slug, courier in list(self._couriers.items()):
            if slug not in wanted or wanted[slug].revision != courier.target.revision:
                _dismiss(self._couriers.pop(slug))
        for slug, target in wanted.items():
            if slug in self._couriers and not _died(self._couriers[slug]):
                continue
            try:
                remote = self.open_target(target)
            except ClarionError as fault:
                remote = _Unusable(slug, fault.problems[0].sentence)
            courier = self._couriers[slug] = _Courier(target, remote)
            courier.task = asyncio.create_task(self._serve(courier), name=f"carry to {slug}")

    async def _serve(self, courier: _Courier) -> None:
        placed, failures, due, held_at = 0, 0, 0.0, -RENEW_SECONDS
        slug = courier.target.slug
        while True:
            courier.news.clear()
            now = self.clock.monotonic()
            ours = now - held_at < RENEW_SECONDS or await asyncio.to_thread(self._hold, slug)
            if ours and now - held_at >= RENEW_SECONDS:
                held_at = now
            snapshot = self._snapshot
            if ours and snapshot is not None and snapshot.seq > placed and now >= due:
                placement = await courier.remote.place(snapshot)
                failed = placement.result is Result.FAILED
                failures = failures + 1 if failed else 0
                placed = placed if failed else snapshot.seq
                due = self.clock.monotonic() + wait_after(failures, self.jitter()) if failed else 0.0
                await self._write_down(slug, placement, snapshot)
                if not failed:
                    continue
            await _pause(courier.news, LOOK_SECONDS)

    def _hold(self, slug: str) -> bool:
        """A database that is gone stops nobody: two that carry the same are told apart by the target itself."""
        now_ms = to_ms(self.clock.now())
        try:
            with self.db.writing() as tx:
                return duties.hold(tx, _duty(slug), self.me, now_ms=now_ms, lease_ms=int(LEASE_SECONDS * 1000))
        except FAULTS:
            return True

    def _let_go(self) -> None:
        try:
            with self.db.writing() as tx:
                duties.let_go(tx, self.me)
        except FAULTS:
            log.warning("leases_not_given_back")

    async def _write_down(self, slug: str, placement: Placement, snapshot: Snapshot) -> None:
        TARGET_PLACEMENTS.labels(slug, placement.result.value).inc()
        if placement.result is not Result.PLACED:
            log.warning("target_not_written", target=slug, result=placement.result.value, why=placement.detail)
        try:
            await asyncio.to_thread(self._note, slug, placement, snapshot)
        except FAULTS as error:
            log.warning("target_state_not_kept", target=slug, error=type(error).__name__)

    def _note(self, slug: str, placement: Placement, snapshot: Snapshot) -> None:
        now = self.clock.now()
        with self.db.writing() as tx:
            known: Mapping[str, TargetState] = targets.states(tx)
            before = known.get(slug, TargetState(slug))
            targets.note(tx, after(before, placement, snapshot.seq, now))
            foreign = placement.held >= snapshot.seq and placement.result is Result.NOT_NEWER
            same = placement.held == snapshot.seq
            if foreign and (same or publishing.issue(tx, placement.held) is None):
                publishing.request(tx, AHEAD, now)


@dataclass(frozen=True, slots=True)
class _Unusable:
    """Stands for a target that cannot be opened, so that its state says why."""

    name: str
    why: str

    async def place(self, snapshot: Snapshot) -> Placement:
        return Placement(self.name, Result.FAILED, self.why)


def _duty(slug: str) -> str:
    return f"carry to {slug}"


def _died(courier: _Courier) -> bool:
    task = courier.task
    if task is None or not task.done():
        return False
    error = None if task.cancelled() else task.exception()
    log.error("courier_died", target=courier.target.slug, error=type(error).__name__, exc_info=error)
    return True


def _dismiss(courier: _Courier) -> None:
    if courier.task is not None:
        courier.task.cancel()


async def _pause(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
