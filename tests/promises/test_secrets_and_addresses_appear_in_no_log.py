"""Canaries in every secret and every address, a whole broadcast with failures at DEBUG: they are seen nowhere."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select

from app.observe import configure_logging
from app.store.database import Database
from app.store.tables import audit, endpoint, idempotency, timeline, update
from tests.contract.ways import HTTP_WAYS, SMTP_WAY
from tests.live import Live, open_live, until
from tests.rig.process import RigProcess

PEOPLE: Final = 24
CANARIES: Final = ("quokka", "2025550", "Quetzal")
"""In every e-mail address, in every phone number, in every name."""
WAYS: Final = {**HTTP_WAYS, "email_smtp": SMTP_WAY}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything any logger says, at DEBUG, as operators would get it."""
    root = logging.getLogger()
    before, level = root.handlers, root.level
    configure_logging("DEBUG")
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    stream = io.StringIO()
    handler.setStream(stream)
    logging.getLogger("httpx2").disabled = True  # the test's own client, not the service
    yield stream
    logging.getLogger("httpx2").disabled = False
    root.handlers, root.level = before, level


@pytest.fixture
def rig() -> Iterator[RigProcess]:
    with RigProcess() as started:
        yield started


@pytest.fixture
def live(lines: io.StringIO, rig: RigProcess, database: Database, database_url: str, tmp_path: Path) -> Iterator[Live]:
    with open_live(database, database_url, tmp_path / "site") as live:
        live.api.prepare()
        for channel, way in WAYS.items():
            live.endpoint(channel.replace("_", "-"), channel, way.settings(rig.addresses[way.provider]))
        yield live


def rows() -> str:
    header = "external_id,name,email,phone,languages,timezone,area"
    people = [
        f"c{number},Quetzal {number},quokka{number}@example.org,+1202555{number:04d},en,UTC,birds"
        for number in range(PEOPLE)
    ]
    bad = [
        "x1,Quetzal,quokka@@example..org,,en,UTC,north",
        "x2,Quetzal,,+120255501,en,UTC,north",
        'x3,"Quetzal\r\nBcc: quokka@example.org",quokka@example.org,,en,UTC,north',
        "x4,Quetzal,quokka@example.org",
    ]
    return "\n".join([header, *people, *bad])


def trouble(rig: RigProcess) -> None:
    """Something of everything that makes code talk about what it was doing."""
    for provider, effect, more in (
        ("twilio", "invalid_recipient", {"nth": 2}),
        ("twilio", "throttle", {"nth": 4, "seconds": 0.1}),
        ("twilio", "error_after_accept", {"nth": 6}),
        ("twilio", "reset_before", {"nth": 8}),
        ("twilio", "hang_after_accept", {"nth": 10}),
        ("sendgrid", "unavailable", {"nth": 1, "seconds": 0.1}),
        ("smtp", "reset_after_accept", {"nth": 2}),
        ("mastodon", "unauthorized", {"nth": 1}),
        ("webhook", "error_before", {"nth": 1}),
    ):
        rig.control.behave(provider, effect, **more)


def ask_awkwardly(live: Live, update: int) -> list[str]:
    """The bodies of refusals about things that hold a quokka."""
    api = live.api
    twilio = "/callbacks/sms-twilio/quokka?To=%2B12025550001"
    asked = [
        api.post("author", "/subscribers/suppressions", json={"medium": "sms", "address": "2025550zz"}),
        api.post("author", "/subscribers/suppressions", json={"medium": "email", "address": "quokka at example"}),
        api.post("author", "/subscribers/suppressions", json={"medium": "sms", "address": "+12025550003"}),
        api.get("viewer", f"/updates/{update}/deliveries", params={"cursor": "quokka@example.org"}),
        api.client.post(twilio, content="To=%2B12025550001&MessageStatus=sent", headers={"x-twilio-signature": "no"}),
        api.client.get("/api/v1/crises", headers={"Authorization": f"Bearer {api.tokens['author'][:-1]}X"}),
        api.client.get("/u/quokka%40example.org"),
    ]
    return [answer.text for answer in asked if not answer.is_success]


def kept(live: Live) -> list[str]:
    """What staff and auditors can read for good, with the stored answers of repeated requests."""
    tables = (audit, timeline, update, idempotency)
    with live.api.db.reading() as connection:
        found = [str(tuple(row)) for table in tables for row in connection.execute(select(table))]
        # Secrets are sealed; what is not must hold none of them.
        return [*found, *(str(tuple(row)) for row in connection.execute(select(endpoint.c.slug, endpoint.c.settings)))]


def shown(live: Live, update: int) -> list[str]:
    api = live.api
    answers = [
        api.get("admin", "/endpoints"),
        api.get("admin", f"/updates/{update}"),
        api.get("admin", f"/updates/{update}/deliveries", params={"limit": 200}),
        api.get("admin", f"/updates/{update}/deliveries", params={"format": "csv"}),
        api.get("admin", "/crises/outage/timeline"),
        api.client.get("/metrics", headers={"Authorization": f"Bearer {api.tokens['viewer']}"}),
    ]
    assert all(answer.is_success for answer in answers)
    return [answer.text for answer in answers]


def test_a_whole_broadcast_with_failures_gives_nothing_away(live: Live, rig: RigProcess, lines: io.StringIO) -> None:
    trouble(rig)
    headers = {"content-type": "text/csv", "Idempotency-Key": "import"}
    answer = live.api.post("author", "/subscribers/import", content=rows().encode(), headers=headers)
    report = live.api.done(answer)
    assert (report["created"], report["rejected"]) == (PEOPLE, 4)
    live.api.done(live.api.post("author", "/audiences", json={"slug": "birds", "rule": {"areas": ["birds"]}}))
    ways = [channel.replace("_", "-") for channel in WAYS]
    update = live.draft(audience="birds", endpoints=ways)
    live.approve(update)
    live.api.done(live.api.post("author", f"/updates/{update}/send"))
    counts = wait_for_the_most(live, update)
    assert counts["accepted"] > PEOPLE
    assert counts["failed"] + counts["suppressed"] > 0
    refusals = ask_awkwardly(live, update)
    assert len(refusals) == 6
    haystacks = {
        "a log line": lines.getvalue().splitlines(),
        "a refusal": refusals,
        "the report of an import": [answer.text],
        "what is kept": kept(live),
        "what is shown": shown(live, update),
    }
    assert len(haystacks["a log line"]) > 20
    for needle in needles(live):
        for where, texts in haystacks.items():
            leaks = [text for text in texts if needle.lower() in text.lower()]
            assert leaks == [], f"{needle!r} is in {where}"
    assert {json.loads(line)["level"] for line in haystacks["a log line"]} >= {"info", "warning"}


def wait_for_the_most(live: Live, update: int) -> dict[str, Any]:
    """Until only what waits for a person, or for a halted endpoint, is left."""

    def quiet() -> bool:
        counts = live.read(update)["counts"]
        return bool(counts["queued"] + counts["sending"] + counts["retry_wait"] <= 2)

    until(quiet)
    found: dict[str, Any] = live.read(update)["counts"]
    return found


def needles(live: Live) -> list[str]:
    secrets = [way.secret for way in WAYS.values()]
    return [*CANARIES, *secrets, *live.api.tokens.values(), "a key that only tests know"]
