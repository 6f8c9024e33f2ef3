"""`clarion serve` in a process of its own, that can be killed like one."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.store.database import Database
from app.store.migrate import upgrade
from tests.architecture.tree import ROOT
from tests.patience import PATIENCE

PROGRAM: Final = "import sys; from app.cli import main; sys.exit(main())"
ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d+")
KEY: Final = "a key that only tests know, long enough to be one"


@dataclass(frozen=True, slots=True)
class Serving:
    base: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)


def told(database_url: str, folder: Path, **more: str) -> dict[str, str]:
    """What the process finds in its environment."""
    return {
        "CLARION_DATABASE_URL": database_url,
        "CLARION_PUBLISH_DIR": str(folder),
        "CLARION_SECRET_KEY": KEY,
        "CLARION_LOG_LEVEL": "ERROR",
        **more,
    }


@contextmanager
def migrated(folder: Path) -> Iterator[Database]:
    """A database as `clarion serve` leaves it, in `folder`/clarion.db."""
    url = f"sqlite:///{folder}/clarion.db"
    upgrade(url)
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def serving(
    environment: Mapping[str, str], log: Path, *, port: int = 0, around: tuple[str, ...] = ()
) -> Iterator[Serving]:
    """Running and listening; ended at the end, if it was not killed before."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*around, sys.executable, "-c", PROGRAM, "serve", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Serving(_address(process, log), process, log)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def kept(port: int) -> Iterator[None]:
    """Nobody is given this port by chance any more; whoever names it may listen on it."""
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", port))  # never listens: then others that allow it too may be bound beside it
        yield


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        found = ADDRESS.search(log.read_text("utf-8"))
        if found is not None:
            _, _, port = found[0].rpartition(":")
            with suppress(OSError), socket.create_connection(("127.0.0.1", int(port)), timeout=PATIENCE):
                return found[0]
        time.sleep(0.02)
    raise AssertionError(f"it did not start:\n{log.read_text('utf-8')[-3000:]}")
