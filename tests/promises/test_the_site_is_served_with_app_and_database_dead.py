"""Ten thousand requests to the published folder behind nginx with everything else dead, and none fails.

And a process that starts beside a database it cannot use shows the last good copy.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from pydantic import SecretStr

from app.settings import Settings
from app.store.database import Database
from app.wiring import build
from tests.live import until
from tests.nginx import nginx
from tests.patience import PATIENCE
from tests.programs import program
from tests.serving import KEY, Serving, migrated, serving, told
from tests.unit.site.world import open_crisis, open_house, say

BANNER = "/site/main/banner.json"
PAGES = (
    BANNER,
    "/",
    "/en/",
    "/gu/contact",
    "/ar/crises/outage",
    "/feed.atom",
    "/lo/feed.json",
    "/site/widget.js",
    BANNER,
)
REQUESTS = 10_000
HEADLINE = b"Power is out in Adajan"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/clarion.db"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with migrated(tmp_path) as found:
        yield found


@pytest.fixture
def folder(database: Database, database_url: str, tmp_path: Path) -> Path:
    """A website with a crisis, published once."""
    wiring = build(settings(database_url, tmp_path / "site"))
    now = wiring.clock.now()
    open_house(database, now)
    open_crisis(database)
    say(database, at=now)
    wiring.publisher.publish(now)
    wiring.db.close()
    database.close()
    return tmp_path / "site"


def settings(database_url: str, folder: Path) -> Settings:
    return Settings(database_url=database_url, publish_dir=folder, secret_key=SecretStr(KEY))


def ask(connection: socket.socket, path: str) -> tuple[int, bytes]:
    """One request on an open connection: status and body."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: status.example.org\r\n\r\n".encode())
    got = b""
    while b"\r\n\r\n" not in got:
        got += receive(connection)
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
    while len(body) < length:
        body += receive(connection)
    return int(head.split(b" ", 2)[1]), body


def receive(connection: socket.socket) -> bytes:
    data = connection.recv(1 << 18)
    if not data:
        raise ConnectionError("hung up in the middle of an answer")
    return data


@contextmanager
def connected(base: str) -> Iterator[socket.socket]:
    address = urlsplit(base)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=PATIENCE) as connection:
        yield connection


def test_nobody_notices_that_everything_but_the_folder_is_dead(folder: Path, database_url: str, tmp_path: Path) -> None:
    web = program("nginx")
    with (
        serving(told(database_url, folder), tmp_path / "log") as process,
        nginx(web, folder=folder, web=process.base) as base,
        connected(base) as connection,
    ):
        before = {path: ask(connection, path) for path in PAGES}
        assert all(status == 200 for status, _ in before.values())
        assert process.log.read_text("utf-8").count("database_unusable") == 0
        process.kill()
        destroy(tmp_path)
        failures = []
        for number in range(REQUESTS):
            status, body = ask(connection, PAGES[number % len(PAGES)])
            if status != 200 or body != before[PAGES[number % len(PAGES)]][1]:
                failures.append((number, status))
        assert failures == []
        assert HEADLINE in before[BANNER][1]


def destroy(folder: Path) -> None:
    for file in folder.glob("clarion.db*"):
        if file.is_file():
            file.unlink()


def banner(running: Serving) -> dict[str, object]:
    with urlopen(f"{running.base}{BANNER}", timeout=PATIENCE) as answer:
        found: dict[str, object] = json.loads(answer.read())
        published = time.strptime(answer.headers["last-modified"], "%a, %d %b %Y %H:%M:%S %Z")
        assert time.mktime(published) <= time.mktime(time.gmtime()), "it states how old it is"
    return found


@pytest.mark.parametrize("state", ["gone", "a server that is down"])
def test_a_process_that_starts_without_its_database_serves_the_last_good_copy(
    folder: Path, tmp_path: Path, database_url: str, state: str
) -> None:
    kept = json.loads((folder / BANNER.strip("/")).read_bytes())
    lost = f"sqlite:///{tmp_path}/lost.db"
    url = lost if state == "gone" else "postgresql://clarion:x@127.0.0.1:9/clarion"
    with serving(told(url, folder), tmp_path / "log") as process:
        assert banner(process) == kept, "a database nobody ever changed is a lost one, not an empty website"
        for _ in range(5):
            time.sleep(0.1)
            assert banner(process) == kept


def test_a_database_that_comes_back_is_followed_again(folder: Path, tmp_path: Path, database_url: str) -> None:
    whole = Path(database_url.removeprefix("sqlite:///"))
    place = tmp_path / "moved.db"
    place.write_bytes(b"torn" * 2000)
    with serving(told(f"sqlite:///{place}", folder), tmp_path / "log") as process:
        before = banner(process)["seq"]
        assert isinstance(before, int)
        whole.rename(place)
        until(lambda: bool(int(str(banner(process)["seq"])) > before))
        with urlopen(f"{process.base}{BANNER}", timeout=PATIENCE) as answer:
            assert HEADLINE in answer.read()
