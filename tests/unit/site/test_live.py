"""Live push: everybody who follows is told once, from bytes made once, on uvicorn's transport and on any server."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.domain.snapshot import JSON, File, Snapshot
from app.site.edge import edge
from app.site.live import BEAT, Hub, Said, banner_event, known_seq, stated_seq
from app.site.shelf import Shelf
from tests.patience import PATIENCE
from tests.unit.site.asgi import ask, beyond
from tests.unit.site.snapshots import AT, BANNER, snapshot
from tests.unit.site.wire import Connection, turn

pytestmark = pytest.mark.anyio

LIVE = b"/site/main/live"
ENOUGH = 30
"""Turns of the loop after which news has been told."""
NEVER = 3600.0


def request(target: bytes = LIVE, *fields: bytes) -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: x", *fields]) + b"\r\n\r\n"


@pytest.fixture
def shelf() -> Shelf:
    made = Shelf()
    made.put(snapshot(7))
    return made


class House:
    """A hub and its followers."""

    def __init__(self, shelf: Shelf, *, swift: bool, limit: int = 10, beat: float = NEVER) -> None:
        self.shelf, self.swift = shelf, swift
        self.picks = iter(range(100_000))
        self.hub = Hub(shelf, limit, lambda below: next(self.picks) % below, beat)
        self.connections: list[Connection] = []

    async def enter(self, data: bytes = b"") -> Connection:
        made = Connection(self.shelf, swift=self.swift, hub=self.hub)
        self.connections.append(made)
        made.transport.deliver(data or request())
        await turn(ENOUGH)
        return made

    async def publish(self, *numbers: int) -> None:
        for number in numbers:
            await asyncio.to_thread(self.shelf.put, snapshot(number, text="Power is out. " * 40))
        await turn(ENOUGH)


@pytest.fixture(params=[True, False], ids=["shortcut", "asgi"])
async def house(request: pytest.FixtureRequest, shelf: Shelf) -> AsyncIterator[Any]:
    houses: list[House] = []

    def build(**options: Any) -> House:
        houses.append(House(shelf, swift=request.param, **options))
        return houses[-1]

    yield build
    for made in houses:
        for connection in made.connections:
            await connection.hang_up()
        assert made.hub.followers == 0
        assert made.hub._task is None


def heard(connection: Connection) -> str:
    """The stream as a browser reads it: without head, chunks and compression."""
    head, _, rest = bytes(connection.transport.sent).partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head, head
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    if b"content-encoding: gzip" in head:
        body = zlib.decompressobj(31).decompress(body)
    return body.decode()


def numbers(connection: Connection) -> list[int]:
    return [int(found) for found in re.findall(r"^id: (\d+)$", heard(connection), re.MULTILINE)]


async def test_a_visitor_gets_the_banner_at_once_and_each_new_one(house: Any) -> None:
    home = house()
    visitor = await home.enter()
    assert re.match(r"retry: \d+\n\nevent: banner\nid: 7\ndata: \{.*\}\n\n$", heard(visitor))
    await home.publish(8)
    await home.publish(9)
    assert numbers(visitor) == [7, 8, 9]


async def test_all_visitors_are_told_and_nobody_hears_anything_twice(house: Any) -> None:
    home = house(limit=1000)
    visitors = [await home.enter() for _ in range(20)]
    await home.publish(8)
    assert all(numbers(visitor) == [7, 8] for visitor in visitors)


@pytest.mark.parametrize(
    "asked", [request(LIVE + b"?seq=7"), request(LIVE, b"Last-Event-ID: 7"), request(LIVE + b"?seq=9")]
)
async def test_who_holds_the_newest_is_told_nothing_until_there_is_more(house: Any, asked: bytes) -> None:
    home = house()
    visitor = await home.enter(asked)
    assert numbers(visitor) == []
    await home.publish(12)
    assert numbers(visitor) == [12]


async def test_what_the_browser_remembers_goes_before_what_the_page_once_wrote(house: Any) -> None:
    home = house()
    assert numbers(await home.enter(request(LIVE + b"?seq=3", b"Last-Event-ID: 7"))) == []
    assert numbers(await home.enter(request(LIVE + b"?seq=7", b"Last-Event-ID: 3"))) == [7]


async def test_compressed_streams_share_their_bytes_and_are_whole(house: Any) -> None:
    home = house()
    packed = await home.enter(request(LIVE, b"Accept-Encoding: gzip, br"))
    plain = await home.enter()
    await home.publish(8)
    await home.publish(9)
    assert numbers(packed) == numbers(plain) == [7, 8, 9]
    assert len(packed.transport.sent) < len(plain.transport.sent)


async def test_silence_is_filled_with_heartbeats(house: Any) -> None:
    home = house(beat=0.001)
    visitor = await home.enter()
    async with asyncio.timeout(PATIENCE):
        while ":\n\n" not in heard(visitor):
            await asyncio.sleep(0.001)


async def test_no_two_visitors_in_a_row_come_back_at_the_same_time(house: Any) -> None:
    home = house(limit=100)
    told = {heard(await home.enter()).split("\n", 1)[0] for _ in range(12)}
    assert len(told) == 12
    assert all(2_000 <= int(line.removeprefix("retry: ")) <= 10_000 for line in told)


async def test_beyond_the_limit_a_visitor_is_asked_to_come_later(house: Any) -> None:
    home = house(limit=1)
    await home.enter()
    refused = await home.enter()
    assert refused.transport.sent.startswith(b"HTTP/1.1 503 Service Unavailable")
    assert re.search(rb"\r\nretry-after: \d\d\r\n", refused.transport.sent)
    assert b"access-control-allow-origin: *" in refused.transport.sent
    await home.connections[0].hang_up()
    assert numbers(await home.enter()) == [7]


async def test_a_site_that_does_not_exist_is_the_applications_matter(house: Any) -> None:
    for path in (b"/site/no-such/live", b"/live", b"/en/live", b"/site/main/live/"):
        assert not (await house().enter(request(path))).transport.sent.startswith(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/ev"
        )


async def test_a_banner_put_ahead_of_its_snapshot_is_told_once(house: Any) -> None:
    home = house()
    visitor = await home.enter()
    whole = snapshot(8)
    home.shelf.put_ahead([whole.files[BANNER]], 8, AT)
    home.shelf.put(whole)
    await turn(ENOUGH)
    assert numbers(visitor) == [7, 8]


async def test_who_does_not_read_is_cut_off(shelf: Shelf) -> None:
    home = House(shelf, swift=True)
    slow, quick = await home.enter(), await home.enter()
    slow.protocol.pause_writing()
    await home.publish(8)
    assert slow.transport.closed
    assert numbers(quick) == [7, 8]
    for connection in home.connections:
        await connection.hang_up()


async def test_on_any_server_only_the_newest_words_wait_for_who_does_not_read(shelf: Shelf) -> None:
    home = House(shelf, swift=False)
    slow = await home.enter()
    slow.protocol.pause_writing()
    await home.publish(8)
    await home.publish(9)
    await home.publish(10)
    slow.protocol.resume_writing()
    await turn(ENOUGH)
    assert numbers(slow) == [7, 8, 10]
    await slow.hang_up()


async def test_a_server_that_stops_lets_followers_go_at_once(shelf: Shelf) -> None:
    home = House(shelf, swift=True)
    visitor = await home.enter()
    visitor.protocol.shutdown()
    assert visitor.transport.closed
    await visitor.hang_up()


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT"])
async def test_a_stream_can_only_be_read(shelf: Shelf, method: str) -> None:
    answer = await ask(edge(shelf, Hub(shelf, 5, lambda _: 0))(beyond), LIVE.decode(), method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


def test_line_breaks_in_a_banner_stay_within_its_event() -> None:
    said = banner_event(3, b'{"a":\r\n1,\n"b": 2}').plain.bare
    assert said == b'event: banner\nid: 3\ndata: {"a":\ndata: 1,\ndata: "b": 2}\n\n'


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"seq": "x"}'])
def test_a_banner_without_a_number_is_older_than_any(body: bytes) -> None:
    assert stated_seq(body) == 0


@pytest.mark.parametrize(
    ("query", "last", "seq"),
    [
        (b"", b"", 0),
        (b"seq=5", b"", 5),
        (b"seq=5", b"6", 6),
        (b"seq=x", b"", 0),
        (b"seq=5", b"x", 5),
        (b"seq=" + b"9" * 40, b"", 0),
        (b"%ff&seq=4", b"\xb2", 4),
    ],
)
def test_the_number_a_visitor_holds(query: bytes, last: bytes, seq: int) -> None:
    assert known_seq(query, last) == seq


def test_pieces_compressed_apart_make_one_stream() -> None:
    pieces = [Said.of(f"event {number} ".encode() * 50) for number in range(5)]
    first = Said.of(b"hello ", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")
    for order in (pieces, pieces[::-1]):
        stream = first.gzip.bare + BEAT.gzip.bare + b"".join(piece.gzip.bare for piece in order)
        assert zlib.decompressobj(31).decompress(stream) == b"hello :\n\n" + b"".join(p.plain.bare for p in order)


async def test_sites_have_rooms_of_their_own(house: Any) -> None:
    home = house()
    other = File("site/other/banner.json", b'{"seq":8}', JSON)
    visitor = await home.enter()
    home.shelf.put(Snapshot(8, AT, {**snapshot(7).files, other.path: other}))
    await turn(ENOUGH)
    assert numbers(visitor) == [7], "its own banner is the same as before"
    assert numbers(await home.enter(request(b"/site/other/live"))) == [8]
