"""Change a phone number once: the banner and the contact page in every language show it, the old one is nowhere.

On a clock that only moves while everybody waits: the seconds are those somebody lets pass, not those a machine needs.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from app.domain.principals import Actor, Role
from app.publishing.directory import DirectoryTarget
from app.publishing.publisher import Publisher
from app.site.shelf import Shelf
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.save_document import save_document
from tests.conftest import NOON
from tests.patience import PATIENCE
from tests.rig.virtual import VIRTUAL, VirtualClock
from tests.unit.site.world import LANGUAGES, PHONE, open_crisis, open_house, press, say

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


OLD, NEW = "+912612345678", "+912619999999"
ON_DUTY = Actor("asha", Role.APPROVER, 1, None)
SECONDS = 3.0


async def test_a_changed_phone_number_is_on_the_website_within_seconds(database: Database, tmp_path: Path) -> None:
    clock = VirtualClock(NOON)
    open_house(database)
    open_crisis(database)
    say(database, at=clock.now())
    shelf = Shelf()
    publisher = Publisher(database, press(), [DirectoryTarget(tmp_path / "site")], shelf, clock)
    stop = asyncio.Event()
    task = asyncio.create_task(publisher.run(stop))
    async with asyncio.timeout(PATIENCE):
        while not shows(shelf, OLD):
            await asyncio.sleep(0.01)
        changed = {**PHONE, "address": NEW}
        started = clock.monotonic()
        await asyncio.to_thread(
            save_document, database, ON_DUTY, Kind.CONTACT_CHANNEL, "phone", changed, None, clock.now()
        )
        while not shows(shelf, NEW):  # nobody wakes the publisher: it looks by itself
            await asyncio.sleep(0.01)
        took = clock.monotonic() - started
        stop.set()
        await task
    assert took < SECONDS
    check_folder(tmp_path / "site")


def check_folder(folder: Path) -> None:
    for language in LANGUAGES:
        assert f'href="tel:{NEW}"' in (folder / language / "contact" / "index.html").read_text(encoding="utf-8")
    stale = [path for path in folder.rglob("*") if path.is_file() and OLD.encode() in path.read_bytes()]
    assert stale == []


def shows(shelf: Shelf, number: str) -> bool:
    found = shelf.get("/site/main/banner.json")
    if found is None:
        return False
    return any(channel["dial"] == number for channel in json.loads(found.plain.body)["contact"]["channels"])
