"""The gauges of one process: read at each scrape from counters, and kept as they were while the database is silent."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Final

from app.clock import Clock, to_ms
from app.domain.delivery import Event, Result, State
from app.domain.planning import Lane
from app.domain.reading_back import Verdict
from app.engine.control import Control
from app.engine.fleet import Fleet
from app.observe import (
    BREAKER,
    DATABASE_UP,
    DELIVERIES,
    HALTED,
    HANDOFF,
    NOTICES,
    OUTCOMES,
    PUBLISHER_AGE,
    QUEUE,
    READ_BACK,
    READ_BACK_SKEW,
    RECEIPTS_LAG,
    TARGET_FAILING,
    TARGET_SEQ,
    WORKERS,
    exposition,
)
from app.store import breakers, vitals
from app.store.breakers import BreakerRow
from app.store.database import FAULTS, Database
from app.store.ledger import BroadcastRow
from app.store.settling import Finished, Settled
from app.store.vitals import Vitals

PATIENCE_SECONDS: Final = 1.0
"""For the database; past it the last values are shown and `clarion_database_up` is 0."""
WORKER_SILENCE_MS: Final = 20_000


class Breaker(IntEnum):
    """What `clarion_breaker` says of an endpoint."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2
    HALTED = 3


@dataclass(slots=True)
class Gauges:
    db: Database
    clock: Clock
    published_at: Callable[[], datetime | None]
    """When this process last wrote the website."""
    patience: float = PATIENCE_SECONDS
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="vitals"))
    _reading: Future[Vitals] | None = None
    _one_scrape: threading.Lock = field(default_factory=threading.Lock)

    def exposition(self) -> bytes:
        """All metrics in the Prometheus text format; never longer than `patience` and a little."""
        with self._one_scrape:
            self._refresh()
            return exposition()

    def _refresh(self) -> None:
        # A reading that hangs stays the only one: no thread and no connection is spent on a second.
        reading, self._reading = self._reading or self._thread.submit(self._read), None
        try:
            self._show(reading.result(self.patience))
            DATABASE_UP.set(1)
        except TooSlow:
            self._reading = reading
            DATABASE_UP.set(0)
        except FAULTS:
            DATABASE_UP.set(0)
        self._show_own()

    def _read(self) -> Vitals:
        with self.db.reading() as connection:
            return vitals.read(connection)

    def _show(self, found: Vitals) -> None:
        now_ms = to_ms(self.clock.now())
        for gauge in (QUEUE, NOTICES, HALTED, BREAKER):
            gauge.clear()
        for depth in found.depths:
            for state, number in depth.states.items():
                QUEUE.labels(Lane(depth.lane).name.lower(), depth.endpoint, state.value).set(number)
        for state in State:
            DELIVERIES.labels(state.value).set(found.live.get(state, 0))
        for slug, halted in found.halted.items():
            HALTED.labels(slug).set(halted)
            BREAKER.labels(slug).set(breaker(halted, found.breakers[slug], now_ms))
        for severity, number in found.notices.items():
            NOTICES.labels(severity).set(number)
        _show_website(found)
        oldest = found.receipt_heard_ms
        RECEIPTS_LAG.set(0 if oldest is None else max(0, now_ms - oldest) / 1000)
        WORKERS.set(sum(now_ms - seen <= WORKER_SILENCE_MS for seen in found.workers_seen_ms))

    def _show_own(self) -> None:
        published = self.published_at()
        if published is not None:
            PUBLISHER_AGE.set(max(0.0, (self.clock.now() - published).total_seconds()))


def _show_website(found: Vitals) -> None:
    for gauge in (TARGET_SEQ, TARGET_FAILING, READ_BACK, READ_BACK_SKEW):
        gauge.clear()
    for slug, state in found.targets.items():
        TARGET_SEQ.labels(slug).set(state.seq)
        TARGET_FAILING.labels(slug).set(state.failures > 0)
    for slug, seen in found.seen.items():
        READ_BACK.labels(slug).set(seen.verdict is Verdict.AS_PUBLISHED)
        if seen.skew is not None:
            READ_BACK_SKEW.labels(slug).set(seen.skew)


def breaker(halted: bool, shared: BreakerRow | None, now_ms: int) -> Breaker:  # noqa: FBT001 - as it is stored
    """What all workers go by, whichever of them is asked."""
    if halted:
        return Breaker.HALTED
    match shared.phase(now_ms) if shared is not None else breakers.CLOSED:
        case breakers.CLOSED:
            return Breaker.CLOSED
        case breakers.OPEN:
            return Breaker.OPEN
        case _:
            return Breaker.HALF_OPEN


def count(finished: Finished, closed: Iterable[Settled], control: Control, fleet: Fleet) -> None:
    """What one committed turn settled, and whom it `closed` at the door: counted together, not one by one."""
    reasons = Counter((row.endpoint, row.result, row.reason) for row in finished.rows)
    reasons.update((row.endpoint, row.result, row.reason) for row in closed)
    for group in finished.taken:
        reasons[group.origin.endpoint, Result.ACCEPTED, Event.ACCEPTED] += len(group)
    for (endpoint_id, result, reason), number in reasons.items():
        runner = fleet.get(endpoint_id)
        slug = runner.endpoint.slug if runner else str(endpoint_id)
        OUTCOMES.labels(slug, result.value if result else "put_back", reason).inc(number)
    waits: defaultdict[int, list[float]] = defaultdict(list)
    for row in finished.rows:
        if row.result is Result.ACCEPTED:
            waits[row.lane] += _waits(control.get(row.broadcast), [row.at_ms])
    for group in finished.taken:
        waits[group.origin.lane] += _waits(control.get(group.origin.broadcast), group.at_ms)
    for lane, seconds in waits.items():
        HANDOFF.add(Lane(lane).name.lower(), seconds)


def _waits(broadcast: BroadcastRow | None, at_ms: Sequence[int]) -> list[float]:
    """Seconds from `send` to acceptance."""
    if broadcast is None or broadcast.sent_ms is None:
        return []
    sent_ms = broadcast.sent_ms
    return [(at - sent_ms) / 1000 for at in at_ms]
