"""A small HTTP/1.1 server whose connections can also misbehave on purpose.

Written on `asyncio.Protocol` and httptools, since a fault such as "accepted, then reset" needs the
bare transport, and since a benchmark needs several thousand requests a second from one core.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, cast
from urllib.parse import parse_qsl

import httptools
import orjson

from tests.rig.listening import Listener, reset

BODY_LIMIT: Final = 32 * 1024 * 1024
_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}


@dataclass(slots=True)
class Request:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    def form(self) -> dict[str, str]:
        """The form fields, the last of a repeated name; blank values are kept."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def document(self) -> object:
        """The JSON body, or None when it is none."""
        try:
            return cast("object", orjson.loads(self.body))
        except orjson.JSONDecodeError:
            return None


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_json(cls, status: int, document: object, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
        return cls(status, orjson.dumps(document), headers=headers)

    def encode(self) -> bytes:
        head = f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Unknown')}\r\n"
        if self.body:
            head += f"Content-Type: {self.content_type}\r\n"
        for name, value in self.headers:
            head += f"{name}: {value}\r\n"
        return f"{head}Content-Length: {len(self.body)}\r\n\r\n".encode("latin-1") + self.body


Handler = Callable[[Request, "Connection"], None]
"""Must end every request by exactly one of the connection's `reply`, `reply_partly`, `reset` - or hang on purpose."""


class Connection(asyncio.Protocol):
    """One client connection; requests on it are answered strictly one after the other."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._waiting: deque[Request] = deque()
        self._busy = False
        self.last_active = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.last_active = time.monotonic()
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self.last_active = time.monotonic()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.reply(Reply(400))
            self.close()
            return
        self._go_on()

    # httptools calls these five while it parses.
    def on_message_begin(self) -> None:
        self._url = b""
        self._headers = {}
        self._body = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= BODY_LIMIT:
            self._body.append(body)

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode("latin-1").partition("?")
        method = self._parser.get_method().decode("latin-1")
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._waiting.append(Request(method, path, query, self._headers, body))

    def _go_on(self) -> None:
        while self._waiting and not self._busy and self._transport is not None:
            self._busy = True
            self._server.handle(self._waiting.popleft(), self)

    def reply(self, reply: Reply) -> None:
        """Answer the request in hand and go on with the next one, if the client is still there."""
        if self._transport is None:
            return
        self._transport.write(reply.encode())
        self._busy = False
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._go_on)

    def reply_later(self, seconds: float, make: Callable[[], Reply]) -> None:
        """Answer after some seconds; `make` runs only then, even if the client has gone by that time."""
        asyncio.get_running_loop().call_later(seconds, lambda: self.reply(make()))

    def reply_partly(self, reply: Reply) -> None:
        """Write half of the answer, then reset."""
        if self._transport is not None:
            whole = reply.encode()
            self._transport.write(whole[: len(whole) // 2])
            asyncio.get_running_loop().call_later(0.02, self.reset)

    def reset(self) -> None:
        reset(self._transport)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Server(Listener):
    """HTTP on a loopback port of its own."""

    def __init__(self, handle: Handler) -> None:
        super().__init__()
        self.handle = handle

    def connect(self) -> Connection:
        return Connection(self)

    @property
    def address(self) -> str:
        return f"http://{super().address}"
