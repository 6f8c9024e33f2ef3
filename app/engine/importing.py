"""Takes in the lists that staff handed in: in a process of its own, one at a time, behind everything that is urgent.

The process reads and writes for minutes; here it would hold the interpreter's lock against a running broadcast. When it
dies, or this one does, the next that looks goes on from the last committed row.
"""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Final

from app.clock import Clock, to_ms
from app.engine.supervising import outlive
from app.keyring import Keyring
from app.store import imports
from app.store.database import Database
from app.usecases.manage_imports import carry_on, forget_files

FAILED: Final = "importing_failed"
POLL_SECONDS: Final = 2.0
SWEEP_SECONDS: Final = 3_600.0
NICE: Final = 10
GOODBYE: Final = 5.0


@dataclass(slots=True)
class Importer:
    db: Database
    clock: Clock
    keyring: Keyring
    _process: BaseProcess | None = field(default=None, init=False)
    _swept: float | None = field(default=None, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; an import under way ends with its transaction and goes on with the next start."""
        try:
            while not stop.is_set():
                await outlive(self._look, FAILED)
                try:
                    async with asyncio.timeout(POLL_SECONDS):
                        await stop.wait()
                except TimeoutError:
                    continue
        finally:
            await asyncio.to_thread(self._end)

    async def _look(self) -> None:
        if self._process is not None and self._process.is_alive():
            return
        if await asyncio.to_thread(self._waits):
            await asyncio.to_thread(self._begin)
        now = self.clock.monotonic()
        if self._swept is None or now - self._swept > SWEEP_SECONDS:
            self._swept = now
            await asyncio.to_thread(forget_files, self.db, self.clock.now())

    def _waits(self) -> bool:
        with self.db.reading() as connection:
            return imports.next_waiting(connection, to_ms(self.clock.now())) is not None

    def _begin(self) -> None:
        self._end()
        url = self.db.url.render_as_string(hide_password=False)
        work = (url, self.keyring, self.clock.now(), os.getpid())
        self._process = get_context("spawn").Process(target=take_in, args=work, daemon=True)
        self._process.start()

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        self._process.join(GOODBYE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(GOODBYE)
        self._process = None


def take_in(url: str, keyring: Keyring, now: datetime, parent: int) -> None:
    """In a process of its own: what waits, one list after the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICE)
    db = Database(url, bulk=True)

    def still() -> None:
        if os.getppid() != parent:
            raise SystemExit("whoever started this is gone")

    try:
        while carry_on(db, keyring, now, still) is not None:
            now = datetime.now(UTC)
    finally:
        db.close()
