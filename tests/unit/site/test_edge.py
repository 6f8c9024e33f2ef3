"""The raw ASGI edge: what is on the shelf is answered here, everything else goes on."""

from __future__ import annotations

import gzip

import pytest

from app.site.asgi import Receive, Scope, Send
from app.site.edge import edge, takes_gzip
from app.site.shelf import Shelf
from tests.unit.site.asgi import ask, beyond
from tests.unit.site.snapshots import snapshot

pytestmark = pytest.mark.anyio

shelf = Shelf()
shelf.put(snapshot(7))
app = edge(shelf)(beyond)

INDEX = "/en/"
BANNER = "/site/main/banner.json"


async def test_a_page_is_answered_with_its_own_headers() -> None:
    answer = await ask(app, INDEX)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == "en"
    assert answer.headers["cache-control"] == "public, max-age=5, stale-if-error=86400"
    assert answer.headers["last-modified"] == "Sun, 22 Nov 2026 09:00:00 GMT"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert int(answer.headers["content-length"]) == len(answer.body)


async def test_every_origin_may_read_the_banner() -> None:
    assert (await ask(app, BANNER)).headers["access-control-allow-origin"] == "*"
    preflight = await ask(app, BANNER, method="OPTIONS")
    assert (preflight.status, preflight.headers["access-control-allow-methods"]) == (204, "GET, HEAD, OPTIONS")


async def test_no_answer_sets_a_cookie() -> None:
    assert "set-cookie" not in (await ask(app, BANNER)).headers


async def test_gzip_is_sent_ready_made_to_those_who_take_it_with_its_own_strong_etag() -> None:
    plain = await ask(app, INDEX)
    packed = await ask(app, INDEX, headers=[("Accept-Encoding", "br, gzip")])
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert not packed.headers["etag"].startswith("W/")


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (b"", False),
        (b"gzip", True),
        (b"GZIP;q=0.5", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.000", False),
        (b"br", False),
        (b"*", True),
        (b"*;q=0", False),
        (b"gzip;q=0, *", False),
        (b"gzip;q=broken", False),
        (b"identity, x-gzip", True),
    ],
)
def test_accept_encoding_is_read_as_the_standard_says(header: bytes, taken: bool) -> None:
    assert takes_gzip(header) is taken


async def test_head_gives_the_headers_of_get_and_no_body() -> None:
    get, head = await ask(app, INDEX), await ask(app, INDEX, method="HEAD")
    assert head.headers == get.headers
    assert head.body == b""


async def test_who_holds_the_bytes_is_told_so() -> None:
    etag = (await ask(app, BANNER)).headers["etag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*", f'"a","b" ,{etag}'):
        answer = await ask(app, BANNER, headers=[("If-None-Match", known)])
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)
        assert "content-length" not in answer.headers
        assert "content-type" not in answer.headers
        assert answer.headers["cache-control"].startswith("public")


async def test_the_304_names_the_representation_that_is_held() -> None:
    plain = (await ask(app, INDEX)).headers["etag"]
    answer = await ask(app, INDEX, headers=[("If-None-Match", plain), ("Accept-Encoding", "gzip")])
    assert (answer.status, answer.headers["etag"]) == (304, plain)


async def test_if_none_match_in_two_header_lines_counts_as_one_list() -> None:
    etag = (await ask(app, BANNER)).headers["etag"]
    answer = await ask(app, BANNER, headers=[("If-None-Match", '"x"'), ("If-None-Match", etag)])
    assert answer.status == 304


@pytest.mark.parametrize("stale", ['"old"', "", "unquoted", "W/", '"'])
async def test_who_holds_something_else_gets_the_new_bytes(stale: str) -> None:
    assert (await ask(app, BANNER, headers=[("If-None-Match", stale)])).status == 200


async def test_a_date_condition_is_ignored_since_two_snapshots_may_share_a_second() -> None:
    answer = await ask(app, BANNER, headers=[("If-Modified-Since", "Sun, 22 Nov 2026 09:00:00 GMT")])
    assert answer.status == 200


async def test_range_is_ignored_and_the_whole_answer_sent() -> None:
    answer = await ask(app, BANNER, headers=[("Range", "bytes=0-3")])
    assert answer.status == 200
    assert answer.headers["accept-ranges"] == "none"


async def test_a_query_string_changes_nothing() -> None:
    assert (await ask(app, BANNER, query=b"v=2&x=%00")).body == (await ask(app, BANNER)).body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
async def test_nothing_can_be_written_to_a_page(method: str) -> None:
    answer = await ask(app, BANNER, method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", ["/", "/en/", "/en", "/en/contact", "/en/contact/"])
async def test_a_page_answers_with_and_without_the_last_slash(path: str) -> None:
    assert (await ask(app, path)).status == 200


@pytest.mark.parametrize(
    "path", ["/api/v1/crises", "/healthz", "/site/../manifest.json", "/../etc/passwd", "//etc/passwd"]
)
async def test_what_is_not_on_the_shelf_goes_on_to_the_application(path: str) -> None:
    assert (await ask(app, path)).status == 299


@pytest.mark.parametrize("path", ["/en/crises/no-such", "/en/../../etc/passwd", "/en/%2e%2e/x"])
async def test_a_missing_page_of_the_site_says_so_in_its_own_language(path: str) -> None:
    answer = await ask(app, path, headers=[("If-None-Match", "*")])
    assert answer.status == 404
    assert b"No such page" in answer.body


async def test_the_edge_leaves_sockets_and_start_up_alone() -> None:
    seen: list[str] = []

    async def inner(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> Scope:
        return {"type": "lifespan.startup"}

    async def send(event: Scope) -> None:
        seen.append(event["type"])

    await edge(shelf)(inner)({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"]


async def test_the_shelf_never_goes_back_to_a_lower_sequence_number() -> None:
    newest = Shelf()
    assert newest.put(snapshot(5))
    assert not newest.put(snapshot(4))
    assert not newest.put(snapshot(5, text="other"))
    assert b'"seq": 5' in (await ask(edge(newest)(beyond), BANNER)).body


async def test_the_banner_may_come_before_the_rest_of_its_snapshot() -> None:
    early = Shelf()
    early.put(snapshot(1))
    assert early.put_ahead([snapshot(2).files[BANNER.strip("/")]], 2, snapshot(2).published_at)
    front = edge(early)(beyond)
    assert b'"seq": 2' in (await ask(front, BANNER)).body
    assert b"<title>1</title>" in (await ask(front, INDEX)).body
    assert early.put(snapshot(2))
    assert b"<title>2</title>" in (await ask(front, INDEX)).body
    assert not early.put_ahead([snapshot(1).files[BANNER.strip("/")]], 1, snapshot(1).published_at)
