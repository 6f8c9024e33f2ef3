"""Looks at the website from outside, as a visitor would: "published" means read back, not written."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Final

from app.clock import Clock, to_ms
from app.domain.message import Failure
from app.domain.reading_back import Seen
from app.domain.sites import Site
from app.domain.targets import OWN, allows_inside
from app.errors import ClarionError, Invalid
from app.observe import logger
from app.store import documents, duties, targets
from app.store.database import FAULTS, Database
from app.store.documents import Kind
from app.usecases.record_read_back import Found, record_read_back
from channels.http import LONGEST_BODY, Http, Line, Reply

log = logger("publishing.read_back")

MANIFEST: Final = "manifest.json"
STATUS_PAGE: Final = "index.html"
MOST_SITES: Final = 10
SECONDS: Final = 20.0
"""For one address, all its files together."""
DUTY: Final = "read back"
HEADERS: Final = {"cache-control": "no-cache", "accept-encoding": "gzip", "accept": "*/*"}


@dataclass(frozen=True, slots=True)
class Address:
    """One public address to look at."""

    slug: str
    url: str
    private: bool
    """Its operator says that it may stand in a private network."""
    shared: bool = False


@dataclass(slots=True)
class ReadBack:
    db: Database
    clock: Clock
    http: Http
    own_url: str
    """Where this service itself is reached; "" = nobody told, so it is not looked at."""
    seconds: float
    """Between two looks."""
    wake: Callable[[], None] = lambda: None
    me: str = field(default_factory=lambda: token_hex(8))

    async def look(self) -> dict[str, Seen]:
        """Look at every public address now, by slug; what was seen is remembered."""
        addresses, sites = await asyncio.to_thread(self._addresses)
        found = await asyncio.gather(*(self._visit(address, sites) for address in addresses))
        judged = await asyncio.to_thread(record_read_back, self.db, found, self.clock.now())
        self.wake()
        return judged

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; of all processes of the installation one looks."""
        while not await _stopped(stop, self.seconds):
            try:
                if await asyncio.to_thread(self._hold):
                    await self.look()
            except (*FAULTS, ClarionError) as error:  # the database is away: there is nothing to compare with
                log.warning("not_read_back", error=type(error).__name__)

    def _hold(self) -> bool:
        with self.db.writing() as tx:
            lease_ms = int(self.seconds * 2_500)
            return duties.hold(tx, DUTY, self.me, now_ms=to_ms(self.clock.now()), lease_ms=lease_ms)

    def _addresses(self) -> tuple[list[Address], list[str]]:
        with self.db.reading() as connection:
            configured = [one for one in targets.everything(connection) if one.public_url]
            sites = [row.document for row in documents.everything(connection, Kind.SITE)]
        own = [Address(OWN, self.own_url, private=True, shared=True)] if self.own_url else []
        others = [Address(one.slug, one.public_url, allows_inside(one)) for one in configured]
        return [*own, *others], [_slug(site) for site in sites][:MOST_SITES]

    async def _visit(self, address: Address, sites: Sequence[str]) -> Found:
        try:
            async with asyncio.timeout(SECONDS), self.http.line(f"{address.url}/", private=address.private) as line:
                if isinstance(line, Failure):
                    return Found(address.slug, trouble=line.code)
                return await self._fetch(address, line, sites)
        except TimeoutError:
            return Found(address.slug, trouble=f"not within {SECONDS:g} s")

    async def _fetch(self, address: Address, line: Line, sites: Sequence[str]) -> Found:
        files: dict[str, bytes] = {}
        skew = None
        # The manifest first: what is replaced meanwhile looks newer than it, never older.
        for path in (MANIFEST, STATUS_PAGE, *(f"site/{slug}/banner.json" for slug in sites)):
            where = f"{address.url}/" if path == STATUS_PAGE and address.shared else f"{address.url}/{path}"
            reply = await line.ask("GET", where, HEADERS)
            if isinstance(reply, Failure):
                return Found(address.slug, trouble=f"{path}: {reply.code}")
            if reply.status != 200:
                return Found(address.slug, trouble=f"{path}: http_{reply.status}")
            body = _plain(reply)
            if body is None:
                return Found(address.slug, trouble=f"{path}: bad_encoding")
            files[path] = body
            skew = _skew(reply, self.clock.now())
        return Found(address.slug, files, skew=skew, shared=address.shared)


def _plain(reply: Reply) -> bytes | None:
    """The body as its author wrote it; None when it cannot be unpacked, or only to something huge."""
    body = bytes(reply.body)
    if reply.header("content-encoding").strip().lower() != "gzip" or not body.startswith(b"\x1f\x8b"):
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, LONGEST_BODY)
    except (zlib.error, gzip.BadGzipFile):
        return None
    return None if unpacker.unconsumed_tail else plain


def _skew(reply: Reply, now: datetime) -> float | None:
    """Seconds its server's clock is ahead of ours. A cache tells how old its answer is (RFC 9111 section 5.1)."""
    if not reply.header("date"):
        return None
    try:
        age = float(reply.header("age") or 0)
    except ValueError:
        age = 0.0
    return (reply.sent_at() - now).total_seconds() + age


def _slug(document: object) -> str:
    try:
        return Site.from_document(document).slug
    except Invalid:
        return "main"


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await stop.wait()
    except TimeoutError:
        return False
