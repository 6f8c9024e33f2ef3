"""Counting and listing an audience of a given size, in a process of its own: `python -m benchmarks.audience`.

Prints a JSON line: the slowest count of a rule and every one of them, the count of whom an update reaches, how long
listing took, without and with people who have said what they want to hear, and the longest write transaction.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from sqlalchemy import Connection, text

from app.cli.processes import settle_in
from app.domain.audience_text import parse_text
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.principals import Role
from app.settings import Settings
from app.store import audiences, counting, updates
from app.store.database import Database
from app.store.documents import Kind
from app.store.migrate import upgrade
from app.usecases.create_user import create_user
from app.usecases.draft_update import create_draft
from app.usecases.open_crisis import open_crisis
from app.usecases.save_audience import save_audience
from app.usecases.save_document import save_document
from app.usecases.save_endpoint import save_endpoint
from app.usecases.stage_update import stage_update
from app.usecases.submit_update import submit_update
from app.wiring import Wiring, build, channel_facts
from benchmarks.one import AUTHOR, CONTENT
from tests.postgres import Server

RULES: Final = (
    "everyone",
    "language = gu and not language = lo",
    "area in (north, east)",
    "area = west",
    "tariff = business and has since",
    "balance >= 50 and since < 2024-01-01",
    "reachable(email) and not customer = p7",
    "consent(sms) and area = north",
)
"""`west` is known by postcode alone."""
FILL: Final = """
INSERT INTO language_list (id, languages) VALUES (1, 'en'), (2, 'gu,en'), (3, 'lo'), (4, 'ar');
INSERT INTO subscriber
  (id, external_id, name, language_list_id, timezone, area, attributes, created_at, updated_at, postcode)
SELECT i, 'p' || i, 'Person ' || i, i % 4 + 1, 'UTC',
  CASE i % 8 WHEN 0 THEN 'north' WHEN 1 THEN 'east' WHEN 2 THEN '' ELSE 'south' END,
  {attributes}, {now}, {now}, CASE i % 8 WHEN 2 THEN 'W' || (i % 90) || 'AA' ELSE '' END FROM {numbers};
INSERT INTO address (id, medium, value, value_hash)
SELECT 2 * i, {sms}, '+1' || (2000000000 + i), {hash} FROM {numbers};
INSERT INTO address (id, medium, value, value_hash)
SELECT 2 * i + 1, {email}, 'p' || i || '@example.org', {hash} FROM {numbers};
INSERT INTO subscriber_address (subscriber_id, medium, address_id, preferred)
SELECT i, {sms}, 2 * i, {yes} FROM {numbers};
INSERT INTO subscriber_address (subscriber_id, medium, address_id, preferred)
SELECT i, {email}, 2 * i + 1, {yes} FROM {numbers};
"""
TOPIC: Final = "power"
SAID: Final = """
INSERT INTO consent (subscriber_id, medium, topic, granted, how, text_version, at_ms, said_by)
SELECT id, {sms}, CASE WHEN id % 20 = 0 THEN '' ELSE 'power' END, {no}, 'form', 'v1', 0, 'reader'
FROM subscriber WHERE id % 10 = 0;
UPDATE subscriber SET chooses = {yes} WHERE id % 10 = 0
"""
"""One in ten said something: half of them no to the topic, half of them no to every text."""
OWN: Final = (
    """('{"tariff": "' || CASE i % 5 WHEN 0 THEN 'business' ELSE 'private' END || '", "balance": "' || (i % 100)"""
    """ || '", "since": "' || (2010 + i % 16) || '-01-01"}')"""
)
"""As the import writes it."""
SQLITE: Final = {
    "numbers": "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {people}) SELECT i FROM n)",
    "attributes": OWN,
    "hash": "randomblob(16)",
    "now": "1767225600000",
    "yes": "1",
    "no": "0",
}
POSTGRESQL: Final = {
    "numbers": "generate_series(1, {people}) AS n(i)",
    "attributes": f"CAST({OWN} AS jsonb)",
    "hash": "decode(md5(random()::text || i), 'hex')",
    "now": "1767225600000",
    "yes": "true",
    "no": "false",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), required=True)
    parser.add_argument("--ports", help="of the providers, who are not asked")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clarion-bench-") as folder, _database(given.database, folder) as url:
        settings = Settings(database_url=url, publish_dir=Path(folder) / "site", secret_key="benchmark key")
        upgrade(url)
        wired = build(settings, allow_private=True)
        settle_in()  # as the processes that list
        print(json.dumps(_measure(wired, given.people, Path(folder))))


@contextmanager
def _database(kind: str, folder: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/bench.db"
        return
    with Server(durable=True) as server:
        yield server.create("bench")


def _measure(wired: Wiring, people: int, folder: Path) -> dict[str, Any]:
    _fill(wired.db, people)
    _prepare(wired, folder)
    counts = {rule: _median(wired.db, rule, reach=False) for rule in RULES}
    reach = _median(wired.db, "everyone", reach=True)
    seconds, longest, recipients = _list(wired)
    _speak(wired.db)
    said_seconds, said_longest, hearing = _list(wired, TOPIC)
    return {
        "people": people,
        "slowest_count_ms": round(max(counts.values())),
        "reach_ms": round(reach),
        "counts_ms": {rule: round(value) for rule, value in counts.items()},
        "listing_seconds": round(seconds, 2),
        "longest_write_ms": round(max(longest, said_longest)),
        "listing_with_consents_seconds": round(said_seconds, 2),
        "recipients_who_agree": hearing,
        "recipients": recipients,
        "recipients_a_second": round(recipients / seconds),
        "memory_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _fill(db: Database, people: int) -> None:
    _run(db, FILL, people)


def _speak(db: Database) -> None:
    _run(db, SAID)


def _run(db: Database, script: str, people: int = 0) -> None:
    own = SQLITE if db.engine.dialect.name == "sqlite" else POSTGRESQL
    words = {**own, "numbers": own["numbers"].format(people=people)}
    codes = {"sms": MEDIUM_CODES[Medium.SMS], "email": MEDIUM_CODES[Medium.EMAIL]}
    for statement in script.format(**words, **codes).split(";\n"):
        if statement.strip():
            with db.writing() as tx:
                tx.exec_driver_sql(statement.replace("%", "%%") if own is POSTGRESQL else statement)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if own is SQLITE else "VACUUM ANALYZE"))


def _prepare(wired: Wiring, folder: Path) -> None:
    now, db = wired.clock.now(), wired.db
    create_user(db, AUTHOR, "ada", Role.ADMIN, now)
    way = {"channel": "outbox.sms", "settings": {"directory": str(folder / "out")}, "rate_per_second": 1000}
    save_endpoint(db, wired.keyring, channel_facts, AUTHOR, "way", way, None, now)
    save_document(db, AUTHOR, Kind.TOPIC, TOPIC, {"names": {"en": "Power"}}, None, now)
    area = {"names": {}, "postcodes": [f"W{number}" for number in range(1, 10)]}
    save_document(db, AUTHOR, Kind.AREA, "west", area, None, now)
    save_audience(db, AUTHOR, "everyone", {"text": "everyone"}, None, now)
    open_crisis(db, AUTHOR, {"slug": "outage", "titles": {"en": "Outage"}, "severity": "major"}, now)


def _median(db: Database, rule: str, *, reach: bool) -> float:
    typed, times = parse_text(rule), []
    for _ in range(3):
        with db.reading() as connection:
            began = time.perf_counter()
            if reach:
                counting.count_reached(connection, audiences.resolved(connection, typed))
            else:
                counting.count_people(connection, typed)
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _list(wired: Wiring, topic: str = "") -> tuple[float, float, int]:
    """(seconds, the longest write transaction in ms, recipients) of one update to everybody, by text."""
    now, db = wired.clock.now(), wired.db
    content = {"en": CONTENT, "gu": {**CONTENT, "headline": "વીજળી બંધ છે"}}
    document = {"stage": "holding", "audience": "everyone", "endpoints": ["way"], "content": content, "topic": topic}
    row = create_draft(db, AUTHOR, "outage", document, now)
    submit_update(db, AUTHOR, row.id, now, keyring=wired.keyring, check=lambda _row: ())
    held: list[float] = []
    with _watched(db, held):
        began = time.perf_counter()
        stage_update(db, row.id, wired.clock.now)
        seconds = time.perf_counter() - began
    with db.reading() as connection:
        recipients = updates.get(connection, row.id).recipients or 0
    return seconds, max(held) * 1000, recipients


@contextmanager
def _watched(db: Database, held: list[float]) -> Iterator[None]:
    """Seconds for which each write transaction kept others waiting, its commit among them."""
    writing = db.writing

    @contextmanager
    def timed(*, alone: bool = True) -> Iterator[Connection]:
        with ExitStack() as stack:
            tx = stack.enter_context(writing(alone=alone))
            began = time.perf_counter()
            yield tx
            stack.close()
            if alone:
                held.append(time.perf_counter() - began)

    with patch.object(db, "writing", timed):
        yield


if __name__ == "__main__":
    main()
