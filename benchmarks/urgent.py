"""How long an emergency takes to 100 people behind a long queue of routine texts on the same endpoint.

`python -m benchmarks.urgent --people N --ports F`: a broadcast to N is under way, then one after the other ROUNDS
emergencies go to HUNDRED people each. Milliseconds from `send` to the provider's acceptance, over all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import uvloop
from sqlalchemy import select

from app.settings import Settings
from app.store import updates
from app.store.ledger_tables import broadcast, outcome
from app.store.migrate import upgrade
from app.usecases.save_audience import save_audience
from app.usecases.send_update import send_update
from app.wiring import Wiring, build
from benchmarks import one

HUNDRED: Final = 100
ROUNDS: Final = 10
AFTER_SECONDS: Final = 2.0
"""Until the first emergency, so that the queue is well under way."""
LONGEST: Final = 60.0
SECOND_MS: Final = 1_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--ports", type=Path, required=True)
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
    one.seed(wired, max(given.people, HUNDRED), one.CHANNELS["sms"][2], apart=HUNDRED)
    now = wired.clock.now()
    save_audience(wired.db, one.AUTHOR, "hundred", {"rule": {"areas": ["apart"]}}, None, now)
    idle = given.people <= 10 * HUNDRED
    routine, _ = one.stage(wired, "everyone", "routine")
    urgent = [one.stage(wired, "hundred", "emergency")[0] for _ in range(ROUNDS)]
    waits: list[int] = []
    async with wired.running():
        if not idle:
            send_update(wired.db, one.AUTHOR, routine, wired.clock.now())
        await asyncio.sleep(AFTER_SECONDS)
        for update_id in urgent:
            send_update(wired.db, one.AUTHOR, update_id, wired.clock.now())
            wired.bell.ring()
            waits += await _handed_over(wired, update_id)
        left = _unsent(wired, routine)
        wired.engine.fleet.close_doors()
    p99 = statistics.quantiles(waits, n=100)[98]
    late = [f"the 99th percentile is {p99:.0f} ms"] if p99 >= SECOND_MS else []
    if not idle and not left:
        late.append("the queue was empty before the last emergency")
    return {
        "people": given.people,
        "emergencies": ROUNDS,
        "median_ms": round(statistics.median(waits)),
        "p99_ms": round(p99),
        "most_ms": max(waits),
        "not_met": late,
    }


async def _handed_over(wired: Wiring, update_id: int) -> list[int]:
    deadline = time.monotonic() + LONGEST
    taken = (
        select(outcome.c.at_ms - broadcast.c.sent_ms)
        .join(broadcast, broadcast.c.id == outcome.c.broadcast)
        .where(broadcast.c.update_id == update_id, outcome.c.result == "accepted")
    )
    waits: list[int] = []
    while time.monotonic() < deadline:
        await asyncio.sleep(0.05)
        with wired.db.reading() as connection:
            waits = list(connection.scalars(taken))
        if len(waits) == HUNDRED:
            return waits
    raise SystemExit(f"only {len(waits)} of {HUNDRED} were handed over")


def _unsent(wired: Wiring, update_id: int) -> bool:
    with wired.db.reading() as connection:
        return updates.get(connection, update_id).state.value != "done"


if __name__ == "__main__":
    main()
