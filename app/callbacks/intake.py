"""Receipts on their way into the database: many callbacks, one commit; nobody is thanked before it.

Bounded on every side: so many receipts wait at most, so many go into one transaction, and nobody waits longer than
PATIENCE_SECONDS. Past any of these the provider is asked to send again, which changes nothing: events are unique.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.clock import Clock
from app.domain.message import Receipt
from app.errors import Problem, Unavailable
from app.observe import RECEIPTS_WAITING, logger
from app.store.database import FAULTS
from app.store.receipts import RawReceipt
from app.usecases.record_receipts import Recorded, ours

COMMIT_SECONDS: Final = 0.02
"""At least this long from one commit to the next; the first one after silence begins at once."""
MOST_WAITING: Final = 20_000
"""Receipts: ten seconds of the fastest stream we promise to take."""
MOST_A_COMMIT: Final = 2_000
"""So that no transaction holds the others up for longer than a tenth of a second."""
PATIENCE_SECONDS: Final = 10.0
"""For the database; Twilio gives up after 15 s by itself."""
COME_BACK_SECONDS: Final = 5.0

Keep = Callable[[Sequence[RawReceipt]], list[bool]]
"""Commits receipts together, in a thread; for each whether it was new. Raises what the database raises."""


@dataclass(slots=True)
class _Parcel:
    rows: list[RawReceipt]
    kept: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """How many were new."""


class Intake:
    """For the tasks of one event loop."""

    def __init__(self, keep: Keep, reference_key: bytes, clock: Clock, most_waiting: int = MOST_WAITING) -> None:
        self._keep = keep
        self._reference_key = reference_key
        self._clock = clock
        self._most_waiting = most_waiting
        self._waiting: list[_Parcel] = []
        self._load = 0
        self._busy: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="receipts")

    async def take(self, endpoint_id: int, heard: Sequence[Receipt], now: datetime) -> Recorded:
        """Returns after the commit that holds them. Raise Unavailable when that cannot be said; then send again."""
        rows = ours(endpoint_id, heard, now, self._reference_key)
        if not rows:
            return Recorded(0, 0, len(heard))
        if self._load and self._load + len(rows) > self._most_waiting:
            raise _too_many()
        parcel = _Parcel(rows)
        self._waiting.append(parcel)
        self._count(len(rows))
        if self._busy is None or self._busy.done():
            self._busy = asyncio.create_task(self._work(), name="keep receipts")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                new = await parcel.kept
        except TimeoutError:
            raise _not_kept() from None
        return Recorded(new, len(rows) - new, len(heard) - len(rows))

    async def _work(self) -> None:
        parcels: list[_Parcel] = []
        try:
            while self._waiting:
                begun = self._clock.monotonic()
                parcels = self._next()
                rows = [row for parcel in parcels for row in parcel.rows]
                self._thank(parcels, await asyncio.get_running_loop().run_in_executor(self._thread, self._keep, rows))
                if self._waiting:
                    await asyncio.sleep(max(0.0, begun + COMMIT_SECONDS - self._clock.monotonic()))
        except FAULTS as error:
            logger("clarion.callbacks").error("receipts_not_kept", receipts=self._load, kind=type(error).__name__)
        finally:
            # Nobody is left waiting: when the database is gone, everybody is told now, not one after the other.
            self._give_up([*parcels, *self._waiting])

    def _next(self) -> list[_Parcel]:
        """Those who came first, as many as fit into one transaction and at least one."""
        size, number = 0, 0
        for parcel in self._waiting:
            size += len(parcel.rows)
            if number and size > MOST_A_COMMIT:
                break
            number += 1
        taken, self._waiting = self._waiting[:number], self._waiting[number:]
        return taken

    def _thank(self, parcels: Sequence[_Parcel], new: Sequence[bool]) -> None:
        flags = iter(new)
        for parcel in parcels:
            count = sum(next(flags) for _ in parcel.rows)
            if not parcel.kept.done():
                parcel.kept.set_result(count)
        self._count(-sum(len(parcel.rows) for parcel in parcels))

    def _give_up(self, parcels: Sequence[_Parcel]) -> None:
        self._waiting.clear()
        self._count(-self._load)
        for parcel in parcels:
            if not parcel.kept.done():
                parcel.kept.set_exception(_not_kept())

    def _count(self, change: int) -> None:
        self._load += change
        RECEIPTS_WAITING.set(self._load)


def _too_many() -> Unavailable:
    sentence = "More receipts wait for the database than we may hold; nothing was changed."
    return Unavailable(Problem("receipts_waiting", sentence, "", "Send them again later."), COME_BACK_SECONDS)


def _not_kept() -> Unavailable:
    sentence = "The receipts could not be kept; nothing was changed."
    return Unavailable(Problem("receipt_not_kept", sentence, "", "Send them again."), COME_BACK_SECONDS)
