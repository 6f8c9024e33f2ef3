"""The numbers for operators: true, all documented, and there even when the database is not."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
from sqlalchemy import Connection

from app.clock import to_ms
from app.domain.message import Medium
from app.engine.vitals import Gauges
from app.exposing import exposing
from app.keyring import Keyring
from app.observe import METRICS
from app.store import breakers
from app.store.database import Database
from app.store.tables import endpoint
from tests.patience import PATIENCE
from tests.rig.stage import Stage, refused

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"


def shown(gauges: Gauges) -> dict[str, float]:
    lines = [line for line in gauges.exposition().decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def gauges_of(stage: Stage, patience: float = PATIENCE) -> Gauges:
    return Gauges(stage.db, stage.clock, stage.clock.now, patience)


@pytest.mark.virtual_time
async def test_the_numbers_are_those_of_the_ledger(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(30)
    stage.add_endpoint("vital-text", Medium.SMS)
    stage.add_endpoint("vital-mail", Medium.EMAIL).answer = refused
    async with stage.running():
        stage.broadcast(["vital-text", "vital-mail"])
        await stage.until_asked("vital-text", 30)
        await stage.until_asked("vital-mail", 1)
        gauges = gauges_of(stage)

        def there() -> bool:
            found = shown(gauges)
            queued = found.get('clarion_queue_deliveries{endpoint="vital-mail",lane="update",state="queued"}', 0)
            waiting = found.get('clarion_queue_deliveries{endpoint="vital-mail",lane="update",state="retry_wait"}', 0)
            sending = found.get('clarion_queue_deliveries{endpoint="vital-mail",lane="update",state="sending"}', 0)
            accepted = found.get('clarion_outcomes_total{endpoint="vital-text",reason="accepted",result="accepted"}', 0)
            known = found['clarion_breaker{endpoint="vital-mail"}'] in {1, 2}
            return accepted >= 30 and queued + waiting + sending == 30 and waiting > 0 and known

        async with asyncio.timeout(PATIENCE):
            while not await asyncio.to_thread(there):
                await asyncio.sleep(0.02)
        found = shown(gauges)
        assert found["clarion_database_up"] == 1
        assert found["clarion_workers_alive"] == 1
        assert found['clarion_handoff_seconds_count{lane="update"}'] >= 30
        assert found['clarion_breaker{endpoint="vital-text"}'] == 0


async def test_a_breaker_is_shown_as_all_workers_share_it(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(1)
    stage.add_endpoint("vital-sick", Medium.SMS)
    gauges, now_ms = gauges_of(stage), to_ms(stage.clock.now())
    name = 'clarion_breaker{endpoint="vital-sick"}'
    assert shown(gauges)[name] == 0
    for until_ms, phase in ((now_ms + 3_600_000, 2), (now_ms - 1, 1)):
        with database.writing() as tx:
            breakers.note_open(tx, 1, "http_503", now_ms=now_ms, until_ms=until_ms)
        assert shown(gauges)[name] == phase
    with database.writing() as tx:
        tx.execute(endpoint.update().values(halted_reason="http_401"))
    assert shown(gauges)[name] == 3
    with database.writing() as tx:
        tx.execute(endpoint.update().values(halted_reason=None))
        breakers.note_closed(tx, 1, now_ms=now_ms)
    assert shown(gauges)[name] == 0


class Hanging(Database):
    """Answers until told to hang."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.hangs, self.go_on, self.readers = threading.Event(), threading.Event(), 0

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        self.readers += 1
        if self.hangs.is_set():
            assert self.go_on.wait(PATIENCE)
        with super().reading() as connection:
            yield connection


async def test_a_database_that_hangs_leaves_the_last_values_and_says_so(database_url: str, keyring: Keyring) -> None:
    database = Hanging(database_url)
    stage = Stage(database, keyring)
    stage.open(5)
    stage.add_endpoint("vital-old", Medium.SMS)
    gauges = gauges_of(stage)
    assert shown(gauges)["clarion_database_up"] == 1
    gauges.patience = 0.05
    database.hangs.set()
    before = database.readers
    for _ in range(3):
        assert shown(gauges)["clarion_database_up"] == 0
        assert 'clarion_endpoint_halted{endpoint="vital-old"}' in shown(gauges)
    assert database.readers == before + 1, "one reading at a time, however often we are scraped"
    gauges.patience = PATIENCE
    database.hangs.clear()
    database.go_on.set()
    assert shown(gauges)["clarion_database_up"] == 1
    database.close()


def test_every_metric_is_documented_and_every_documented_metric_is_there() -> None:
    documented = set(re.findall(r"^\| `(clarion_\w+)` \|", PAGE.read_text(), re.MULTILINE))
    known = set()
    for family in METRICS.collect():
        if family.name.startswith("clarion_"):
            known.add(f"{family.name}_total" if family.type == "counter" else family.name)
    assert known == documented


def test_an_alert_speaks_of_metrics_that_are_there() -> None:
    documented = set(re.findall(r"^\| `(clarion_\w+)` \|", PAGE.read_text(), re.MULTILINE))
    used = set(re.findall(r"clarion_\w+", "\n".join(re.findall(r"expr: (.*)", PAGE.read_text()))))
    assert {re.sub("_bucket$", "", name) for name in used} <= documented


def test_a_port_of_its_own_needs_neither_a_token_nor_the_database() -> None:
    with exposing(lambda: b"clarion_database_up 0\n", "127.0.0.1", 0) as port:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
            assert answer.read() == b"clarion_database_up 0\n"
        with pytest.raises(OSError, match="404"):
            urlopen(f"http://127.0.0.1:{port}/anything", timeout=PATIENCE)
