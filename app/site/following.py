"""Live push on any ASGI server: what `shortcut.py` does on the transport, with two tasks a follower."""

from __future__ import annotations

import asyncio
from typing import Final

from app.site.asgi import Event, Receive, Scope, Send
from app.site.live import BEAT, GZIP_HEADERS, HEADERS, Hub, Room, Said, known_seq

SLOWEST_SECONDS: Final = 30.0
"""Within which a follower takes what it was sent, or is cut off."""
NO_ROOM: Final = b"Too many are following. Ask for banner.json instead."


class Visitor:
    """Holds back the newest words only, until its connection takes them."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._said: Said | None = None
        self._news = asyncio.Event()

    def tell(self, said: Said) -> None:
        if self._said is None or said is not BEAT:
            self._said = said
            self._news.set()

    async def pour(self, send: Send) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            said, self._said = self._said, None
            if said is not None:
                async with asyncio.timeout(SLOWEST_SECONDS):
                    await send(_body(said.to(gzip=self._gzip).bare))


async def follow(hub: Hub, room: Room, scope: Scope, receive: Receive, send: Send, *, gzip: bool) -> None:
    """Answer one request for `room`, until the visitor goes or is too slow."""
    if scope["method"] != "GET":
        await _refuse(send, 405, [(b"allow", b"GET")], b"")
        return
    if hub.full:
        await _refuse(send, 503, [(b"retry-after", str(hub.retry_after()).encode())], NO_ROOM)
        return
    last = next((value for name, value in scope["headers"] if name == b"last-event-id"), b"")
    visitor = Visitor(gzip=gzip)
    first = hub.join(room, visitor, known_seq(scope["query_string"], last))
    tasks: list[asyncio.Task[None]] = []
    try:
        await send({"type": "http.response.start", "status": 200, "headers": list(GZIP_HEADERS if gzip else HEADERS)})
        for said in first:
            await send(_body(said.to(gzip=gzip).bare))
        tasks = [asyncio.create_task(_until_gone(receive)), asyncio.create_task(visitor.pour(send))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hub.leave(room, visitor)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _body(data: bytes) -> Event:
    return {"type": "http.response.body", "body": data, "more_body": True}


async def _refuse(send: Send, status: int, headers: list[tuple[bytes, bytes]], words: bytes) -> None:
    common = [*HEADERS[1:], (b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(words))]
    await send({"type": "http.response.start", "status": status, "headers": [*common, *headers]})
    await send({"type": "http.response.body", "body": words})
