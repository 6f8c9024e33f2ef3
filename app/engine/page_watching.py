"""Looks at the organisation's own pages every few minutes: is the banner's script still there, and would it run?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final

from app.clock import Clock, to_ms
from app.domain.message import Failure
from app.domain.page_checks import Expected, PageCheck, PageSeen, PageVerdict, examine
from app.errors import ClarionError
from app.observe import logger
from app.store import duties
from app.store.database import FAULTS, Database
from app.usecases.check_pages import Page, pages_to_check, record_pages
from channels.visits import Fetched

log = logger("clarion.pages")

AT_ONCE: Final = 4
DEADLINE: Final = 60.0
"""Seconds for one look at all pages; those it does not come to keep their last word."""
DUTY: Final = "look at pages"

Fetch = Callable[[str], Awaitable[Fetched | Failure]]


def no_hashes() -> frozenset[str]:
    return frozenset()


@dataclass(slots=True)
class PageWatch:
    db: Database
    clock: Clock
    fetch: Fetch
    seconds: float
    """Between two looks."""
    hashes: Callable[[], frozenset[str]] = no_hashes
    """Of the scripts that are published now, as `integrity` writes them."""
    deadline: float = DEADLINE
    me: str = field(default_factory=lambda: token_hex(8))

    async def check(self, site: str = "") -> tuple[PageCheck, ...]:
        """Look now at every page, or at those of one site, and keep what was found; all as they are known then."""
        pages = [page for page in await asyncio.to_thread(self._pages) if site in ("", page[0])]
        seen: dict[Page, PageSeen] = {}
        limit = asyncio.Semaphore(AT_ONCE)

        async def look(page: Page) -> None:
            async with limit:
                seen[page] = self._seen(page, await self.fetch(page[1]))

        try:
            async with asyncio.timeout(self.deadline), asyncio.TaskGroup() as tasks:
                for page in pages:
                    tasks.create_task(look(page))
        except TimeoutError:
            log.warning("pages_not_all_checked", checked=len(seen), pages=len(pages))
        known = await asyncio.to_thread(record_pages, self.db, dict(seen), self.clock.now())
        return tuple(check for page, check in known.items() if site in ("", page[0]))

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; of all processes of the installation one looks."""
        while not await _stopped(stop, self.seconds):
            try:
                if await asyncio.to_thread(self._hold):
                    await self.check()
            except (*FAULTS, ClarionError) as error:  # the database is away: the next look is soon enough
                log.warning("pages_not_checked", error=type(error).__name__)

    def _seen(self, page: Page, found: Fetched | Failure) -> PageSeen:
        site, url = page
        if isinstance(found, Failure):
            return PageSeen(PageVerdict.UNREACHABLE, found.code)
        if found.status != 200:
            return PageSeen(PageVerdict.UNREACHABLE, f"http_{found.status}")
        return examine(found.url or url, found.text, found.policies, Expected(site, self.hashes()))

    def _pages(self) -> Sequence[Page]:
        with self.db.reading() as connection:
            return pages_to_check(connection)

    def _hold(self) -> bool:
        with self.db.writing() as tx:
            lease_ms = int(self.seconds * 2_500)
            return duties.hold(tx, DUTY, self.me, now_ms=to_ms(self.clock.now()), lease_ms=lease_ms)


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await stop.wait()
    except TimeoutError:
        return False
