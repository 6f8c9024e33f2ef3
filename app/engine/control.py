"""What staff want right now: read every quarter of a second, and trusted for half a second at most."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.clock import Clock, to_ms
from app.settings import Timings
from app.store import addresses, ledger
from app.store.database import DOWN, Database
from app.store.ledger import BroadcastRow

NOBODY: Final[Mapping[int, str]] = MappingProxyType({})
ON_THE_WAY_MS: Final = 300_000
"""How long somebody admitted may wait for their call; who says STOP meanwhile is looked for just before it."""


class Verdict(StrEnum):
    GO = "go"
    HOLD = "hold"
    EXPIRED = "expired"


@dataclass(slots=True)
class Control:
    """The broadcasts that may move. Every request asks `verdict` just before it leaves."""

    db: Database
    clock: Clock
    timings: Timings
    leased_until: float = float("inf")
    """Monotonic; past it another worker may hold what we hold, so nothing may start (set by the engine)."""
    stopped: Mapping[int, str] = field(default_factory=dict)
    """Addresses that people put onto the suppression list a short while ago, and why; some may be admitted already."""
    _rows: Mapping[int, BroadcastRow] = field(default_factory=dict)
    _sure_until: Mapping[int, float] = field(default_factory=dict)
    """Monotonic, for each broadcast that may go: when what was read grows old, or the broadcast expires."""
    _read_at: float = float("-inf")
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self) -> None:
        started = self.clock.monotonic()
        rows, self.stopped = await asyncio.to_thread(self._read)
        self._rows, self._read_at = {row.id: row for row in rows}, started
        self._sure_until = {row.id: self._stays_true_until(row) for row in rows if row.state == "sending"}

    def sending(self) -> list[BroadcastRow]:
        """Best lane first, then oldest."""
        return sorted(
            (row for row in self._rows.values() if row.state == "sending"), key=lambda row: (row.lane, row.id)
        )

    def live(self) -> list[BroadcastRow]:
        return list(self._rows.values())

    def get(self, broadcast_id: int) -> BroadcastRow | None:
        return self._rows.get(broadcast_id)

    def goes(self, broadcast_id: int, now: float) -> bool:
        """Whether it surely may go at this monotonic moment; if not, `verdict` reads again and says why.

        Asked before every single call, so what can be worked out when staff's wishes are read is worked out there.
        """
        return now < self._sure_until.get(broadcast_id, now) and now <= self.leased_until

    async def verdict(self, broadcast_id: int) -> Verdict:
        """Read again if need be. Without fresh knowledge there is no GO: a database that is away, or that took so
        long to answer that its answer is old, means HOLD.
        """
        async with self._reading:
            if self._is_stale():
                try:
                    await self.refresh()
                except DOWN:
                    return Verdict.HOLD
            return Verdict.HOLD if self._is_stale() else self._judge(broadcast_id)

    def _judge(self, broadcast_id: int) -> Verdict:
        row = self._rows.get(broadcast_id)
        if row is None or row.state != "sending" or self.clock.monotonic() > self.leased_until:
            return Verdict.HOLD
        if row.expires_ms is not None and row.expires_ms <= to_ms(self.clock.now()):
            return Verdict.EXPIRED
        return Verdict.GO

    def _stays_true_until(self, row: BroadcastRow) -> float:
        fresh_until = self._read_at + self.timings.control_stale
        if row.expires_ms is None:
            return fresh_until
        left = (row.expires_ms - to_ms(self.clock.now())) / 1000
        return min(fresh_until, self.clock.monotonic() + left)

    def _is_stale(self) -> bool:
        return self.clock.monotonic() - self._read_at > self.timings.control_stale

    def _read(self) -> tuple[list[BroadcastRow], Mapping[int, str]]:
        since_ms = to_ms(self.clock.now()) - ON_THE_WAY_MS
        with self.db.reading() as connection:
            rows = ledger.live_broadcasts(connection)
            return rows, addresses.newly_stopped(connection, since_ms) if rows else NOBODY
