"""How each push service answers: one that has fallen silent holds up nobody's devices but its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

SILENT_AFTER: Final = 5
"""Calls in a row without an answer, and a push service is left alone for `SILENT`: each call waits for seconds, and
as many as there may be at once would soon be waiting for it, with the devices of all others behind them.
"""
SILENT: Final = timedelta(seconds=10)
MOST_KEPT: Final = 64

Kept = TypeVar("Kept")


class Services:
    """How the push services answer, each by its host. For the tasks of one event loop."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._answered: dict[str, datetime] = {}
        self._troubles: dict[str, tuple[int, datetime]] = {}
        """Calls in a row without an answer, and until when it is left alone."""

    def left_alone(self, host: str) -> float:
        """Seconds for which it is not to be called; then one call at a time finds out."""
        times, until = self._troubles.get(host, (0, self._now()))
        left = (until - self._now()).total_seconds()
        if times >= SILENT_AFTER and left <= 0:
            self._troubles[host] = (times, self._now() + SILENT)
        return min(max(0.0, left), SILENT.total_seconds()) if times >= SILENT_AFTER else 0.0

    def answered(self, host: str) -> None:
        self._troubles.pop(host, None)
        self._note(self._answered, host, self._now())

    def silent(self, host: str) -> bool:
        """Whether that is its own trouble: another one has answered a moment ago."""
        times, _ = self._troubles.get(host, (0, None))
        self._note(self._troubles, host, (times + 1, self._now() + SILENT))
        return any(one != host and self._now() - at < SILENT for one, at in self._answered.items())

    @staticmethod
    def _note(kept: dict[str, Kept], host: str, what: Kept) -> None:
        kept.pop(host, None)
        kept[host] = what
        if len(kept) > MOST_KEPT:
            del kept[next(iter(kept))]
