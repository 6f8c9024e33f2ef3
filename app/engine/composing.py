"""Words for the engine: rendered once per broadcast, endpoint, language, variant and area that matters, and again when
the clock or the registry may have changed what they say; never for a recipient.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from app.clock import Clock, from_ms, to_ms
from app.domain.endpoints import Endpoint
from app.domain.manage import manage_urls
from app.domain.message import MEDIUM_CODES, Failure, FailureKind, Info, Medium, Message, People
from app.domain.reference import References
from app.errors import ClarionError
from app.store.database import DOWN
from app.store.ledger import BroadcastRow
from app.store.unknowns import Unsure
from app.store.windows import Origin

FRESH_SECONDS = 5.0
KEPT_MOST = 512
MARKS = {Medium.EMAIL: ("manage_url",)}

Compose = Callable[[BroadcastRow, Medium, Info, str, int, bool, str], Message]
"""(broadcast, medium, channel, language, variant, with the page's link, area) -> message; raises ClarionError."""
Who = tuple[Sequence[int], Sequence[str]]
"""Address ids, and what stands in them."""
Areas = Callable[[], frozenset[str]]
"""`Registry.areas` as they are now; raises ClarionError."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    broadcast: int
    endpoint: int
    language: str
    variant: int
    area: str
    linked: bool


def no_areas() -> frozenset[str]:
    return frozenset()


Thread = Callable[[BroadcastRow, Endpoint], str]
"""The provider's id of the post that this one answers, "" for none."""


def no_thread(_row: BroadcastRow, _endpoint: Endpoint) -> str:
    return ""


@dataclass(slots=True)
class Composer:
    compose: Compose
    clock: Clock
    public_base: str
    reference_key: bytes
    manage_key: bytes
    areas: Areas = no_areas
    thread: Thread = no_thread
    _areas: frozenset[str] = frozenset()
    _areas_known: tuple[int, float] | None = None
    """For the sake of which broadcast they were asked for last, and when."""
    _kept: dict[_Wanted, tuple[float, Message | Failure]] = field(default_factory=dict)

    async def areas_that_matter(self, broadcast: int) -> frozenset[str]:
        """Asked again for a new broadcast and every FRESH_SECONDS: one named a moment ago counts for the next text."""
        now = self.clock.monotonic()
        newest, asked = self._areas_known or (broadcast - 1, now)
        if broadcast > newest or now - asked >= FRESH_SECONDS:
            self._areas_known = (max(broadcast, newest), now)
            self._areas = await asyncio.to_thread(self._ask_areas)
        return self._areas

    async def message(
        self, row: BroadcastRow, endpoint: Endpoint, info: Info, language: str, variant: int, area: str = ""
    ) -> Message | Failure:
        """The same object as last time while it says the same, so that channels may keep what they built from it.

        Areas that are told the same share one object, so that they may share a call.
        """
        linked = row.site_confirmed_ms is not None
        wanted = _Wanted(row.id, endpoint.id, language, variant, area, linked)
        now = self.clock.monotonic()
        kept = self._kept.get(wanted)
        if kept is not None and now - kept[0] < FRESH_SECONDS:
            return kept[1]
        fresh = await asyncio.to_thread(self._render, row, endpoint, info, wanted)
        if isinstance(fresh, Failure) and fresh.kind is not FailureKind.OURS:
            return fresh  # true for this moment only
        if kept is not None and kept[1] == fresh:
            fresh = kept[1]
        elif self._areas:
            fresh = self._shared(wanted, fresh)
        if len(self._kept) >= KEPT_MOST:
            self._kept.pop(next(iter(self._kept)))
        self._kept[wanted] = (now, fresh)
        return fresh

    def people(self, endpoint: Endpoint, origin: Origin | Unsure, who: Who, *, reports: bool) -> People:
        """Who an attempt goes to, under references only we can make; `reports`: the provider is told where to call."""
        ids, addresses = who
        names = References(origin.broadcast, origin.medium, self.reference_key).encode(ids, origin.attempt)
        folder = f"{self.public_base}/callbacks/{endpoint.slug}/" if reports else ""
        if origin.medium != MEDIUM_CODES[Medium.EMAIL]:
            return People(addresses, names, folder)
        links = manage_urls(self.manage_key, self.public_base, ids, origin.medium)
        return People(addresses, names, folder, [{"manage_url": link} for link in links])

    def _shared(self, wanted: _Wanted, fresh: Message | Failure) -> Message | Failure:
        """What another area is told already, when it is the same."""
        for one, (_, other) in self._kept.items():
            if one.broadcast == wanted.broadcast and one.endpoint == wanted.endpoint and other == fresh:
                return other
        return fresh

    def _ask_areas(self) -> frozenset[str]:
        try:
            return self.areas()
        except (*DOWN, ClarionError):
            return self._areas

    def _render(self, row: BroadcastRow, endpoint: Endpoint, info: Info, wanted: _Wanted) -> Message | Failure:
        now_ms = to_ms(self.clock.now())
        try:
            message = self.compose(
                row, endpoint.medium, info, wanted.language, wanted.variant, wanted.linked, wanted.area
            )
            above = self.thread(row, endpoint) if info.can_thread else ""
        except DOWN:
            return Failure(FailureKind.NOT_ACCEPTED, "database_down")
        except ClarionError as error:
            return Failure(FailureKind.OURS, error.problems[0].code, error.problems[0].sentence)
        sent_ms = row.sent_ms or now_ms
        left = None if row.expires_ms is None else max(1, (row.expires_ms - now_ms) // 1000)
        return replace(
            message,
            reply_to=above,
            key=f"{row.id}-{row.revision}-{endpoint.id}",
            created_at=from_ms(sent_ms),
            valid_seconds=left if left is None else max(60, left // 60 * 60),
            data={**message.data, "update": row.update_id, "revision": row.revision, "crisis": row.crisis},
        )
