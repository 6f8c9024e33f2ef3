"""Ten thousand schedules: how long one look takes, and how late what is due begins, idle or beside a full fan-out.

`python -m benchmarks.cadence --people N --ports F [--fan-out RECIPIENTS] [--at-once M]`: N schedules, of which DUE fire
in each of SECONDS seconds (with `--at-once` M in the same second) while a running service (scheduler, engine, publisher
in one process) sends to RECIPIENTS people.
Beginning is the occurrence: written in the transaction that drafts the update and asks staff.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import uvloop
from sqlalchemy import insert, select

from app.domain.schedules import Schedule
from app.settings import Settings
from app.store import documents, updates
from app.store.documents import Kind
from app.store.migrate import upgrade
from app.store.schedule_tables import occurrence, schedule
from app.usecases.open_crisis import open_crisis
from app.usecases.record_fact import record_fact
from app.usecases.send_update import send_update
from app.wiring import Wiring, build
from benchmarks import one
from tests.rig.cadences import PLAYBOOK

SECONDS: Final = 10
DUE: Final = 3
"""In each second."""
AFTER: Final = timedelta(seconds=5)
"""Until the first, so that the fan-out is well under way."""
LOOKS: Final = 5
ONE_LOOK: Final = 1.0
BEGINS_MS: Final = 2_000
LONGEST: Final = 90.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, required=True, help="schedules")
    parser.add_argument("--ports", type=Path, required=True)
    parser.add_argument("--fan-out", type=int, default=0)
    parser.add_argument("--at-once", type=int, default=0, help="so many in the same second, instead of some in each")
    given = parser.parse_args()
    given.medium, given.tls = "sms", False
    with (
        tempfile.TemporaryDirectory(prefix="clarion-bench-") as directory,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        print(json.dumps(runner.run(_run(given, Path(directory)))))


async def _run(given: argparse.Namespace, directory: Path) -> dict[str, Any]:
    settings = Settings(
        database_url=f"sqlite:///{directory}/bench.db", publish_dir=directory / "site", secret_key="benchmark key"
    )
    upgrade(settings.database_url)
    wired = build(settings, allow_private=True)
    one.prepare(wired, given)
    one.seed(wired, max(given.fan_out, 1), one.CHANNELS["sms"][2])
    _storm(wired)
    begins = [given.at_once] if given.at_once else [DUE] * SECONDS
    fill(wired, given.people - sum(begins), wired.clock.now() + timedelta(hours=3))
    look = statistics.median(_look(wired) for _ in range(LOOKS))
    update_id, _ = one.stage(wired) if given.fan_out else (0, 0.0)
    async with wired.running():
        if update_id:
            send_update(wired.db, one.AUTHOR, update_id, wired.clock.now())
            wired.bell.ring()
        first = (wired.clock.now() + AFTER).replace(microsecond=0)
        for second, number in enumerate(begins):
            fill(wired, number, first + timedelta(seconds=second), f"now{second}-")
        waits = await _began(wired, sum(begins))
        with wired.db.reading() as connection:
            going_on = update_id and updates.get(connection, update_id).state.value != "done"
        wired.engine.fleet.close_doors()
    p99 = statistics.quantiles(waits, n=100)[98]
    missed = [f"one look takes {look:.2f} s"] if look >= ONE_LOOK else []
    missed += [f"the 99th percentile is {p99:.0f} ms"] if p99 >= BEGINS_MS else []
    missed += ["the fan-out was over before the last schedule"] if update_id and not going_on else []
    return {
        "people": given.people,
        "at_once": given.at_once or DUE,
        "look_ms": round(look * 1000, 1),
        "median_ms": round(statistics.median(waits)),
        "p99_ms": round(p99),
        "most_ms": round(max(waits)),
        "not_met": missed,
    }


def _storm(wired: Wiring) -> None:
    """A crisis with prepared sentences and the facts they need."""
    now = wired.clock.now()
    with wired.db.writing() as tx:
        documents.save(tx, Kind.PLAYBOOK, "plan", {"slug": "plan", **PLAYBOOK}, None)
    crisis = {"slug": "storm", "titles": {"en": "Storm"}, "severity": "major", "playbook": "plan"}
    open_crisis(wired.db, one.AUTHOR, crisis, now)
    for name, value in (("place", "Vientiane"), ("customers", 4200), ("until", "2036-03-10T18:00:00Z")):
        fact = {"name": name, "value": value, "source": "grid control", "max_age": 86_400}
        record_fact(wired.db, one.AUTHOR, "storm", fact, now)


def fill(wired: Wiring, number: int, at: datetime, name: str = "later") -> None:
    """Rows straight into the table: saving them one by one is not measured."""
    now, rows = wired.clock.now(), []
    for index in range(number):
        wanted = {"slug": f"{name}{index}", "crisis": "storm", "at": at.isoformat(), "endpoints": ["way"],
                  "audience": "everyone", "ask_before": "1s"}  # fmt: skip
        made = Schedule.from_document(wanted, now)
        # What is due later is asked about first: the look is as early, and that is when it begins.
        rows.append(
            {"slug": made.slug, "document": made.to_document(), "crisis": "storm", "state": "active", "reason": "",
             "next_at": at, "wake_at": at - made.lead, "fired": 0, "revision": 1, "authors": [1], "created_at": now}
        )  # fmt: skip
    with wired.db.writing() as tx:
        tx.execute(insert(schedule), rows)


def _look(wired: Wiring) -> float:
    began = time.perf_counter()
    wired.scheduler.look()
    return time.perf_counter() - began


async def _began(wired: Wiring, number: int) -> list[float]:
    """Milliseconds from when each was to begin, its time less the second in which staff are asked, until it did."""
    deadline = time.monotonic() + LONGEST
    found: list[tuple[datetime, datetime]] = []
    while time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        with wired.db.reading() as connection:
            found = [(row.due_at, row.at) for row in connection.execute(select(occurrence.c.due_at, occurrence.c.at))]
        if len(found) == number:
            return [(at - due_at + timedelta(seconds=1)).total_seconds() * 1000 for due_at, at in found]
    raise SystemExit(f"only {len(found)} of {number} began")


if __name__ == "__main__":
    main()
