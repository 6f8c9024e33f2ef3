"""Which passes were taken back, known without waiting for a database that is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from app.clock import Clock
from app.publishing.bounding import within
from app.store import revoked_passes
from app.store.database import FAULTS, Database

EVERY: Final = 5.0
"""Seconds between two questions: how long a pass may still open something in another process."""
PATIENCE: Final = 1.0
"""For one question; past it what was known last holds."""


@dataclass(slots=True)
class Revoked:
    db: Database
    clock: Clock
    _known: frozenset[bytes] = frozenset()
    _asked: float | None = None
    _one: threading.Lock = field(default_factory=threading.Lock)

    def hashes(self) -> frozenset[bytes]:
        """SHA-256 of each; one thread asks, the others take what is known."""
        now = self.clock.monotonic()
        if (self._asked is None or now - self._asked >= EVERY) and self._one.acquire(blocking=False):
            try:
                self._asked = now
                found = within(self._read, PATIENCE)
                self._known = self._known if found is None else found
            finally:
                self._one.release()
        return self._known

    def _read(self) -> frozenset[bytes]:
        try:
            with self.db.reading() as connection:
                return revoked_passes.hashes(connection, self.clock.now())
        except FAULTS:
            return self._known


Hashes = Callable[[], frozenset[bytes]]


def nothing() -> frozenset[bytes]:
    return frozenset()
