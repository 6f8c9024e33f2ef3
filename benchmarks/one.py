"""One broadcast of a given size through one provider, in a process of its own so that its peak memory is its own.

Prints a JSON line: people, staging and sending seconds, recipients a second, peak memory before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import insert

from app.cli.processes import settle_in
from app.domain.delivery import State
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.principals import Actor, Role
from app.settings import Settings
from app.store import deliveries, stopping, updates
from app.store.ledger_tables import address
from app.store.migrate import upgrade
from app.store.tables import language_list, subscriber, subscriber_address
from app.usecases.create_user import create_user
from app.usecases.decide_update import approve_update
from app.usecases.draft_update import create_draft
from app.usecases.open_crisis import open_crisis
from app.usecases.save_audience import save_audience
from app.usecases.save_endpoint import save_endpoint
from app.usecases.send_update import send_update
from app.usecases.stage_update import stage_update
from app.usecases.submit_update import submit_update
from app.wiring import Wiring, build, channel_facts

AUTHOR = Actor("ada", Role.ADMIN, 1, None)
APPROVER = Actor("ben", Role.APPROVER, 2, None)
CHANNELS = {
    "sms": ("sms_twilio", "twilio", Medium.SMS),
    "email": ("email_sendgrid", "sendgrid", Medium.EMAIL),
    "smtp": ("email_smtp", "smtp", Medium.EMAIL),
}
CONTENT = {
    "headline": "Power is out in the north",
    "impact": "The portal and the shop are closed.",
    "reassurance": "We are on it.",
}
SEED_STEP = 5_000
LONGEST = 900.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--medium", choices=CHANNELS, required=True)
    parser.add_argument("--ports", type=Path, required=True, help="the JSON the provider wrote")
    parser.add_argument("--tls", action="store_true", help="speak TLS with the provider")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="clarion-bench-") as directory,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        print(json.dumps(runner.run(_run(given, Path(directory)))))


async def _run(given: argparse.Namespace, directory: Path) -> dict[str, Any]:
    settings = Settings(
        database_url=f"sqlite:///{directory}/bench.db",
        publish_dir=directory / "site",
        secret_key="benchmark key",
    )
    upgrade(settings.database_url)
    wired = build(settings, allow_private=True)
    prepare(wired, given)
    seeded = time.perf_counter()
    seed(wired, given.people, CHANNELS[given.medium][2])
    seed_seconds = time.perf_counter() - seeded
    before = _peak_mb()
    update_id, staging = stage(wired)
    settle_in()  # as `clarion serve` and `clarion work` do
    cpu_before, loop_before = time.process_time(), time.thread_time()
    sending = await _send(wired, update_id)
    cpu, loop = time.process_time() - cpu_before, time.thread_time() - loop_before
    with wired.db.reading() as connection:
        broadcast = updates.get(connection, update_id).broadcast_id
        accepted = deliveries.counts(connection, broadcast or 0)[State.ACCEPTED]
    return {
        "people": given.people,
        "medium": given.medium,
        "seed_seconds": round(seed_seconds, 2),
        "staging_seconds": round(staging, 2),
        "sending_seconds": round(sending, 2),
        "recipients_a_second": round(given.people / sending),
        "recipients_a_cpu_second": round(given.people / cpu),
        "loop_share_of_cpu": round(loop / cpu, 2),
        "accepted": accepted,
        "memory_before_mb": before,
        "memory_peak_mb": _peak_mb(),
        "database_mb": round(sum(file.stat().st_size for file in directory.glob("bench.db*")) / 1e6),
    }


def prepare(wired: Wiring, given: argparse.Namespace, rate: int = 100_000) -> None:
    now = wired.clock.now()
    channel, provider, _ = CHANNELS[given.medium]
    ports = json.loads(given.ports.read_text(encoding="utf-8"))
    settings = dict(ports["credentials"][provider])
    if given.medium == "smtp":
        host, _, port = ports["smtp"].partition(":")
        settings = {"host": host, "port": int(port), "tls": "none", "sender": settings["sender"]}
    else:
        settings["base_url"] = ports[f"{provider}_tls" if given.tls else provider]
    create_user(wired.db, AUTHOR, "ada", Role.ADMIN, now)
    create_user(wired.db, AUTHOR, "ben", Role.APPROVER, now)
    document = {"channel": channel, "settings": settings, "rate_per_second": rate}
    save_endpoint(wired.db, wired.keyring, channel_facts, AUTHOR, "way", document, None, now)
    save_audience(wired.db, AUTHOR, "everyone", {"rule": {"all": True}}, None, now)
    for slug, severity in (("outage", "major"), ("flood", "emergency")):
        open_crisis(wired.db, AUTHOR, {"slug": slug, "titles": {"en": slug.title()}, "severity": severity}, now)


def seed(wired: Wiring, people: int, medium: Medium, apart: int = 0) -> None:
    """Rows straight into the tables: the importer is not measured. `apart` of them live in an area so named."""
    now, code = wired.clock.now(), MEDIUM_CODES[medium]
    with wired.db.writing() as tx:
        tx.execute(insert(language_list).values(id=1, languages="en"))
    person = {
        "language_list_id": 1,
        "timezone": "UTC",
        "attributes": {},
        "created_at": now,
        "updated_at": now,
    }
    for start in range(1, people + 1, SEED_STEP):
        numbers = range(start, min(start + SEED_STEP, people + 1))
        values = [f"+1{2_000_000_000 + n}" if medium is Medium.SMS else f"p{n}@example.org" for n in numbers]
        with wired.db.writing() as tx:
            people_rows = [
                {"id": n, "external_id": f"p{n}", "name": "", "area": "apart" if n <= apart else "north", **person}
                for n in numbers
            ]
            tx.execute(insert(subscriber), people_rows)
            rows = [
                {"id": n, "medium": code, "value": value, "value_hash": wired.keyring.address_hash(code, value)}
                for n, value in zip(numbers, values, strict=True)
            ]
            tx.execute(insert(address), rows)
            links = [{"subscriber_id": n, "medium": code, "address_id": n, "preferred": True} for n in numbers]
            tx.execute(insert(subscriber_address), links)


def stage(wired: Wiring, audience: str = "everyone", lane: str = "update") -> tuple[int, float]:
    """An approved update, and the seconds it took to list whom it reaches. Lanes: update, routine, emergency."""
    now = wired.clock.now()
    document = {
        "stage": "progress" if lane == "routine" else "holding",
        "audience": audience,
        "endpoints": ["way"],
        "content": {"en": CONTENT},
        "expires_at": (now + timedelta(hours=3)).isoformat(),
    }
    row = create_draft(wired.db, AUTHOR, "flood" if lane == "emergency" else "outage", document, now)
    started = time.perf_counter()
    submit_update(wired.db, AUTHOR, row.id, now, keyring=wired.keyring, check=lambda _: ())
    staged = stage_update(wired.db, row.id, wired.clock.now)
    seconds = time.perf_counter() - started
    approve_update(wired.db, APPROVER, row.id, staged.recipients or 0, now)
    return row.id, seconds


async def _send(wired: Wiring, update_id: int) -> float:
    """From `send` to the last settled delivery."""
    async with asyncio.timeout(LONGEST), wired.running():
        await wired.publisher.caught_up(LONGEST)  # a service that runs has published before
        started = time.perf_counter()
        send_update(wired.db, AUTHOR, update_id, wired.clock.now())
        wired.bell.ring()  # as the API does
        while True:
            await asyncio.sleep(0.1)
            if await asyncio.to_thread(_settled, wired, update_id):
                return time.perf_counter() - started


def _settled(wired: Wiring, update_id: int) -> bool:
    with wired.db.reading() as connection:
        broadcast = updates.get(connection, update_id).broadcast_id
        return broadcast is not None and not stopping.still_open(connection, broadcast)


def _peak_mb() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main()
