"""A loopback provider that says exactly what a test puts into its mouth."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from tests.rig.wire import Connection, Reply, Request, Server

Say = Callable[[Request], Reply | None]
"""None = hang up with a reset."""


class Answers:
    """`async with Answers(say) as server:`; every request stands in `requests`."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.requests: list[Request] = []
        self._server = Server(self._handle)

    @property
    def url(self) -> str:
        address = self._server.address
        return address if address.startswith("http") else f"http://{address}"

    @property
    def port(self) -> int:
        return self._server.port

    async def __aenter__(self) -> Self:
        await self._server.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.close()

    def _handle(self, request: Request, connection: Connection) -> None:
        self.requests.append(request)
        reply = self.say(request)
        if reply is None:
            connection.reset()
        else:
            connection.reply(reply)


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that refuses connections. It stays taken, so that no test beside this one listens there meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def always(status: int, document: object = None, headers: Mapping[str, str] | None = None) -> Say:
    reply = Reply.of_json(status, {} if document is None else document, tuple((headers or {}).items()))
    return lambda _: reply
