"""Knowledge opened for the time of a crisis closes at its end: on the website, in messages, and for every pass."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.clock import FrozenClock
from app.domain.help_library import HelpLink
from app.domain.open_links import Verdict, check_pass, make_pass
from app.domain.reading import iso
from app.keyring import Keyring
from app.publishing.directory import DirectoryTarget
from app.publishing.publisher import Publisher
from app.site.shelf import Shelf
from app.store.database import Database
from app.store.documents import Kind
from tests.patience import PATIENCE
from tests.unit.site.world import NOON, open_crisis, open_house, press, save, say

pytestmark = pytest.mark.anyio

END = NOON + timedelta(minutes=10)
PAGE = "https://learn.example.org/first-aid"
COURSE: dict[str, Any] = {
    "slug": "course",
    "texts": {"en": "First aid"},
    "url": PAGE,
    "topics": ["power"],
    "open_resources": {"url_pattern": "https://learn.example.org/*", "until": iso(END)},
}


def shown(folder: Path) -> tuple[bool, bool]:
    """Whether the banner names it, and whether the crisis page links it."""
    banner = json.loads((folder / "site/main/banner.json").read_bytes())
    page = (folder / "en/crises/outage/index.html").read_text(encoding="utf-8")
    return banner["open_resources"] == [COURSE["open_resources"]], f'href="{PAGE}"' in page


async def test_the_website_drops_it_at_its_end_though_nothing_asks_for_it(
    database: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    open_house(database)
    open_crisis(database)
    save(database, Kind.HELP_LINK, COURSE)
    say(database, lasts=timedelta(hours=2), help={"topics": ["power"]})
    shelf = Shelf()
    publisher = Publisher(database, press(), [DirectoryTarget(tmp_path)], shelf, clock)
    stop = asyncio.Event()
    task = asyncio.create_task(publisher.run(stop))

    async def written(seq: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while publisher.last is None or publisher.last.snapshot.seq < seq:
                await asyncio.sleep(0.005)

    await written(1)
    assert shown(tmp_path) == (True, True)
    clock.advance((END - clock.now()).total_seconds())
    publisher.wake()
    await written(2)
    stop.set()
    await task
    assert shown(tmp_path) == (False, False)


async def test_a_pass_ends_with_it(keyring: Keyring, clock: FrozenClock) -> None:
    opens = HelpLink.from_document(COURSE).opens
    assert opens is not None
    key = keyring.key("open-links")
    token = make_pass(key, opens)
    assert check_pass(key, token, PAGE, END - timedelta(seconds=1)).verdict is Verdict.OPEN
    assert check_pass(key, token, PAGE, END).verdict is Verdict.EXPIRED
