"""“Use this number until Friday 18:00”: nobody has to think of Friday; website, feeds, messages go back by themselves.

Even when nothing is published any more, the last banner.json says when the old number holds again.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.clock import FrozenClock
from app.domain.principals import Actor, Role
from app.domain.reading import iso
from app.domain.routing import Query, advise, route_lines
from app.publishing.directory import DirectoryTarget
from app.publishing.publisher import Publisher
from app.site.shelf import Shelf
from app.store import documents
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.save_document import save_document
from tests.patience import PATIENCE
from tests.unit.site.world import LANGUAGES, PHONE, open_house, press

pytestmark = pytest.mark.anyio

ON_DUTY = Actor("asha", Role.APPROVER, 1, None)
USUAL, FOR_NOW = "+912612345678", "+912619999999"
WEDNESDAY = datetime(2026, 3, 11, 6, tzinfo=UTC)
FRIDAY_EVENING = datetime(2026, 3, 13, 12, 30, tzinfo=UTC)
"""18:00 in Kolkata."""


async def test_a_timed_override_reverts_by_itself(database: Database, tmp_path: Path) -> None:
    clock = FrozenClock(WEDNESDAY)
    open_house(database, WEDNESDAY)
    override = {"until": iso(FRIDAY_EVENING), "address": FOR_NOW, "reasons": {"en": "The exchange is flooded"}}
    document = {**PHONE, "overrides": [override]}
    save_document(database, ON_DUTY, Kind.CONTACT_CHANNEL, "phone", document, None, WEDNESDAY)

    shelf = Shelf()
    publisher = Publisher(database, press(), [DirectoryTarget(tmp_path / "site")], shelf, clock)
    stop = asyncio.Event()
    task = asyncio.create_task(publisher.run(stop))
    try:
        await until(lambda: on_the_website(shelf, FOR_NOW))
        await until(lambda: everywhere(tmp_path / "site", FOR_NOW))
        last_words_before_the_crash = phone(shelf)
        assert said(database, clock.now()) == {FOR_NOW}

        clock.advance((FRIDAY_EVENING - WEDNESDAY - timedelta(seconds=1)).total_seconds())
        assert said(database, clock.now()) == {FOR_NOW}
        await until(lambda: published_at(shelf) == iso(clock.now()))
        assert on_the_website(shelf, FOR_NOW)
        clock.advance(1)
        assert said(database, clock.now()) == {USUAL}
        await until(lambda: on_the_website(shelf, USUAL))  # nothing was saved, nobody woke the publisher
        await until(lambda: everywhere(tmp_path / "site", USUAL))
        assert [path for path in pages(tmp_path / "site") if FOR_NOW in path.read_text(encoding="utf-8")] == []
    finally:
        stop.set()
        await task

    turn = next(one for one in last_words_before_the_crash["later"] if one["dial"] == USUAL)
    assert turn["at"] == iso(FRIDAY_EVENING)
    assert turn["href"] == f"tel:{USUAL}"


async def until(holds: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.01)


def published_at(shelf: Shelf) -> str:
    found = shelf.get("/site/main/banner.json")
    return str(json.loads(found.plain.body)["published_at"]) if found else ""


def phone(shelf: Shelf) -> dict[str, Any]:
    found = shelf.get("/site/main/banner.json")
    channels = json.loads(found.plain.body)["contact"]["channels"] if found else []
    return next((one for one in channels if one["slug"] == "phone"), {"dial": ""})


def on_the_website(shelf: Shelf, number: str) -> bool:
    return bool(phone(shelf)["dial"] == number)


def pages(folder: Path) -> list[Path]:
    return [folder / language / "contact" / "index.html" for language in LANGUAGES]


def everywhere(folder: Path, number: str) -> bool:
    link = f'href="tel:{number}"'
    return all(path.exists() and link in path.read_text(encoding="utf-8") for path in pages(folder))


def said(database: Database, at: datetime) -> set[str]:
    """What an agent is told and what a message prints at this moment."""
    with database.reading() as connection:
        registry = documents.registry(connection)
    options = advise(registry, Query("emergency", "gu"), at)
    lines = route_lines(registry, need="emergency", language="gu", at=at, limit=1)
    told = [option.contact_channel for option in options] + [line.channel for line in lines]
    return {channel.address for channel in told if channel.slug == "phone"}
