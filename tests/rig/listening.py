"""A loopback port and the connections on it, whatever they speak."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import Final, Protocol

SILENCE_LIMIT_SECONDS: Final = 120.0
"""A connection without any byte for so long is cut: also the end of every hang and black hole."""


def reset(transport: asyncio.Transport | None) -> None:
    """Close so that the peer sees a TCP reset, not an orderly end."""
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class Client(Protocol):
    """A connection as its listener sees it."""

    last_active: float

    def reset(self) -> None: ...


class Listener:
    """Listens on one port, which stays the same over `close` and `open`."""

    def __init__(self) -> None:
        self.connections: set[Client] = set()
        self.port = 0
        self._listener: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None

    def connect(self) -> asyncio.Protocol:
        """A connection, which enters itself into `connections` and leaves it."""
        raise NotImplementedError

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Does nothing when it is open already."""
        if self._listener is not None:
            return
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self.connect, "127.0.0.1", self.port, backlog=1024)
        self.port = self._listener.sockets[0].getsockname()[1]
        self._sweeper = asyncio.create_task(self._sweep())

    async def close(self) -> None:
        """Refuse new connections and cut the open ones."""
        if self._listener is None or self._sweeper is None:
            return
        self._sweeper.cancel()
        self._listener.close()
        self._listener = None
        for connection in list(self.connections):
            connection.reset()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SILENCE_LIMIT_SECONDS / 8)
            oldest = time.monotonic() - SILENCE_LIMIT_SECONDS
            for connection in list(self.connections):
                if connection.last_active < oldest:
                    connection.reset()
