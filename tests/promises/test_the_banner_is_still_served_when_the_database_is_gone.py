"""The website is told from memory and from a folder: with the database gone, and after a restart without it."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from app.store.database import Database
from app.wiring import Wiring, build
from tests.unit.site.world import NOON, open_crisis, open_house, say

pytestmark = pytest.mark.anyio

PAGES = ("/", "/en/", "/gu/contact", "/ar/crises/outage", "/feed.atom", "/site/main/banner.json", "/site/widget.js")


def settings(database_url: str, folder: Path) -> Settings:
    return Settings(
        database_url=database_url,
        publish_dir=folder,
        public_url="https://status.example.org",
        secret_key=SecretStr("a key that only tests know, long enough to be one"),
    )


def reader(wiring: Wiring) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=create_app(wiring=wiring, run_engine=False))
    return httpx2.AsyncClient(transport=transport, base_url="https://status.example.org")


def destroy(folder: Path) -> None:
    for file in folder.glob("clarion.db*"):
        file.unlink()
    (folder / "clarion.db").mkdir()


async def read_all(client: httpx2.AsyncClient, times: int = 20) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for _ in range(times):
        for path in PAGES:
            answer = await client.get(path)
            assert answer.status_code == 200, path
            found[path] = answer.content
            unchanged = await client.get(path, headers={"if-none-match": answer.headers["etag"]})
            assert unchanged.status_code == 304, path
    return found


async def test_readers_notice_nothing_when_the_database_disappears(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    open_house(database)
    open_crisis(database)
    say(database)
    wiring = build(settings(database_url, tmp_path / "site"))
    wiring.publisher.publish(NOON)
    async with reader(wiring) as client:
        before = await read_all(client, times=1)
        wiring.db.close()
        database.close()
        destroy(tmp_path)
        assert await read_all(client) == before
        assert b"Power is out in Adajan" in before["/site/main/banner.json"]


async def test_a_restart_without_the_database_serves_the_last_good_copy(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    open_house(database)
    open_crisis(database)
    say(database)
    first = build(settings(database_url, tmp_path / "site"))
    first.publisher.publish(NOON)
    async with reader(first) as client:
        before = await read_all(client, times=1)

    (tmp_path / "gone").write_text("this is not a database")
    second = build(settings(f"sqlite:///{tmp_path}/gone", tmp_path / "site"))
    async with reader(second) as client:
        assert await read_all(client, times=1) == before
        stated = (await client.get("/site/main/banner.json")).headers["last-modified"]
        assert stated == "Tue, 10 Mar 2026 12:00:00 GMT", "it states how old it is"


async def test_the_folder_alone_is_a_whole_website(database: Database, database_url: str, tmp_path: Path) -> None:
    open_house(database)
    open_crisis(database)
    say(database)
    wiring = build(settings(database_url, tmp_path / "site"))
    wiring.publisher.publish(NOON)
    async with reader(wiring) as client:
        for path, body in (await read_all(client, times=1)).items():
            file = tmp_path / "site" / path.strip("/")
            assert (file / "index.html" if file.is_dir() else file).read_bytes() == body
