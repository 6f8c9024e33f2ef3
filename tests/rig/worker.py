"""The engine alone, in a process that may be killed.

`python -m tests.rig.worker --database URL --key KEY --words TEXT` has real channels by the registry and timings by
CLARION_TIMINGS_*; only the words are simple. It says `working` (on SQLite: when it holds the engine's lock) and runs
until SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from app.clock import SystemClock
from app.domain.endpoints import Endpoint, full_settings
from app.domain.message import Channel, Info, Medium, Message
from app.engine.composing import Composer
from app.engine.lock import engine_lock
from app.engine.loop import Engine
from app.keyring import Keyring
from app.observe import configure_logging
from app.settings import Timings
from app.store.database import Database
from app.store.ledger import BroadcastRow
from channels import registry
from channels.http import Http, Timeouts
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


async def work(database: Database, key: str, words: str) -> None:
    clock, timings, keyring = SystemClock(), Timings(), Keyring(key)
    http = Http(Timeouts(timings.connect_timeout, timings.call_timeout), now=clock.now, allow_private=True)

    def open_channel(endpoint: Endpoint, _drill: bool) -> Channel:
        return registry.open_channel(endpoint.channel, full_settings(endpoint, keyring.unseal), http)

    def compose(
        row: BroadcastRow, medium: Medium, _: Info, language: str, _v: int, _linked: bool, _area: str
    ) -> Message:
        return Message(medium, language, f"{words} {row.update_id}.", subject=words)

    composer = Composer(compose, clock, "https://clarion.example.org", keyring.key("reference"), keyring.key("manage"))
    engine = Engine(database, open_channel, composer, clock, timings, alone=database.is_sqlite)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sys.stdout.write("working\n")
    sys.stdout.flush()
    await engine.run(stop)
    await http.aclose()


class WorkerProcess:
    """`with WorkerProcess(...) as worker: worker.pid`; it is working when `start` returns."""

    def __init__(self, url: str, key: str, words: str, environment: dict[str, str], log: Path) -> None:
        self._command = [sys.executable, "-m", "tests.rig.worker", "--database", url]
        self._command += ["--key", key, "--words", words]
        self._environment, self._log = environment, log
        self._process: subprocess.Popen[bytes] | None = None
        self.working_at = 0.0
        """On the rig's clock, when it said so."""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=log
            )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"working\n":
            raise RuntimeError(f"it does not work: {self._log.read_text(errors='replace')[-2_000:]}")
        self.working_at = time.monotonic()
        return self

    @property
    def alive(self) -> bool:
        assert self._process is not None
        return self._process.poll() is None

    def freeze(self) -> None:
        """It stands still in the middle of whatever it did, until `thaw`."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, and see it dead."""
        assert self._process is not None
        self._process.kill()
        self.until_dead()

    def until_dead(self, seconds: float = PATIENCE) -> int:
        """The exit code; -9 after a SIGKILL."""
        assert self._process is not None
        code = self._process.wait(seconds)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            self.until_dead()
        except subprocess.TimeoutExpired:
            self.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--words", required=True)
    options = parser.parse_args()
    configure_logging("WARNING")  # on stderr: nobody reads stdout any more once it works
    database = Database(options.database)
    with ExitStack() as held:
        if database.is_sqlite and not held.enter_context(engine_lock(Path(database.url.database or ""))):
            raise SystemExit("another engine is running")
        asyncio.run(work(database, options.key, options.words))


if __name__ == "__main__":
    main()
