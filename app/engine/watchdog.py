"""An end to calls that take too long: one look at all of an endpoint's senders instead of a timer for every call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final, TypeVar

import structlog

from app.domain.message import Failure, FailureKind, Outcome

log = structlog.get_logger("engine")
Value = TypeVar("Value")

LOOKS: Final = 20
"""How often a call is looked at within its time, so that one ends at most a twentieth of it late."""
IDLE: Final = float("inf")
"""Of `Watch.began`: no call is in flight."""
TIMED_OUT: Final = Failure(FailureKind.AMBIGUOUS, "timeout")


class Watch:
    """One sender under the eyes of a watchdog, a call at a time."""

    __slots__ = ("_task", "_time", "began", "late")

    def __init__(self, task: asyncio.Task[object]) -> None:
        self._task = task
        self._time = task.get_loop().time
        self.began = IDLE
        """When the call in flight began, by the loop's clock."""
        self.late = 0
        """How often it was told to end: a library may lose one cancellation on an answer of the same moment."""

    def end(self) -> None:
        self.late += 1
        self._task.cancel()

    async def guard(self, call: Awaitable[Sequence[Outcome]]) -> Sequence[Outcome] | Failure:
        """What the call comes to. A cancellation by anybody else goes through."""
        self.began = self._time()
        try:
            return await call
        except asyncio.CancelledError:
            if self._task.cancelling() > self.late:
                raise
            return TIMED_OUT
        except Exception as error:
            log.error("channel_broke", error=type(error).__name__, exc_info=error)
            return _broke(error)
        finally:
            self.began = IDLE
            while self.late:
                self.late -= 1
                self._task.uncancel()


class Watchdog:
    """A call that takes longer than `seconds`, or breaks its contract, may have been heard by the provider: ambiguous.

    A timer for every call costs more than everything else that happens to a message on its way out.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._watches: list[Watch] = []

    async def watch(self) -> None:
        """Runs beside the senders until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._seconds / LOOKS)
            too_old = loop.time() - self._seconds
            for one in self._watches:
                if one.began < too_old:
                    one.end()

    def sender(self) -> Watch:
        """A watch for the calls of the task that asks for it."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a call is guarded inside a task")
        self._watches.append(Watch(task))
        return self._watches[-1]


async def guarded(call: Awaitable[Value], seconds: float) -> Value | Failure:
    """The same with a timer of its own, for what is called seldom."""
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError:
        return TIMED_OUT
    except Exception as error:
        log.error("channel_broke", error=type(error).__name__, exc_info=error)
        return _broke(error)


def _broke(error: Exception) -> Failure:
    return Failure(FailureKind.AMBIGUOUS, "channel_broke", type(error).__name__)
