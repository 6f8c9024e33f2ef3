"""Endpoints for the callbacks, which come by the thousand: read once a second by one of them, not once each."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool

from app.clock import Clock
from app.domain.endpoints import Endpoint
from app.store import endpoints
from app.store.database import Database

FRESH_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Look:
    number: int
    task: asyncio.Task[Endpoint]


class Known:
    """For the tasks of one event loop."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._read: dict[str, tuple[Endpoint, float]] = {}
        self._looks: dict[str, _Look] = {}
        self._numbers: Iterator[int] = itertools.count()

    async def get(self, slug: str) -> Endpoint:
        """As it was at most a second ago. Raise NotFound."""
        endpoint, at = self._read.get(slug, (None, 0.0))
        if endpoint is None or self._clock.monotonic() - at > FRESH_SECONDS:
            return await asyncio.shield(self._look(slug).task)
        return endpoint

    async def again(self, slug: str) -> Endpoint:
        """As it is now: its secret may just have been changed. Raise NotFound."""
        asked = next(self._numbers)
        while True:
            look = self._look(slug)
            endpoint = await asyncio.shield(look.task)
            if look.number > asked:  # begun after we were asked
                return endpoint

    def _look(self, slug: str) -> _Look:
        """One look at a time for each endpoint: a thousand callbacks at once wait for the same one."""
        look = self._looks.get(slug)
        if look is None or look.task.done():
            look = self._looks[slug] = _Look(next(self._numbers), asyncio.create_task(self._refresh(slug)))
            look.task.add_done_callback(lambda task: self._forget(slug, task))
        return look

    def _forget(self, slug: str, task: asyncio.Task[Endpoint]) -> None:
        if self._looks[slug].task is task:
            del self._looks[slug]
        if not task.cancelled():
            task.exception()  # whoever waited has it; one that nobody waits for any more is no news

    async def _refresh(self, slug: str) -> Endpoint:
        at = self._clock.monotonic()
        endpoint = await run_in_threadpool(self._load, slug)
        self._read[slug] = (endpoint, at)
        return endpoint

    def _load(self, slug: str) -> Endpoint:
        with self._db.reading() as connection:
            return endpoints.get(connection, slug)
