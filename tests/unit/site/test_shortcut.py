"""The shortcut answers byte for byte what uvicorn would, or leaves the request to it."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from app.site.plain import MOST_PACKETS, Counter, plain_request
from app.site.shelf import Shelf
from app.site.shortcut import HEAD_SECONDS, ShortcutProtocol
from tests.unit.site.snapshots import BANNER, snapshot
from tests.unit.site.wire import DATE, SETTLED, Connection, turn

shelf = Shelf()
shelf.put(snapshot(7, text="Power is out. " * 20))
PATH = f"/{BANNER}".encode()
HELD = shelf.get(f"/{BANNER}")
assert HELD is not None
assert HELD.gzip is not None
PLAIN, PACKED = HELD.plain.etag, HELD.gzip.etag

Packets = list[tuple[bytes, int]]


def request(
    target: bytes = PATH, *fields: bytes, method: bytes = b"GET", version: bytes = b"HTTP/1.1", body: bytes = b""
) -> bytes:
    lines = [method + b" " + target + b" " + version, b"Host: status.example.org", *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


BROWSER = (
    b"Connection: keep-alive",
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) \xe2\x9c\x93",
    b"Accept: */*",
    b"Accept-Encoding: gzip, deflate, br, zstd",
    b"Upgrade-Insecure-Requests: 1",
)
SHORT = {
    "plain": request(),
    "head": request(method=b"HEAD"),
    "a browser": request(PATH, *BROWSER),
    "a page": request(b"/en/contact"),
    "a query": request(PATH + b"?v=2&x=%00'"),
    "held": request(PATH, b"If-None-Match: " + PLAIN),
    "a list": request(PATH, b'If-None-Match: "x", W/' + PLAIN + b' , "y"'),
    "two lists": request(PATH, b'If-None-Match: "x"', b"IF-NONE-MATCH:" + PACKED),
    "any": request(PATH, b"If-None-Match: *", b"accept-encoding:gzip"),
    "two encodings": request(PATH, b"Accept-Encoding: br", b"Accept-Encoding: gzip;q=0.5"),
    "encoding refused": request(PATH, b"Accept-Encoding: gzip;q=0"),
    "held by head": request(PATH, b"If-None-Match: " + PACKED, method=b"HEAD"),
    "no host": b"GET " + PATH + b" HTTP/1.1\r\n\r\n",
    "empty values": request(PATH, b"Accept-Encoding:", b"If-None-Match:", b"X: \t"),
}
LONG = {
    "not ours": request(b"/api/v1/crises"),
    "missing page": request(b"/en/no-such"),
    "http 1.0": request(version=b"HTTP/1.0"),
    "http 1.0 kept": request(PATH, b"Connection: keep-alive", version=b"HTTP/1.0"),
    "close": request(PATH, b"Connection: close"),
    "close in a list": request(PATH, b"Connection: keep-alive, close"),
    "old proxy": request(PATH, b"Proxy-Connection: close"),
    "expect": request(PATH, b"Expect: 100-continue"),
    "body on get": request(PATH, b"Content-Length: 4", body=b"GET "),
    "smuggled": request(PATH, b"Content-Length: 0", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "smuggled by length": request(PATH, b"Content-Length: 5", b"Content-Length: 6", body=b"12345"),
    "chunked": request(PATH, b"Transfer-Encoding: chunked", body=b"4\r\nGET \r\n0\r\n\r\n"),
    "upgrade": request(PATH, b"Connection: Upgrade", b"Upgrade: h2c"),
    "absolute": request(b"http://status.example.org" + PATH),
    "percent": request(PATH.replace(b"e", b"%65")),
    "dots": request(b"/en/../" + PATH),
    "two slashes": request(b"/" + PATH),
    "fragment": request(PATH + b"#x"),
    "utf-8": request(PATH + "/é".encode()),
    "options": request(method=b"OPTIONS"),
    "post": request(PATH, b"Content-Length: 1", method=b"POST", body=b"x"),
    "pipelined": request() + request(b"/en/"),
    "pipelined with another": request() + request(b"/slow") + request(),
    "a byte too many": request() + b"\r",
    "line breaks first": b"\r\n\r\n" + request(),
    "too long": request(PATH, b"X: " + b"x" * 20_000),
}
BAD = {
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "bare line feeds": b"GET " + PATH + b" HTTP/1.1\nHost: x\n\n",
    "folded": request(PATH, b"X: a", b" b"),
    "space before colon": request(PATH, b"Content-Length : 5"),
    "nul": request(PATH, b"X: a\x00b"),
    "no colon": request(PATH, b"X"),
    "no version": b"GET " + PATH + b"\r\n\r\n",
    "version": request(version=b"HTTP/9.9"),
    "spaces": b"GET  " + PATH + b" HTTP/1.1\r\n\r\n",
    "lower case": request(method=b"get"),
    "length": request(PATH, b"Content-Length: -1"),
    "length twice": request(PATH, b"Content-Length: 1, 2", body=b"xx"),
    "coding": request(PATH, b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
}
SHAPES = SHORT | LONG | BAD


async def both(packets: Packets) -> None:
    theirs = await Connection(shelf, swift=False).say(packets)
    ours = await Connection(shelf, swift=True).say(packets)
    assert ours == theirs


@pytest.mark.parametrize("name", SHORT)
def test_a_plain_request_takes_the_shortcut(name: str) -> None:
    counter = Counter(shelf)
    assert counter.answer(SHORT[name], list(DATE)) is not None
    assert counter.answer(SHORT[name], list(DATE)) == counter.answer(SHORT[name], list(DATE))


@pytest.mark.parametrize("name", LONG | BAD)
def test_anything_else_is_left_to_uvicorn(name: str) -> None:
    assert Counter(shelf).answer(SHAPES[name], list(DATE)) is None


@pytest.mark.parametrize("name", SHAPES)
def test_both_ways_answer_alike_wherever_a_packet_ends(name: str) -> None:
    stream = SHAPES[name]
    places = range(len(stream)) if len(stream) < 400 else range(0, len(stream), 611)

    async def everywhere() -> None:
        for place in places:
            await both([(stream[:place], SETTLED), (stream[place:], SETTLED), (request(), SETTLED)])

    asyncio.run(everywhere())


well_formed = some.sampled_from([*SHORT.values(), *(LONG[name] for name in LONG if name != "too long")])
ordinary = some.sampled_from([b"/slow", b"/slow?a", b"/echo", b"/deaf", b"/close", b"/api/v1/crises"]).flatmap(
    lambda target: some.binary(max_size=9).map(
        lambda body: request(target, b"Content-Length: %d" % len(body), method=b"POST", body=body)
    )
)
token = some.text(some.sampled_from("abcXYZ-_!#09"), min_size=1, max_size=9).map(str.encode)
value = some.binary(max_size=12).map(lambda raw: bytes(byte for byte in raw if byte not in b"\r\n\x00"))
known_name = some.sampled_from(
    [b"Connection", b"Content-Length", b"Expect", b"If-None-Match", b"accept-encoding", b"Upgrade", b"Last-Event-ID"]
)
known_value = some.sampled_from([b"", b"0", b"3", b"close", b"keep-alive", b"gzip", b"*", PLAIN, PACKED, b"websocket"])
field = some.tuples(known_name | token, known_value | value).map(lambda pair: pair[0] + b": " + pair[1])
drawn = some.builds(
    lambda target, fields, method: request(target, *fields, method=method),
    some.sampled_from([PATH, PATH + b"?x", b"/en/", b"/site/main/live", b"/slow", b"/no"])
    | some.binary(min_size=1, max_size=9).map(lambda raw: b"/" + raw),
    some.lists(field, max_size=5),
    some.sampled_from([b"GET", b"GET", b"HEAD", b"POST", b"PUT"]),
)


def cut(stream: bytes, places: list[int], turns: list[int]) -> Packets:
    ends = sorted({place % (len(stream) + 1) for place in places} | {0, len(stream)})
    pieces = [stream[start:end] for start, end in pairwise(ends)]
    return [(piece, turns[number % len(turns)]) for number, piece in enumerate(pieces)]


@settings(max_examples=120)
@given(
    some.lists(well_formed | ordinary, min_size=1, max_size=6),
    some.lists(some.integers(0, 3000), max_size=8),
    some.lists(some.integers(0, SETTLED), min_size=1, max_size=4),
)
def test_streams_of_good_requests_are_answered_alike_and_in_order(
    requests: list[bytes], places: list[int], turns: list[int]
) -> None:
    """Whole requests as packets of their own, or cut anywhere; the loop turns as often as it likes in between."""
    asyncio.run(both([(one, turns[number % len(turns)]) for number, one in enumerate(requests)]))
    asyncio.run(both(cut(b"".join(requests), places, turns)))


@settings(max_examples=120)
@given(some.lists(drawn | well_formed, min_size=1, max_size=3), some.lists(some.integers(0, 600), max_size=3))
def test_streams_of_any_requests_are_answered_alike(requests: list[bytes], places: list[int]) -> None:
    asyncio.run(both([(one, SETTLED) for one in requests]))
    asyncio.run(both(cut(b"".join(requests), places, [SETTLED])))


def test_a_pile_of_different_packets_is_forgotten_and_a_new_snapshot_is_seen_at_once() -> None:
    own = Shelf()
    own.put(snapshot(1))
    counter = Counter(own)
    for number in range(MOST_PACKETS + 5):
        assert counter.answer(request(PATH, b"X: %d" % number), list(DATE)) is not None
    assert len(counter._packets) <= MOST_PACKETS
    before = counter.answer(request(), list(DATE))
    own.put(snapshot(2))
    after = counter.answer(request(), list(DATE))
    assert before is not None
    assert after is not None
    assert b'"seq": 1' in before
    assert b'"seq": 2' in after


def test_the_date_is_the_servers_newest() -> None:
    counter = Counter(shelf)
    first, second = [(b"date", b"first")], [(b"date", b"second"), (b"x-more", b"1")]
    assert b"date: first\r\n" in (counter.answer(request(), first) or b"")
    assert b"date: second\r\nx-more: 1\r\n" in (counter.answer(request(), second) or b"")


@pytest.mark.parametrize("options", [{"limit_concurrency": 5}, {"root_path": "/x"}])
def test_what_uvicorn_is_told_to_watch_over_it_watches_over(options: dict[str, Any]) -> None:
    async def ask() -> None:
        connection = Connection(shelf, swift=True, **options)
        assert isinstance(connection.protocol, ShortcutProtocol)
        assert not connection.protocol._between
        connection.protocol._unset_keepalive_if_required()

    asyncio.run(ask())


def test_who_does_not_read_is_not_written_to_without_end() -> None:
    async def ask() -> None:
        connection = Connection(shelf, swift=True)
        connection.protocol.pause_writing()
        for _ in range(50):
            connection.transport.deliver(request())
        await turn(SETTLED)
        assert connection.transport.sent == b""
        connection.protocol.resume_writing()
        await turn(SETTLED * 60)
        assert connection.transport.sent.count(b"HTTP/1.1 200 OK") == 50
        connection.protocol._unset_keepalive_if_required()

    asyncio.run(ask())


def test_a_silent_connection_is_closed_when_uvicorn_would() -> None:
    async def ask() -> None:
        connection, clock = waiting(timeout_keep_alive=5)
        for _ in range(3):
            connection.transport.deliver(request())
            clock.pass_by(4.0)
            assert not connection.transport.closed
        clock.pass_by(0.9)
        assert not connection.transport.closed
        clock.pass_by(0.2)
        assert connection.transport.closed

    asyncio.run(ask())


def waiting(**options: Any) -> tuple[Connection, Clock]:
    """A connection whose seconds pass only when told to."""
    connection, clock = Connection(shelf, swift=True, **options), Clock()
    connection.protocol._unset_keepalive_if_required()
    connection.protocol.loop = clock  # type: ignore[assignment]
    connection.protocol.connection_made(connection.transport)
    return connection, clock


@pytest.mark.parametrize("drops", [b"", b"GET /site/main/banner.json HTTP/1.1\r\nX: y"])
def test_who_never_comes_to_the_end_of_a_request_is_hung_up_on(drops: bytes) -> None:
    async def ask() -> None:
        connection, clock = waiting(timeout_keep_alive=5)
        for drop in drops:
            clock.pass_by(0.3)
            connection.transport.deliver(bytes([drop]))
        assert not connection.transport.closed
        clock.pass_by(HEAD_SECONDS + 0.1)
        assert connection.transport.closed
        assert connection.transport.sent == b""

    asyncio.run(ask())


def test_a_slow_beginner_is_answered_and_then_closed_like_everybody() -> None:
    async def ask() -> None:
        connection, clock = waiting(timeout_keep_alive=5)
        clock.pass_by(HEAD_SECONDS - 1)
        connection.transport.deliver(request())
        assert connection.transport.sent.startswith(b"HTTP/1.1 200 OK")
        clock.pass_by(4.9)
        assert not connection.transport.closed
        clock.pass_by(0.2)
        assert connection.transport.closed

    asyncio.run(ask())


def test_a_server_that_stops_closes_what_is_idle() -> None:
    async def ask() -> None:
        connection = Connection(shelf, swift=True)
        connection.transport.deliver(request())
        connection.protocol.shutdown()
        assert connection.transport.closed
        assert connection.transport.sent.startswith(b"HTTP/1.1 200 OK")
        connection.protocol._unset_keepalive_if_required()

    asyncio.run(ask())


@given(some.binary(max_size=300) | drawn)
def test_what_is_read_as_plain_has_the_shape_of_a_request(data: bytes) -> None:
    found = plain_request(data)
    if found is not None:
        assert data.endswith(b"\r\n\r\n")
        assert data.count(b"\r\n\r\n") == 1
        assert data.startswith((b"GET /", b"HEAD /"))


class Clock:
    """The part of a loop a protocol needs for its timers."""

    def __init__(self) -> None:
        self.now = 100.0
        self._calls: list[tuple[float, Any]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Any) -> Clock:
        self._calls.append((self.now + delay, callback))
        return self

    def cancel(self) -> None:
        self._calls.clear()

    def pass_by(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [call for call in self._calls if call[0] <= end]:
            first = min(due, key=lambda call: call[0])
            self._calls.remove(first)
            self.now = first[0]
            first[1]()
        self.now = end
