"""Whoever asks again, polling or followed live, never gets older words: publishers race, processes start anew."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from app.site.asgi import ASGIApp
from app.store.database import Database
from app.wiring import Wiring, build
from tests.nginx import nginx
from tests.patience import PATIENCE
from tests.programs import program
from tests.unit.site.asgi import ask
from tests.unit.site.test_nginx import hear
from tests.unit.site.wire import Connection
from tests.unit.site.world import NOON, open_house

pytestmark = pytest.mark.anyio

BANNER = "/site/main/banner.json"
LIVE = b"GET /site/main/live HTTP/1.1\r\nHost: x\r\n\r\n"
EACH = 8


def wired(database_url: str, folder: Path) -> Wiring:
    return build(Settings(database_url=database_url, publish_dir=folder, secret_key=SecretStr("x" * 40)))


class Visitor:
    """Asks one address again and again."""

    def __init__(self, ask_once: Callable[[], bytes]) -> None:
        self.ask_once = ask_once
        self.seen: list[int] = []

    async def watch(self, over: asyncio.Event) -> None:
        while not over.is_set():
            self.seen.append(json.loads(await asyncio.to_thread(self.ask_once))["seq"])
            await asyncio.sleep(0)


async def banner(app: ASGIApp) -> int:
    seq = json.loads((await ask(app, BANNER)).body)["seq"]
    assert isinstance(seq, int)
    return seq


async def test_two_publishers_race_and_no_visitor_of_folder_or_process_goes_back(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    web, folder = program("nginx"), tmp_path / "site"
    open_house(database)
    both = [wired(database_url, folder) for _ in range(2)]
    for one in both:
        one.publisher.publish(NOON)
    followers = [Connection(one.shelf, swift=True, hub=one.hub) for one in both]
    for follower in followers:
        follower.transport.deliver(LIVE)
    over = asyncio.Event()
    with nginx(web, folder=folder) as base:
        packed = Visitor(lambda: hear(base, BANNER).body)
        watching = asyncio.create_task(packed.watch(over))
        apps = [create_app(wiring=one, run_engine=False) for one in both]
        seen: list[list[int]] = [[], []]

        async def publish(one: Wiring) -> None:
            for _ in range(EACH):
                await asyncio.to_thread(one.publisher.publish, NOON)

        async def poll(number: int) -> None:
            while not over.is_set():
                seen[number].append(await banner(apps[number]))
                await asyncio.sleep(0)

        polling = [asyncio.create_task(poll(number)) for number in range(2)]
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(publish(one) for one in both))
        over.set()
        await asyncio.gather(watching, *polling)
    last = json.loads((folder / BANNER.strip("/")).read_bytes())["seq"]
    assert last >= 2 * EACH
    for series in (packed.seen, *seen):
        assert series == sorted(series)
    for follower in followers:
        told = [int(found) for found in re.findall(rb"id: (\d+)\n", follower.transport.sent)]
        assert told == sorted(set(told))
        assert len(told) > 1
        await follower.hang_up()
    for one in both:
        one.db.close()


async def test_a_start_from_an_older_folder_shows_nobody_the_older_words(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    folder, old = tmp_path / "site", tmp_path / "old"
    open_house(database)
    first = wired(database_url, folder)
    first.publisher.publish(NOON)
    shutil.copytree(folder, old)
    for _ in range(4):
        first.publisher.publish(NOON)
    visitor = await banner(create_app(wiring=first, run_engine=False))
    first.db.close()
    shutil.rmtree(folder)
    shutil.copytree(old, folder)

    second = wired(database_url, folder)
    assert second.shelf.seq < visitor, "the folder is from a backup"
    async with second.running():  # what uvicorn waits for before it takes a connection
        assert await banner(create_app(wiring=second, run_engine=False)) > visitor
