"""An event loop whose clock jumps: production's timings in a test, exact to the microsecond and over in a moment.

The clock stands still while anything runs, in the loop or in a thread, and jumps to the next timer when everybody
waits. So a bound in seconds means the same on a machine that is slow or busy. For tests whose providers live in the
process: a socket's peer would be left behind by the jumps.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

from app.clock import Clock, SystemClock

SOME_DAY: Final = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
Given = TypeVarTuple("Given")
Got = TypeVar("Got")


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._at = 1_000.0
        self._in_threads = 0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self._at

    def jump(self, seconds: float) -> bool:
        """False while a thread works: what it does takes no time, so nobody may be late because of it."""
        if not self._in_threads:
            self._at += seconds
        return not self._in_threads

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Given]], Got], *args: *Given
    ) -> asyncio.Future[Got]:
        future = super().run_in_executor(executor, func, *args)
        self._in_threads += 1
        future.add_done_callback(self._back)
        return future

    def _back(self, _: asyncio.Future[Any]) -> None:
        self._in_threads -= 1


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if ready := super().select(0):
            return ready
        return [] if self._loop.jump(timeout) else super().select(None)


class VirtualClock:
    """The loop's clock, for whom a clock is handed to; make it inside the test."""

    def __init__(self, at: datetime) -> None:
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._at = at

    def now(self) -> datetime:
        return self._at + timedelta(seconds=self._loop.time() - self._start)

    def monotonic(self) -> float:
        return self._loop.time()


def fitting_clock() -> Clock:
    """The clock of the loop this runs in: virtual in a test marked `virtual_time`."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return SystemClock()
    return VirtualClock(SOME_DAY) if isinstance(loop, VirtualLoop) else SystemClock()


VIRTUAL: Final[tuple[str, dict[str, object]]] = ("asyncio", {"loop_factory": VirtualLoop})
"""What `anyio_backend` is for tests marked `virtual_time`."""
