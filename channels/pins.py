"""Clients that know exactly one address for their host, kept with their connections for whoever calls there next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from pyreqwest.client import Client

Way = tuple[str, str, int]
"""Host, the one address to connect to, and port."""
MOST_KEPT: Final = 64
"""The push services of browsers alone have a few dozen hosts."""


@dataclass(slots=True)
class _Pin:
    users: int = 0
    """Requests on their way: whoever closes the client breaks them off, and nobody knows whether they arrived."""
    client: Client | None = None
    building: asyncio.Lock = field(default_factory=asyncio.Lock)


class Pins:
    """For the tasks of one event loop."""

    def __init__(self, build: Callable[[str, str, int], Awaitable[Client]]) -> None:
        self._build = build
        self._kept: dict[Way, _Pin] = {}

    @asynccontextmanager
    async def use(self, way: Way) -> AsyncIterator[Client]:
        """Built once, however many ask at the same time, and not closed before everybody is through."""
        pin = self._kept[way] = self._kept.pop(way) if way in self._kept else _Pin()  # now the one used last
        pin.users += 1
        try:
            client = pin.client
            if client is None:
                async with pin.building:
                    client = pin.client = pin.client or await self._build(*way)
            if len(self._kept) > MOST_KEPT:
                await self._close_idle()
            yield client
        finally:
            pin.users -= 1

    async def close(self) -> None:
        pins = [*self._kept.values()]
        self._kept.clear()
        for pin in pins:
            if pin.client is not None:
                await pin.client.close()

    async def _close_idle(self) -> None:
        """Of too many those that nobody uses, the one used longest ago first."""
        idle = [way for way, pin in self._kept.items() if not pin.users]
        for pin in [self._kept.pop(way) for way in idle[: len(self._kept) - MOST_KEPT]]:
            if pin.client is not None:
                await pin.client.close()
