"""How long one look of the scheduler takes over many schedules, on SQLite.

    python -m benchmarks.cadence --schedules 10000 --due 100

Prints one JSON document: seconds of a look when nothing is due, and when `due` of them are (each drafts an update and
asks staff). Loopback only, one process, no engine beside it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import insert

from app.clock import FrozenClock
from app.domain.schedules import Schedule
from app.keyring import Keyring
from app.observe import configure_logging
from app.store.database import Database
from app.store.migrate import upgrade
from app.store.schedule_tables import schedule
from app.usecases.carry_out import carry_out
from app.usecases.fire_due import fire_due
from tests.rig.cadences import Rounds
from tests.rig.stage import Stage

START: Final = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--due", type=int, default=100)
    given = parser.parse_args()
    configure_logging("ERROR")
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(_measure(Path(folder), given.schedules, given.due), indent=1))


def _measure(folder: Path, number: int, due: int) -> dict[str, float]:
    url = f"sqlite:///{folder}/bench.db"
    upgrade(url)
    db, clock = Database(url), FrozenClock(START)
    rounds = Rounds(Stage(db, Keyring("a key that only benchmarks know"), clock), clock)
    rounds.prepare()
    _fill(db, number, due)
    idle = min(_look(rounds) for _ in range(5))
    clock.advance(60)
    busy = _look(rounds)
    db.close()
    return {"schedules": number, "due": due, "idle_seconds": round(idle, 4), "due_seconds": round(busy, 3)}


def _fill(db: Database, number: int, due: int) -> None:
    """`due` of them fire at START + 1 min, the others hours later."""
    rows = []
    for index in range(number):
        at = START + (timedelta(minutes=1) if index < due else timedelta(hours=3, seconds=index))
        wanted = {"slug": f"s{index}", "crisis": "outage", "at": at.isoformat(), "endpoints": ["texts"],
                  "audience": "everyone", "ask_before": "1s"}  # fmt: skip
        made = Schedule.from_document(wanted, START)
        rows.append(
            {"slug": made.slug, "document": made.to_document(), "crisis": "outage", "state": "active", "reason": "",
             "next_at": at, "wake_at": at - made.lead, "fired": 0, "revision": 1, "authors": [1], "created_at": START}
        )  # fmt: skip
    with db.writing() as tx:
        tx.execute(insert(schedule), rows)


def _look(rounds: Rounds) -> float:
    began = time.perf_counter()
    fire_due(rounds.cadence(), carry_out)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
