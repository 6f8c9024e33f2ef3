"""Wake-ups between processes on PostgreSQL: a call in the transaction that makes the work, heard once it commits.

A call may be lost (a listener that reconnects, a pooler): everybody looks by themselves at least once a second too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.engine import make_url

CHANNEL: Final = "clarion"
LOOK_SECONDS: Final = 1.0
"""Between two looks whether to stop, and before the next try to connect."""


def call(connection: Connection) -> None:
    """Whoever listens hears it when this transaction commits; on SQLite the only engine is in this process."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


class Listener:
    """One connection of its own, straight to the server: a pooler in transaction mode keeps no LISTEN."""

    def __init__(self, url: str, ring: Callable[[], None]) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._ring = ring
        self.hears = asyncio.Event()
        """Set while connected."""

    async def run(self, stop: asyncio.Event) -> None:
        """Ring at every call until `stop` is set; a connection that is lost is made again."""
        import psycopg  # late, as in the other places: without a server database nobody needs it

        while not stop.is_set():
            with suppress(psycopg.Error, OSError):
                await self._listen(stop)
            self.hears.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await stop.wait()

    async def _listen(self, stop: asyncio.Event) -> None:
        import psycopg

        connection = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=5, keepalives_idle=5, keepalives_interval=2, keepalives_count=3
        )
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}".encode())
            self.hears.set()
            self._ring()  # for what was called while nobody listened
            while not stop.is_set():
                async for _ in connection.notifies(timeout=LOOK_SECONDS):
                    self._ring()
