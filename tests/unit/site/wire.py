"""A connection without a network: packets go in, bytes come out, on uvicorn's own protocol or on ours."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from functools import cache
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.site.asgi import Receive, Scope, Send
from app.site.edge import edge
from app.site.live import Hub
from app.site.shelf import Shelf
from app.site.shortcut import shortcut

DATE = [(b"date", b"Sun, 22 Nov 2026 09:00:00 GMT")]
SETTLED = 12
"""Turns of the loop after which nothing of the small application below is still under way."""


class Transport(asyncio.Transport):
    """What asyncio promises of one: nothing is delivered while reading is paused or after it closes."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: asyncio.Protocol | None = None
        self.sent = bytearray()
        self.closed = False
        self._paused = False
        self._waiting: deque[bytes] = deque()

    def deliver(self, data: bytes) -> None:
        self._waiting.append(data)
        self._drain()

    def _drain(self) -> None:
        while self._waiting and not self._paused and not self.closed:
            assert self.protocol is not None
            self.protocol.data_received(self._waiting.popleft())

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.closed:
            self.sent += data

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        asyncio.get_running_loop().call_soon(self._drain)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 50000), "sockname": ("127.0.0.1", 8000)}.get(name, default)


async def ordinary(scope: Scope, receive: Receive, send: Send) -> None:
    """An application behind the edge: reads the body, takes its time at /slow, hangs up at /close, says what it got."""
    body = b""
    if scope["path"] != "/deaf":
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
    for _ in range(5 if scope["path"] == "/slow" else 0):
        await asyncio.sleep(0)
    words = f"{scope['method']} {scope['path']} {scope['query_string']!r} {body!r}".encode()
    headers = [(b"content-length", str(len(words)).encode())]
    if scope["path"] == "/close":
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": words})


@cache
def config(**options: Any) -> uvicorn.Config:
    made = uvicorn.Config(ordinary, access_log=False, log_config=None, lifespan="off", **options)
    made.load()
    return made


class Connection:
    """One client's. `swift` takes our protocol, else uvicorn's; the application is the same."""

    def __init__(self, shelf: Shelf, *, swift: bool, hub: Hub | None = None, **options: Any) -> None:
        made = config(**options)
        self.hub = hub or Hub(shelf, 10, lambda _: 0)
        kind: type[HttpToolsProtocol] = shortcut(shelf, self.hub) if swift else HttpToolsProtocol
        self.state = ServerState()
        self.state.default_headers = list(DATE)
        self.transport = Transport()
        self.protocol = kind(made, self.state, {}, asyncio.get_running_loop())
        self.protocol.app = edge(shelf, self.hub)(ordinary)
        self.protocol.access_log = False  # pytest gives every logger a handler
        self.transport.protocol = self.protocol
        self.protocol.connection_made(self.transport)

    async def say(self, packets: Iterable[tuple[bytes, int]]) -> tuple[bytes, bool]:
        """Deliver each packet, then let the loop turn so often; all that came back, and whether it was closed."""
        for packet, turns in packets:
            self.transport.deliver(packet)
            await turn(turns)
        before = -1
        while before != len(self.transport.sent):
            before = len(self.transport.sent)
            await turn(SETTLED)
        closed = self.transport.closed
        await self.hang_up()
        return bytes(self.transport.sent), closed

    async def hang_up(self) -> None:
        self.protocol._unset_keepalive_if_required()
        self.protocol.connection_lost(None)
        while self.state.tasks:
            await turn(1)


async def turn(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)
