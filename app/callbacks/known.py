"""Endpoints for the callbacks, which come by the thousand: read once a second, not once each."""

from __future__ import annotations

from typing import Final

from starlette.concurrency import run_in_threadpool

from app.clock import Clock
from app.domain.endpoints import Endpoint
from app.store import endpoints
from app.store.database import Database

FRESH_SECONDS: Final = 1.0


class Known:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._read: dict[str, tuple[Endpoint, float]] = {}

    async def get(self, slug: str) -> Endpoint:
        """As it was at most a second ago. Raise NotFound."""
        endpoint, at = self._read.get(slug, (None, 0.0))
        if endpoint is None or self._clock.monotonic() - at > FRESH_SECONDS:
            return await self.again(slug)
        return endpoint

    async def again(self, slug: str) -> Endpoint:
        """As it is now: its secret may just have been changed. Raise NotFound."""
        at = self._clock.monotonic()
        self._read.pop(slug, None)
        endpoint = await run_in_threadpool(self._load, slug)
        self._read[slug] = (endpoint, at)
        return endpoint

    def _load(self, slug: str) -> Endpoint:
        with self._db.reading() as connection:
            return endpoints.get(connection, slug)
