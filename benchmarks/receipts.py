"""Receipts at scale: 2,000 events a second into a real `clarion serve` that sends 500 texts a second meanwhile.

    python -m benchmarks.receipts --seconds 20

500 Twilio posts and 15 SendGrid posts of 100 events arrive each second, on a fixed schedule whatever the answers do; an
acknowledgement is measured from the moment its post was due. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import orjson
import uvloop
from sqlalchemy import func, select
from yarl import URL

from app.domain.message import MEDIUM_CODES, Medium
from app.domain.reference import DeliveryKey, encode
from app.settings import Settings
from app.store.ledger_tables import outcome, receipt, recipient
from app.store.migrate import upgrade
from app.usecases.save_endpoint import save_endpoint
from app.usecases.send_update import send_update
from app.wiring import REFERENCES, Wiring, build, channel_facts
from benchmarks.one import AUTHOR, prepare, seed, stage
from tests.rig.accounts import TWILIO_ACCOUNTS
from tests.rig.ledger import Keep
from tests.rig.process import RigProcess
from tests.rig.signing import EventKey, sign_twilio

TEXTS: Final = 500
MAILS: Final = 15
EVENTS: Final = 100
PACE: Final = 500
BASE: Final = "http://clarion.example"
START_SECONDS: Final = 60.0
DRAIN_SECONDS: Final = 30.0

Letter = tuple[str, dict[str, str], bytes]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clarion-receipts-") as directory, RigProcess(keep=Keep.COUNTS) as rig:
        print(json.dumps(_run(given.seconds, Path(directory), rig), indent=2))


def _run(seconds: int, directory: Path, rig: RigProcess) -> dict[str, Any]:
    settings = Settings(
        database_url=f"sqlite:///{directory}/bench.db",
        publish_dir=directory / "site",
        secret_key="a key of the benchmark, long enough to be one",
        public_url=BASE,
    )
    upgrade(settings.database_url)
    wired = build(settings, allow_private=True)
    key = EventKey()
    _configure(wired, rig, key, directory)
    seed(wired, PACE * seconds, Medium.SMS)
    update, _ = stage(wired)
    letters = _letters(wired, key, seconds)
    send_update(wired.db, AUTHOR, update, wired.clock.now(), site_bound=0.1)
    environment = {
        **os.environ,
        "CLARION_DATABASE_URL": settings.database_url,
        "CLARION_PUBLISH_DIR": str(settings.publish_dir),
        "CLARION_SECRET_KEY": settings.secret_key.get_secret_value(),
        "CLARION_PUBLIC_URL": BASE,
        "CLARION_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    with (directory / "serve.err").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stderr=log)
    try:
        base = _address(directory / "serve.err")
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        with runner:
            answered = runner.run(_post(base, letters))
        return {**answered, **_ledger(wired, seconds), **_cost(server.pid)}
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _configure(wired: Wiring, rig: RigProcess, key: EventKey, directory: Path) -> None:
    ports = directory / "ports.json"
    ports.write_text(json.dumps(rig.addresses))
    prepare(wired, argparse.Namespace(medium="sms", ports=ports, tls=False))
    now = wired.clock.now()
    texts = {**rig.addresses["credentials"]["twilio"], "base_url": rig.addresses["twilio"]}
    paced = {"channel": "sms_twilio", "settings": texts, "rate_per_second": PACE}
    save_endpoint(wired.db, wired.keyring, channel_facts, AUTHOR, "way", paced, 1, now)
    mail = {"api_key": "SG.x", "sender": "news@example.org", "event_public_key": key.public}
    save_endpoint(
        wired.db,
        wired.keyring,
        channel_facts,
        AUTHOR,
        "mail",
        {"channel": "email_sendgrid", "settings": mail},
        None,
        now,
    )


def _letters(wired: Wiring, key: EventKey, seconds: int) -> list[tuple[float, Letter]]:
    """Signed beforehand, each with the second it is due; every event is new."""
    secret = wired.keyring.key(REFERENCES)
    sms = MEDIUM_CODES[Medium.SMS]
    with wired.db.reading() as connection:
        rows = connection.execute(
            select(recipient.c.broadcast, recipient.c.address_id).order_by(recipient.c.address_id)
        ).all()
    references = [encode(DeliveryKey(row.broadcast, sms, row.address_id, 1), secret) for row in rows]
    token = next(iter(TWILIO_ACCOUNTS.values()))
    letters: list[tuple[float, Letter]] = []
    for number, reference in enumerate(references):
        path = f"/callbacks/way/{reference}"
        form = {"MessageSid": f"SM{number:032x}", "MessageStatus": "sent", "To": "+15550001111"}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": sign_twilio(token, BASE + path, form),
        }
        letters.append((1.0 + number / TEXTS, (path, headers, urlencode(form).encode())))
    letters += [(1.0 + number / MAILS, _events(key, references, number)) for number in range(MAILS * seconds)]
    return sorted(letters, key=lambda one: one[0])


def _events(key: EventKey, references: Sequence[str], number: int) -> Letter:
    events = [
        {
            "event": "delivered",
            "email": "somebody@example.org",
            "sg_event_id": f"event-{number}-{at}",
            "sg_message_id": f"m-{number}-{at}",
            "timestamp": int(time.time()),
            "reference": references[(number * EVENTS + at) % len(references)],
            "response": "250 OK",
        }
        for at in range(EVENTS)
    ]
    body, stamp = orjson.dumps(events), str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        "X-Twilio-Email-Event-Webhook-Signature": key.sign(stamp, body),
    }
    return "/callbacks/mail", headers, body


async def _post(base: str, letters: Sequence[tuple[float, Letter]]) -> dict[str, Any]:
    waits: list[float] = []
    statuses: Counter[int] = Counter()
    connector = aiohttp.TCPConnector(limit=200)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as session:
        began = time.perf_counter()

        async def one(at: float, letter: Letter) -> None:
            path, headers, body = letter
            try:
                async with session.post(URL(base + path, encoded=True), data=body, headers=headers) as answer:
                    statuses[answer.status] += 1
            except (aiohttp.ClientError, TimeoutError, OSError):
                statuses[0] += 1
            waits.append(time.perf_counter() - began - at)

        async with asyncio.TaskGroup() as group:
            for at, letter in letters:
                pause = began + at - time.perf_counter()
                if pause > 0:
                    await asyncio.sleep(pause)
                group.create_task(one(at, letter))
    waits.sort()
    took = letters[-1][0] - letters[0][0]
    events = sum(EVENTS if letter[0] == "/callbacks/mail" else 1 for _, letter in letters)
    return {
        "events": events,
        "events_a_second": round(events / took),
        "posts": len(letters),
        "answers": dict(statuses),
        "acknowledged_p50_ms": round(waits[len(waits) // 2] * 1000, 1),
        "acknowledged_p99_ms": round(waits[int(len(waits) * 0.99)] * 1000, 1),
        "acknowledged_max_ms": round(waits[-1] * 1000, 1),
    }


def _ledger(wired: Wiring, seconds: int) -> dict[str, Any]:
    """What is in the database; waits for the applier, at most DRAIN_SECONDS."""
    began = time.perf_counter()

    def number(query: Any) -> int:  # noqa: ANN401 - a select
        with wired.db.reading() as connection:
            return int(connection.scalar(query) or 0)

    waiting = select(func.count()).select_from(receipt).where(receipt.c.applied.is_(None))
    left_at_the_end = number(waiting)
    while number(waiting) and time.perf_counter() - began < DRAIN_SECONDS:
        time.sleep(0.1)
    accepted = select(func.count()).select_from(outcome).where(outcome.c.result == "accepted")
    spread = select(func.max(outcome.c.at_ms) - func.min(outcome.c.at_ms))
    sent = number(accepted)
    return {
        "receipts_kept": number(select(func.count()).select_from(receipt)),
        "not_folded_when_the_last_was_acknowledged": left_at_the_end,
        "not_folded_at_the_end": number(waiting),
        "folded_after_seconds": round(time.perf_counter() - began, 2),
        "sent": sent,
        "sent_a_second": round(sent / max(1.0, number(spread) / 1000)),
        "planned": PACE * seconds,
    }


def _address(log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        for word in log.read_text(errors="replace").split():
            if word.startswith("http://127.0.0.1:"):
                return word.rstrip(";")
        time.sleep(0.05)
    raise TimeoutError(f"clarion serve did not start: {log.read_text(errors='replace')[-2000:]}")


def _cost(pid: int) -> dict[str, Any]:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return {
        "server_cpu_seconds": round((int(fields[11]) + int(fields[12])) / ticks, 1),
        "load_average": round(os.getloadavg()[0], 1),
        "this_process_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


if __name__ == "__main__":
    main()
