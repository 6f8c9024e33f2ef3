"""The engine alone, in a process that may be killed.

It has real channels by the registry and timings by CLARION_TIMINGS_*; only the words are simple. It says that it works
(on SQLite: when it holds the engine's lock) and runs until SIGTERM.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

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

FORKS: Final = get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Given:
    """What a worker is told at its start."""

    url: str
    key: str
    words: str
    environment: dict[str, str]
    log: Path


async def work(database: Database, given: Given, says: Connection) -> None:
    clock, timings, keyring = SystemClock(), Timings(), Keyring(given.key)
    http = Http(Timeouts(timings.connect_timeout, timings.call_timeout), now=clock.now, allow_private=True)

    def open_channel(endpoint: Endpoint, _drill: bool) -> Channel:
        return registry.open_channel(endpoint.channel, full_settings(endpoint, keyring.unseal), http)

    def compose(
        row: BroadcastRow, medium: Medium, _: Info, language: str, _v: int, _linked: bool, _area: str
    ) -> Message:
        return Message(medium, language, f"{given.words} {row.update_id}.", subject=given.words)

    composer = Composer(compose, clock, "https://clarion.example.org", keyring.key("reference"), keyring.key("manage"))
    engine = Engine(database, open_channel, composer, clock, timings, alone=database.is_sqlite)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    says.send("working")
    says.close()
    await engine.run(stop)
    await http.aclose()


class WorkerProcess:
    """`with WorkerProcess(...) as worker: worker.pid`; it is working when `start` returns.

    A child of a process that has loaded everything before: a start costs a hundredth of what a new interpreter does.
    """

    def __init__(self, url: str, key: str, words: str, environment: dict[str, str], log: Path) -> None:
        self._given = Given(url, key, words, environment, log)
        self._process: ForkServerProcess | None = None
        self.working_at = 0.0
        """On the rig's clock, when it said so."""

    @property
    def pid(self) -> int:
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    def start(self) -> Self:
        heard, says = FORKS.Pipe(duplex=False)
        process = self._process = FORKS.Process(target=run, args=(self._given, says))
        process.start()
        says.close()
        try:
            heard.recv()
        except EOFError:
            self.until_dead()
            raise RuntimeError(f"it does not work: {self._given.log.read_text(errors='replace')[-2_000:]}") from None
        finally:
            heard.close()
        self.working_at = time.monotonic()
        return self

    @property
    def alive(self) -> bool:
        assert self._process is not None
        return self._process.is_alive()

    def freeze(self) -> None:
        """It stands still in the middle of whatever it did, until `thaw`."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, and see it dead."""
        os.kill(self.pid, signal.SIGKILL)
        self.until_dead()

    def until_dead(self, seconds: float = PATIENCE) -> int:
        """The exit code; -9 after a SIGKILL."""
        assert self._process is not None
        self._process.join(seconds)
        if self._process.exitcode is None:
            raise TimeoutError("it lives on")
        return self._process.exitcode

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None or not self.alive:
            return
        self.thaw()
        os.kill(self.pid, signal.SIGTERM)
        try:
            self.until_dead()
        except TimeoutError:
            self.kill()


def run(given: Given, says: Connection) -> None:
    """The life of a worker."""
    with given.log.open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.environ.clear()
    os.environ.update(given.environment)
    configure_logging("WARNING")
    database = Database(given.url)
    with ExitStack() as held:
        if database.is_sqlite and not held.enter_context(engine_lock(Path(database.url.database or ""))):
            raise SystemExit("another engine is running")
        asyncio.run(work(database, given, says))
