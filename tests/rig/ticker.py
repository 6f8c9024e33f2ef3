"""The scheduler alone, in a process that may be frozen or killed.

`python -m tests.rig.ticker --database URL --key KEY` says `ticking` and fires what is due until SIGTERM; it lists
audiences too, as the engine would, and sends nothing.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
from contextlib import suppress

from sqlalchemy.exc import DBAPIError

from app.clock import SystemClock
from app.errors import ClarionError
from app.keyring import Keyring
from app.observe import configure_logging
from app.store import updates
from app.store.database import Database
from app.usecases.carry_out import carry_out
from app.usecases.fire_due import Cadence, fire_due
from app.usecases.stage_update import stage_update

PAUSE_SECONDS = 0.05


def start(database_url: str, key: str) -> subprocess.Popen[str]:
    """Returns when it ticks."""
    command = [sys.executable, "-m", "tests.rig.ticker", "--database", database_url, "--key", key]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ticking":
        process.kill()
        raise RuntimeError("the ticker ended at once")
    return process


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--key", required=True)
    given = parser.parse_args()
    configure_logging("CRITICAL")
    stop, clock = threading.Event(), SystemClock()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    db = Database(given.database)
    cadence = Cadence(db, clock.now, Keyring(given.key), lambda _: (), lambda _, since: f"Nothing new since {since}.")
    sys.stdout.write("ticking\n")
    sys.stdout.flush()
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
