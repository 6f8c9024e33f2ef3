"""Server time of every console page over a full database: `python -m benchmarks.console` (`make pages`).

A million subscribers with a text and a mail address each, two million deliveries of one update that are settled, a
draft for everybody, an update for everybody that waits for approval, and what tests put on the other pages. Every page
that links lead to is opened `--rounds` times in the process itself, through everything but a socket; what is printed is
the median, the slowest first.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import text

from app.clock import SystemClock
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.principals import Role
from app.domain.reading import iso
from app.observe import configure_logging
from app.store.database import Database
from app.store.migrate import upgrade
from tests.console import Visitor
from tests.console_pages import every_page, furnish
from tests.faces import Api, open_api

GOAL_MS: Final = 100.0
FIRST: Final = 1_000
"""Numbers of the filled-in people begin here: those of the tests come before."""
HERE: Final = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    configure_logging("ERROR")
    with tempfile.TemporaryDirectory(prefix="clarion-bench-") as folder:
        url = f"sqlite:///{folder}/bench.db"
        upgrade(url)
        database = Database(url)
        with open_api(database, url, SystemClock(), Path(folder) / "site", public_url="http://127.0.0.1:8000") as api:
            began = time.perf_counter()
            _fill(api, given.people)
            filled = time.perf_counter() - began
            pages = _measure(api, given.rounds)
        database.close()
    slow = [page for page in pages if page[0] > GOAL_MS]
    shown = [{"page": path, "median_ms": median, "worst_ms": worst} for median, worst, path in pages]
    print(json.dumps({"people": given.people, "filled_seconds": round(filled), "pages": shown}, indent=1))
    return 1 if slow else 0


def _fill(api: Api, people: int) -> None:
    """By SQL where rows are many; the acts are those of staff."""
    api.prepare()
    furnish(api)
    with api.db.reading() as connection:
        now = connection.execute(text("SELECT max(created_at) FROM subscriber")).scalar_one()
    codes = {"sms": MEDIUM_CODES[Medium.SMS], "email": MEDIUM_CODES[Medium.EMAIL]}
    _run(api, "console.sql", {"first": FIRST, "last": FIRST + people - 1, "now": now, **codes})
    later = {"expires_at": iso(api.clock.now() + timedelta(hours=3))}
    first = api.draft(next_update_by=iso(api.clock.now() + timedelta(minutes=25)), **later)
    api.submit(first)
    count = api.done(api.get("viewer", f"/updates/{first}"))["recipients"]
    api.done(api.post("approver", f"/updates/{first}/approve", json={"count": count}))
    api.done(api.post("author", f"/updates/{first}/send"))
    with api.db.reading() as connection:
        broadcast = connection.execute(text("SELECT max(id) FROM broadcast")).scalar_one()
    _run(api, "settled.sql", {"broadcast": broadcast, "at": int(api.clock.now().timestamp() * 1000)})
    api.submit(api.draft(**later))
    api.draft(**later)
    with api.db.writing() as tx:
        tx.execute(text("ANALYZE"))


def _run(api: Api, file: str, values: Mapping[str, object]) -> None:
    for statement in (HERE / file).read_text("utf-8").split(";\n"):
        if statement.strip():
            with api.db.writing() as tx:
                tx.execute(text(statement), values)


def _measure(api: Api, rounds: int) -> list[tuple[float, float, str]]:
    """Median and worst milliseconds of each page, the slowest first."""
    visitor = Visitor(api, base="http://127.0.0.1:8000")
    visitor.enter("admin", Role.ADMIN)
    found = []
    known = every_page(visitor)
    for path in (path for kind in (known.pages, known.parts) for paths in kind.values() for path in paths):
        taken = []
        for _ in range(rounds):
            began = time.perf_counter()
            answer = visitor.client.get(f"/console{path}", headers=visitor.headers)
            taken.append(1_000 * (time.perf_counter() - began))
            if answer.status_code != 200:
                raise SystemExit(f"{path} answered {answer.status_code}")
        found.append((round(statistics.median(taken), 1), round(max(taken), 1), path))
    return sorted(found, reverse=True)


if __name__ == "__main__":
    sys.exit(main())
