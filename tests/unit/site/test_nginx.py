"""The configuration files customers get, run by a real nginx: it says what the process itself would say."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.domain.snapshot import ATOM, HTML, JSON_FEED, File, Snapshot
from app.publishing.directory import DirectoryTarget
from app.site.edge import edge
from app.site.shelf import Shelf
from tests.nginx import nginx
from tests.patience import PATIENCE
from tests.programs import program
from tests.unit.site.asgi import ask, beyond
from tests.unit.site.snapshots import BANNER, snapshot

pytestmark = pytest.mark.anyio

SAME = (
    "content-type", "content-encoding", "content-length", "cache-control", "access-control-allow-origin",
    "access-control-expose-headers", "cross-origin-resource-policy", "timing-allow-origin", "x-content-type-options",
    "referrer-policy",
)  # fmt: skip
"""Said alike; ETag, Last-Modified and the policy of pages are the same in meaning only."""
ADDRESSES = (
    "/", "/en/", "/en", "/en/contact", "/en/contact/", f"/{BANNER}", "/feed.json", "/en/feed.atom", f"/{BANNER}?v=2"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    status: int
    headers: dict[str, str]
    body: bytes


def hear(base: str, path: str, method: str = "GET", **headers: str) -> Heard:
    connection = HTTPConnection(urlsplit(base).netloc, timeout=PATIENCE)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Heard(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def published(seq: int = 7) -> Snapshot:
    made = snapshot(seq, text="Power is out. " * 30)
    page = made.files["en/index.html"].body
    more = [
        File("404.html", b"<!doctype html><title>No such page</title>", HTML, language="en"),
        File("feed.json", b'{"title": "' + page + b'"}', JSON_FEED),
        File("en/feed.atom", b"<feed>" + page + b"</feed>", ATOM),
    ]
    return replace(made, files={**made.files, **{file.path: file for file in more}})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("published") / "site"
    DirectoryTarget(made).write(published())
    return made


@pytest.fixture(scope="module")
def base(folder: Path) -> Iterator[str]:
    with nginx(program("nginx"), folder=folder) as address:
        yield address


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    made = Shelf()
    made.put(published())
    return made


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("path", ADDRESSES)
async def test_nginx_says_what_the_process_says(base: str, shelf: Shelf, path: str, encoding: str) -> None:
    from_nginx = hear(base, path, Accept_Encoding=encoding)
    asked = path.partition("?")[0]
    from_us = await ask(edge(shelf)(beyond), asked, headers=[("Accept-Encoding", encoding)])
    assert (from_nginx.status, from_nginx.body) == (from_us.status, from_us.body)
    said = [{name: headers.get(name) for name in SAME} for headers in (from_nginx.headers, from_us.headers)]
    assert said[0] == said[1]
    assert from_nginx.headers["vary"].lower() == from_us.headers["vary"]
    assert "set-cookie" not in from_nginx.headers
    assert "frame-ancestors 'none'" in from_nginx.headers["content-security-policy"]
    assert "default-src 'none'" in from_nginx.headers["content-security-policy"]
    assert not from_nginx.headers["etag"].startswith("W/")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_who_holds_the_bytes_is_told_so(base: str, encoding: str) -> None:
    etag = hear(base, f"/{BANNER}", Accept_Encoding=encoding).headers["etag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = hear(base, f"/{BANNER}", Accept_Encoding=encoding, If_None_Match=known)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["cache-control"].startswith("public, max-age=5")
        assert answer.headers["access-control-allow-origin"] == "*"


def test_head_dates_and_ranges(base: str) -> None:
    whole, head = hear(base, f"/{BANNER}"), hear(base, f"/{BANNER}", "HEAD")
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", whole.headers["etag"])
    assert hear(base, f"/{BANNER}", If_Modified_Since=whole.headers["last-modified"]).status == 200
    assert hear(base, f"/{BANNER}", Range="bytes=0-3").body == whole.body


def test_with_the_process_dead_a_missing_page_says_so_in_its_language(base: str) -> None:
    missing = hear(base, "/en/crises/no-such")
    assert (missing.status, b"No such page" in missing.body) == (404, True)
    assert missing.headers["cache-control"].startswith("public")
    for path in ("/api/v1/crises", "/console/", "/site/main/live", "/u/token"):
        assert hear(base, path).status == 502
    for path in ("/.lock", "/en/../.lock", "/site/main/.banner.json.tmp", "/en/%2e%2e/.lock"):
        assert hear(base, path).status in (400, 404)


def test_two_banners_of_one_second_are_told_apart(tmp_path: Path) -> None:
    target = DirectoryTarget(tmp_path / "site")
    with nginx(program("nginx"), folder=tmp_path / "site") as base:
        held: dict[str, str] = {}
        for seq in range(1, 6):  # the numbers have one digit, so the files one size
            target.write(published(seq))
            for encoding in ("identity", "gzip"):
                known = {"If_None_Match": held[encoding]} if encoding in held else {}
                answer = hear(base, f"/{BANNER}", Accept_Encoding=encoding, **known)
                assert answer.status == 200, "the old banner passes for the new one"
                body = gzip.decompress(answer.body) if encoding == "gzip" else answer.body
                assert json.loads(body)["seq"] == seq
                held[encoding] = answer.headers["etag"]


class Web(BaseHTTPRequestHandler):
    """A web process: counts what it is asked, and streams where live push is."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = b"event: banner\nid: 1\ndata: {}\n\n" if self.path.endswith("/live") else b"from the process"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        public = "public, max-age=5, stale-if-error=86400" if self.path.startswith("/site/main/banner") else "no-store"
        self.send_header("Cache-Control", public)
        self.send_header("X-Via", str(self.headers["X-Forwarded-For"]))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        return


@pytest.fixture
def web() -> Iterator[tuple[str, list[str], ThreadingHTTPServer]]:
    asked: list[str] = []
    handler = type("Handler", (Web,), {"asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked, server
    server.shutdown()
    server.server_close()


Process = tuple[str, list[str], ThreadingHTTPServer]


def test_what_is_not_in_the_folder_is_asked_of_the_process(folder: Path, web: Process) -> None:
    address, asked, _ = web
    with nginx(program("nginx"), folder=folder, web=address) as base:
        for path in ("/api/v1/crises", "/en/no-such", "/site/main/live", "/u/token", "/site/main/preview/token.json"):
            answer = hear(base, path, X_Forwarded_For="203.0.113.9")
            assert answer.status == 200
            assert answer.headers["x-via"] == "127.0.0.1", "nobody chooses the address that limits count by"
        hear(base, f"/{BANNER}")
    assert asked == ["/api/v1/crises", "/en/no-such", "/site/main/live", "/u/token", "/site/main/preview/token.json"]


def test_the_micro_cache_asks_seldom_keeps_nothing_private_and_outlives_the_process(web: Process) -> None:
    address, asked, server = web
    with nginx(program("nginx"), "nginx-micro-cache.conf", web=address) as base:
        for _ in range(200):
            assert hear(base, f"/{BANNER}").body == b"from the process"
        assert len(asked) < 100, "it is kept for a second"
        before = len(asked)
        for path in ("/api/v1/crises", "/en/private"):
            hear(base, path)
            assert hear(base, path, X_Forwarded_For="203.0.113.9, 10.0.0.1").headers["x-via"] == "127.0.0.1"
        assert len(asked) == before + 4
        server.shutdown()
        server.server_close()
        for _ in range(20):
            assert hear(base, f"/{BANNER}").body == b"from the process"
