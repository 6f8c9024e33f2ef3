"""Live push: everybody who follows a site is told its new banner with bytes that were encoded once for all of them.

Server-sent events (HTML standard, section 9.2), the contract in docs/website.md. A follower costs its connection and
an entry in a set: no task, no queue. Whoever does not read is cut off and comes back for the newest words, since only
those count. `shortcut.py` follows on uvicorn's transport, `following.py` on any ASGI server.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Protocol
from urllib.parse import parse_qs

from app.site.shelf import Shelf

ADDRESS: Final = "/live"
BANNER: Final = "/banner.json"
HEARTBEAT_SECONDS: Final = 15.0
"""Proxies commonly hang up after 30 or 60 silent seconds."""
SOONEST_RETRY_MS: Final = 2_000
LATEST_RETRY_MS: Final = 10_000
RETRIES: Final = 128
"""Different openings; enough to spread ten thousand visitors over the time between."""
PORTION: Final = 250
"""Followers told in one go, some milliseconds, before others have their turn on the event loop."""
GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-accel-buffering", b"no"),
    (b"vary", b"accept-encoding"),
)
GZIP_HEADERS: Final = (*HEADERS, (b"content-encoding", b"gzip"))


@dataclass(frozen=True, slots=True)
class Bytes:
    """The same words as they are, and as a chunk of HTTP/1.1 (RFC 9112 section 7.1)."""

    bare: bytes
    chunk: bytes

    @classmethod
    def of(cls, data: bytes) -> Bytes:
        return cls(data, b"%x\r\n%b\r\n" % (len(data), data))


@dataclass(frozen=True, slots=True)
class Said:
    """Something said to all followers, for those who take gzip and those who do not.

    Each piece ends with a full flush and refers to nothing before it, so the same compressed bytes continue every
    follower's stream (RFC 1951 section 2).
    """

    plain: Bytes
    gzip: Bytes

    @classmethod
    def of(cls, words: bytes, first: bytes = b"") -> Said:
        press = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = press.compress(words) + press.flush(zlib.Z_FULL_FLUSH)
        return cls(Bytes.of(words), Bytes.of(first + packed))

    def to(self, *, gzip: bool) -> Bytes:
        return self.gzip if gzip else self.plain


BEAT: Final = Said.of(b":\n\n")


def banner_event(seq: int, banner: bytes) -> Said:
    """`banner` as an event; line breaks within it, which JSON allows between values, become lines of the event."""
    lines = b"\ndata: ".join(banner.splitlines())
    return Said.of(b"event: banner\nid: %d\ndata: %b\n\n" % (seq, lines))


def stated_seq(banner: bytes) -> int:
    """The number a banner says it has, 0 when it says none."""
    try:
        seq = json.loads(banner)["seq"]
    except (ValueError, KeyError, TypeError):
        return 0
    return seq if isinstance(seq, int) else 0


class Follower(Protocol):
    def tell(self, said: Said) -> None:
        """Pass it on without waiting, or give the follower up."""


@dataclass(slots=True)
class Room:
    """The followers of one site."""

    banner: str
    said: Said
    seq: int
    body: bytes
    followers: set[Follower] = field(default_factory=set)


class Hub:
    """All rooms of one process, for one event loop. `pick(n)` gives a number below n at random."""

    def __init__(self, shelf: Shelf, limit: int, pick: Callable[[int], int], beat: float = HEARTBEAT_SECONDS) -> None:
        self._shelf, self._limit, self._pick, self._beat = shelf, limit, pick, beat
        self._rooms: dict[str, Room] = {}
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self.followers = 0
        shelf.listen(self.wake)

    def room(self, path: str) -> Room | None:
        """Where `/site/{site}/live` leads, None when there is no such site."""
        if not path.endswith(ADDRESS):
            return None
        banner = path.removesuffix(ADDRESS) + BANNER
        if banner not in self._shelf.addresses:
            return None
        room = self._rooms.get(banner)
        if room is None:
            room = self._rooms[banner] = Room(banner, BEAT, 0, b"")
        self._refresh(room)
        return room

    @property
    def full(self) -> bool:
        return self.followers >= self._limit

    def retry_after(self) -> int:
        """Seconds for those there is no room for, no two alike."""
        return 30 + self._pick(61)

    def join(self, room: Room, follower: Follower, known: int) -> Iterable[Said]:
        """Count `follower` in; what it must be told first, the banner only when newer than `known`."""
        room.followers.add(follower)
        self.followers += 1
        if self._task is None:
            self._loop = asyncio.get_running_loop()
            self._task = self._loop.create_task(self._run())
        opening = _opening(self._pick(RETRIES))
        return (opening, room.said) if room.seq > known else (opening,)

    def leave(self, room: Room, follower: Follower) -> None:
        if follower in room.followers:
            room.followers.discard(follower)
            self.followers -= 1
        if self.followers == 0 and self._task is not None:
            self._task.cancel()
            self._task = None

    def wake(self) -> None:
        """Something was put on the shelf. May be called from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closing: nobody is left to tell
                self._loop.call_soon_threadsafe(self._news.set)

    async def _run(self) -> None:
        """As long as anybody follows: news at once, a heartbeat when there is none."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._beat):
                    await self._news.wait()
            if self._news.is_set():
                self._news.clear()
                for room in [room for room in self._rooms.values() if self._refresh(room)]:
                    await _tell(room, room.said)
            else:
                for room in list(self._rooms.values()):
                    await _tell(room, BEAT)

    def _refresh(self, room: Room) -> bool:
        """Whether the room's banner is another one than was said last."""
        found = self._shelf.get(room.banner)
        if found is None or found.plain.body == room.body:
            return False
        room.body, room.seq = found.plain.body, stated_seq(found.plain.body)
        room.said = banner_event(room.seq, room.body)
        return True


async def _tell(room: Room, said: Said) -> None:
    for number, follower in enumerate(list(room.followers), start=1):
        follower.tell(said)
        if number % PORTION == 0:
            await asyncio.sleep(0)


@cache
def _opening(number: int) -> Said:
    step = (LATEST_RETRY_MS - SOONEST_RETRY_MS) // RETRIES
    return Said.of(b"retry: %d\n\n" % (SOONEST_RETRY_MS + number * step), GZIP_HEADER)


def known_seq(query: bytes, last_event_id: bytes) -> int:
    """The banner a visitor holds: what the browser remembers goes before what the page once wrote."""
    asked = parse_qs(query.decode("latin-1")).get("seq", [""])[0]
    for stated in (last_event_id.decode("latin-1").strip(), asked):
        if stated.isdecimal() and len(stated) < 19:
            return int(stated)
    return 0
