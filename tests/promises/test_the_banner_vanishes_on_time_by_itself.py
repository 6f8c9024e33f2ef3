"""The banner goes at its expiry: nobody has to remember it, and a kept copy says itself until when it holds."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.clock import FrozenClock
from app.publishing.directory import DirectoryTarget
from app.publishing.publisher import Publisher
from app.site.shelf import Shelf
from app.store.database import Database
from tests.patience import PATIENCE
from tests.unit.site.world import NOON, open_crisis, open_house, press, say

pytestmark = pytest.mark.anyio

EXPIRY = NOON + timedelta(minutes=10)


def banner(shelf: Shelf) -> dict[str, Any]:
    found = shelf.get("/site/main/banner.json")
    assert found is not None
    document: dict[str, Any] = json.loads(found.plain.body)
    return document


async def until(shelf: Shelf, seq: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while shelf.seq < seq:
            await asyncio.sleep(0.005)


async def test_the_banner_vanishes_at_its_expiry_though_nothing_asks_for_it(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    open_house(database)
    open_crisis(database)
    say(database, lasts=EXPIRY - NOON)
    shelf = Shelf()
    publisher = Publisher(database, press(), [DirectoryTarget(tmp_path)], shelf, clock)
    stop = asyncio.Event()
    task = asyncio.create_task(publisher.run(stop))
    await until(shelf, 1)
    assert banner(shelf)["placements"]["banner"] is not None

    clock.advance((EXPIRY - NOON).total_seconds())
    publisher.wake()
    await until(shelf, 2)
    stop.set()
    await task

    assert banner(shelf)["placements"] == {"banner": None, "popup": None, "landing": None}
    on_disk = json.loads((tmp_path / "site/main/banner.json").read_bytes())
    assert on_disk["placements"]["banner"] is None
    assert b"There is no current announcement." in (tmp_path / "en/index.html").read_bytes()


def test_a_copy_kept_anywhere_says_itself_when_it_is_over(database: Database, clock: FrozenClock) -> None:
    open_house(database)
    open_crisis(database)
    say(database, lasts=EXPIRY - NOON)
    shelf = Shelf()
    Publisher(database, press(), [], shelf, clock).publish(NOON)
    assert datetime.fromisoformat(banner(shelf)["valid_until"]) == EXPIRY
    assert b"valid_until" in press().widget.body, "the widget reads it and drops the banner without any network"
