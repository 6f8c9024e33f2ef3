"""The scheduler alone, in processes that may be frozen or killed.

`python -m tests.rig.ticker --database URL --key KEY --processes N` says their ids and each fires what is due until
SIGTERM; it lists audiences too, as the engine would, and sends nothing.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy.exc import DBAPIError

from app.clock import SystemClock
from app.errors import ClarionError, Unavailable
from app.keyring import Keyring
from app.observe import configure_logging
from app.store import updates
from app.store.database import Database
from app.usecases.carry_out import carry_out
from app.usecases.fire_due import Cadence, fire_due
from app.usecases.stage_update import stage_update
from tests.patience import PATIENCE

PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Tickers:
    parent: subprocess.Popen[str]
    pids: tuple[int, ...]

    @classmethod
    def start(cls, database_url: str, key: str, processes: int) -> Self:
        """Forked from one that has imported everything, which takes seconds; they tick when this returns."""
        command = [sys.executable, "-m", "tests.rig.ticker", "--database", database_url, "--key", key]
        parent = subprocess.Popen([*command, "--processes", str(processes)], stdout=subprocess.PIPE, text=True)
        assert parent.stdout is not None
        return cls(parent, tuple(int(pid) for pid in parent.stdout.readline().split()))

    def freeze(self, number: int, db: Database) -> None:
        """It stands still in the middle of whatever it does, but not with SQLite's only write lock in its hand.

        Nobody could take that from it, so nothing would be written until it thaws. PostgreSQL ends a transaction that
        stands still (`app.store.database.LIMITS`).
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            os.kill(self.pids[number], signal.SIGSTOP)
            while not _stands_still(self.pids[number]):  # a signal that was sent has not arrived yet
                time.sleep(0.001)
            if not db.is_sqlite or _writable(db):
                return
            self.thaw(number)
            time.sleep(PAUSE_SECONDS)
        raise RuntimeError("whenever it is frozen it holds the write lock")

    def thaw(self, number: int) -> None:
        os.kill(self.pids[number], signal.SIGCONT)

    def kill(self, number: int) -> None:
        os.kill(self.pids[number], signal.SIGKILL)

    def end(self) -> None:
        """All of them, frozen or not."""
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
                os.kill(pid, signal.SIGCONT)
        self.parent.wait(PATIENCE)
        if self.parent.stdout is not None:
            self.parent.stdout.close()


def _stands_still(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "T"


def _writable(db: Database) -> bool:
    try:
        with db.writing():
            return True
    except Unavailable:
        return False


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--processes", type=int, required=True)
    given = parser.parse_args()
    configure_logging("CRITICAL")
    pids: list[int] = []
    for _ in range(given.processes):
        pid = os.fork()
        if not pid:
            _tick(given.database, given.key)
            return
        pids.append(pid)
    sys.stdout.write(f"{' '.join(map(str, pids))}\n")
    sys.stdout.flush()
    for pid in pids:
        os.waitpid(pid, 0)


def _tick(database_url: str, key: str) -> None:
    stop, clock = threading.Event(), SystemClock()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    db = Database(database_url)
    cadence = Cadence(db, clock.now, Keyring(key), lambda _: (), lambda _, since: f"Nothing new since {since}.")
    while not stop.wait(PAUSE_SECONDS):
        with suppress(ClarionError, DBAPIError):  # as the service does: the next look goes on
            fire_due(cadence, carry_out)
            with db.reading() as connection:
                staging = [row.id for row in updates.page(connection, limit=200).items if row.state == "staging"]
            for update_id in staging:
                stage_update(db, update_id, clock.now)
    db.close()


if __name__ == "__main__":
    _main()
