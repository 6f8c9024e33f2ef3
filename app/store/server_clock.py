"""The database's clock for all who work on it: leases and release times are compared by machines of many clocks."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text

from app.clock import from_ms
from app.store.database import DOWN, Database

EVERY_SECONDS: Final = 5.0
"""Two quartz clocks drift apart by well under a millisecond in this time."""


class ServerClock:
    """This machine's monotonic clock, set by the database's; steps of the machine's own time of day are not felt.

    Until the first measurement it is the time of this machine. Wrong by half a round trip at most.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: tuple[float, float] | None = None

    def now(self) -> datetime:
        if self._known is None:
            return datetime.now(UTC)
        server_ms, at = self._known
        return from_ms(int(server_ms + (time.monotonic() - at) * 1000))

    def monotonic(self) -> float:
        return time.monotonic()

    def measure(self) -> None:
        """Ask the database what time it is. Raises what the database raises."""
        with self._db.reading() as connection:
            began = time.monotonic()
            server_ms = connection.scalar(text("SELECT extract(epoch FROM clock_timestamp()) * 1000"))
            ended = time.monotonic()
        self._known = (float(server_ms or 0), (began + ended) / 2)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep measuring until `stop` is set; while the database is gone the last measurement goes on."""
        while not stop.is_set():
            with suppress(*DOWN):
                await asyncio.to_thread(self.measure)
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_SECONDS):
                    await stop.wait()
