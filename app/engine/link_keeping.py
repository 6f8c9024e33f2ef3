"""Looks at the links readers are sent to, every few hours and when somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from app.clock import Clock
from app.domain.link_checks import EVERY, LinkReason, Seen
from app.domain.message import Failure
from app.errors import ClarionError
from app.observe import logger
from app.store import links
from app.store.database import Database
from app.usecases.check_links import KnownLink, known_links, record_links
from channels.visits import Visited

log = logger("clarion.links")

AT_ONCE: Final = 6
"""Links opened at the same time."""
DEADLINE: Final = 60.0
"""Seconds for one look at all links; those it does not come to keep their last word."""
FIRST_AFTER: Final = 300.0
"""Seconds after the start: whoever starts a process is not waiting for this."""
LOOK_AGAIN: Final = 600.0
"""Seconds between two questions whether a look is due."""

Visit = Callable[[str], Awaitable[Visited | Failure]]

_TROUBLES: Final = {
    "dns": LinkReason.NO_NAME,
    "tls": LinkReason.NO_SECURE_CONNECTION,
    "refused": LinkReason.NO_CONNECTION,
    "connect": LinkReason.NO_CONNECTION,
    "connect_timeout": LinkReason.NO_CONNECTION,
    "address_refused": LinkReason.PRIVATE_ADDRESS,
    "too_many_redirects": LinkReason.TOO_MANY_REDIRECTS,
    "timeout": LinkReason.NO_ANSWER,
    "reset": LinkReason.NO_ANSWER,
}
"""Failure code -> what it means to a reader; any other code: no browser opens this."""


@dataclass(slots=True)
class LinkKeeper:
    db: Database
    clock: Clock
    visit: Visit
    wake: Callable[[], None] = lambda: None
    deadline: float = DEADLINE
    first_after: float = FIRST_AFTER

    async def check(self, only: Collection[str] | None = None) -> tuple[KnownLink, ...]:
        """Look at every link now, or at some of them, and keep what was found; the links as they are known then."""
        known = [one.url for one in await asyncio.to_thread(self._known)]
        urls = known if only is None else [url for url in known if url in only]
        seen: dict[str, Seen] = {}
        limit = asyncio.Semaphore(AT_ONCE)

        async def look(url: str) -> None:
            async with limit:
                seen[url] = seen_by(await self.visit(url))

        try:
            async with asyncio.timeout(self.deadline), asyncio.TaskGroup() as tasks:
                for url in urls:
                    tasks.create_task(look(url))
        except TimeoutError:
            log.warning("links_not_all_checked", checked=len(seen), links=len(urls))
        after = await asyncio.to_thread(record_links, self.db, dict(seen), self.clock.now())
        self.wake()
        return after

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set: a look when one is due, whichever process of the installation comes first."""
        pause = self.first_after
        while not await _stopped(stop, pause):
            pause = LOOK_AGAIN
            try:
                if await asyncio.to_thread(self._due):
                    await self.check()
            except (SQLAlchemyError, ClarionError) as error:  # the database is away: the next look is soon enough
                log.warning("links_not_checked", error=type(error).__name__)

    def _known(self) -> tuple[KnownLink, ...]:
        with self.db.reading() as connection:
            return known_links(connection)

    def _due(self) -> bool:
        with self.db.writing() as tx:
            return links.claim_run(tx, self.clock.now(), EVERY)


def seen_by(found: Visited | Failure) -> Seen:
    if isinstance(found, Visited):
        return Seen(found.status)
    return Seen(trouble=_TROUBLES.get(found.code, LinkReason.MALFORMED))


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await stop.wait()
    except TimeoutError:
        return False
