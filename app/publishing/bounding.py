"""A disk that hangs must not hold up anybody: its target is waited for so long and no longer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

from app.domain.snapshot import Snapshot
from app.publishing.targets import Placement, Result, Target

T = TypeVar("T")

DISK_SECONDS: Final = 10.0
"""A network disk that is gone makes every call wait for ever; a healthy one writes a website in milliseconds."""


class Bounded:
    """The same target, each call bounded. While one hangs the next ones are refused at once: no thread piles up."""

    def __init__(self, target: Target, seconds: float = DISK_SECONDS) -> None:
        self._target = target
        self._seconds = seconds
        self._thread: threading.Thread | None = None
        self._known = 0

    @property
    def name(self) -> str:
        return self._target.name

    def seq(self) -> int:
        """The last one known when the disk does not answer."""
        found = self._within(self._target.seq)
        if found is not None:
            self._known = max(self._known, found)
        return self._known

    def write(self, snapshot: Snapshot) -> Placement:
        placed = self._within(lambda: self._target.write(snapshot))
        if placed is None:
            return Placement(self.name, Result.FAILED, f"the disk has not answered within {self._seconds:g} s")
        return placed

    def _within(self, act: Callable[[], T]) -> T | None:
        """What `act` comes to, None when it takes too long or another one still does."""
        if self._thread is not None and self._thread.is_alive():
            return None
        found: list[T] = []
        # A daemon: one that never comes back must not keep the process from ending.
        self._thread = threading.Thread(target=lambda: found.append(act()), name=f"disk {self.name}", daemon=True)
        self._thread.start()
        self._thread.join(self._seconds)
        return found[0] if found else None


def within(act: Callable[[], T], seconds: float = DISK_SECONDS) -> T | None:
    """What reading from a disk comes to, None when it does not answer in time."""
    found: list[T] = []
    thread = threading.Thread(target=lambda: found.append(act()), name="disk", daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else None
