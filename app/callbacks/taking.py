"""What becomes of one callback: proven to come from the provider, translated by its channel, kept, then thanked for.

Anything that is not proven changes nothing. A repeated event changes nothing either: receipts are unique by their
event. A word we do not know is kept, counted and changes no delivery.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from starlette.concurrency import run_in_threadpool

from app.callbacks import letters
from app.callbacks.intake import Intake
from app.callbacks.known import Known
from app.clock import Clock
from app.domain.endpoints import Endpoint
from app.domain.message import Channel, Forged, HearsReplies, Inbound, Receipt, ReceiptKind, Reply, ReportsReceipts
from app.domain.replying import Effect
from app.errors import Problem, Unauthenticated, not_found
from app.observe import CALLBACKS, RECEIPTS, Counted, logger

Thanks = tuple[str, bytes]
"""Content type and body of an answer; most callbacks are thanked by a bare 204."""
AT_ONCE: Final = 65_536
"""Bodies up to this size are checked and read in the event loop (a millisecond or two), larger ones in a thread."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the callbacks work with; wiring makes it."""

    known: Known
    clock: Clock
    public_base: str
    intake: Intake
    open_channel: Callable[[Endpoint], Channel]
    take_reply: Callable[[Endpoint, Reply, datetime], str]
    """What it did; in a thread. Raises what the database raises."""
    letters: letters.Context
    """What the door beside it works with."""
    stop_settles: float = 0.5
    """Seconds within which every worker has looked whom it must not write to: a STOP is answered after them."""
    _callbacks: Counted = field(default_factory=lambda: Counted(CALLBACKS))
    _receipts: Counted = field(default_factory=lambda: Counted(RECEIPTS))
    _reports: dict[type, bool] = field(default_factory=dict)
    _hears: dict[type, bool] = field(default_factory=dict)

    async def take(self, slug: str, inbound: Inbound) -> Thanks | None:
        """Returns once everything of it is committed. Raise Unauthenticated, NotFound or Unavailable."""
        now = self.clock.now()
        try:
            endpoint, heard = await self._proven(slug, inbound, now)
        except Forged as error:
            self._callbacks.add(slug, "forged")
            logger("clarion.callbacks").warning("callback_refused", endpoint=slug, why=str(error))
            raise _unproven() from error
        if isinstance(heard, _Written):
            await self._take_replies(endpoint, heard.replies, now)
            return heard.thanks
        receipts = heard
        kept = await self.intake.take(endpoint.id, receipts, now)
        self._callbacks.add(slug, "taken" if kept.new else "nothing_new")
        kinds = Counter([receipt.kind for receipt in receipts])
        for kind, number in kinds.items():
            self._receipts.add(slug, kind.value, number=number)
        if kept.new and ReceiptKind.UNKNOWN in kinds:
            _name_the_unknown(slug, receipts)
        return None

    async def _take_replies(self, endpoint: Endpoint, replies: Sequence[Reply], now: datetime) -> None:
        done = [await run_in_threadpool(self.take_reply, endpoint, reply, now) for reply in replies]
        for one in done:
            self._callbacks.add(endpoint.slug, f"reply_{one}")
        if Effect.STOPPED in done:  # whoever hears our answer hears nothing else after it
            await asyncio.sleep(self.stop_settles)

    async def _proven(
        self, slug: str, inbound: Inbound, now: datetime
    ) -> tuple[Endpoint, Sequence[Receipt] | _Written]:
        """Raise Forged only after the signature was held against the secret as it is now."""
        endpoint = await self.known.get(slug)
        try:
            return endpoint, await self._heard(endpoint, inbound, now)
        except Forged:
            endpoint = await self.known.again(slug)
            return endpoint, await self._heard(endpoint, inbound, now)

    async def _heard(self, endpoint: Endpoint, inbound: Inbound, now: datetime) -> Sequence[Receipt] | _Written:
        channel = self._reporting(endpoint)
        if len(inbound.body) > AT_ONCE:
            return await run_in_threadpool(self._told, channel, inbound, now)
        return self._told(channel, inbound, now)

    def _told(self, channel: ReportsReceipts, inbound: Inbound, now: datetime) -> Sequence[Receipt] | _Written:
        if not inbound.reference and (written := self._written(channel, inbound, now)) is not None:
            return written
        return _read(channel, inbound, now)

    def _written(self, channel: ReportsReceipts, inbound: Inbound, now: datetime) -> _Written | None:
        """None = it is about deliveries of ours."""
        kind = type(channel)
        hears = self._hears.get(kind)
        if hears is None:
            hears = self._hears[kind] = isinstance(channel, HearsReplies)
        if not hears:
            return None
        listening: HearsReplies = channel  # type: ignore[assignment]  # as its class was found to be
        listening.verify(inbound, now)
        replies = listening.replies(inbound)
        return _Written(replies, listening.thanks) if replies else None

    def _reporting(self, endpoint: Endpoint) -> ReportsReceipts:
        channel = self.open_channel(endpoint)
        kind = type(channel)
        reports = self._reports.get(kind)
        if reports is None:  # asking a protocol costs more than checking a signature
            reports = self._reports[kind] = isinstance(channel, ReportsReceipts)
        if not reports:
            self._callbacks.add(endpoint.slug, "not_expected")
            raise not_found("callback", endpoint.slug)
        return channel  # type: ignore[return-value]  # as its class was found to be


@dataclass(frozen=True, slots=True)
class _Written:
    """What people wrote, and how their provider is thanked."""

    replies: Sequence[Reply]
    thanks: Thanks


def _read(channel: ReportsReceipts, inbound: Inbound, now: datetime) -> Sequence[Receipt]:
    channel.verify(inbound, now)
    return channel.receipts(inbound)


def _name_the_unknown(slug: str, receipts: Sequence[Receipt]) -> None:
    for word in sorted({receipt.code for receipt in receipts if receipt.kind is ReceiptKind.UNKNOWN}):
        logger("clarion.callbacks").warning(
            "unknown_status",
            endpoint=slug,
            field="status",
            value=word[:64],
            why="The provider used a word we do not know; the report is kept and changes no delivery.",
            remedy="Look the word up at the provider; a newer version of the channel may know it.",
        )


def _unproven() -> Unauthenticated:
    return Unauthenticated(
        Problem(
            "callback_not_proven",
            "This callback does not carry a valid signature of the provider; nothing was changed.",
            "signature",
            "Check the endpoint's signing secret and that CLARION_PUBLIC_URL is the address the provider calls.",
        )
    )
