"""From a committed grant to calls in the endpoint's queue: words composed, recipients named, references made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.clock import Clock, to_ms
from app.domain.delivery import Result
from app.domain.message import Channel, Failure, FailureKind, Message, Recipient, ReportsReceipts
from app.domain.routing import area_slot
from app.engine.admitting import alike, put_back, settled
from app.engine.calls import Load
from app.engine.composing import Composer
from app.engine.control import Control
from app.engine.fleet import Fleet
from app.engine.sending import Runner
from app.engine.turn import Granted
from app.store.ledger import BroadcastRow
from app.store.settling import Settled
from app.store.unknowns import Unsure
from app.store.windows import Origin, Window

WordsGuard = Callable[[Awaitable[Message | Failure], float], Awaitable[Message | Failure]]
COMPOSE_SECONDS = 10.0
TRY_AGAIN_MS = 1_000


@dataclass(slots=True)
class Loader:
    fleet: Fleet
    control: Control
    composer: Composer
    clock: Clock
    settle_soon: Callable[[Sequence[Settled]], None]
    guard: WordsGuard

    async def load(self, endpoint_id: int, got: Granted) -> None:
        """Queue what the turn granted this endpoint; a text that cannot be rendered ends its rows and no others."""
        runner = self.fleet.get(endpoint_id)
        if runner is None:
            return
        self.fleet.take(runner, got)
        runner.expect(got.go)
        ready: dict[tuple[Origin, int], tuple[Origin, BroadcastRow, Message, list[Window]]] = {}
        newest = max((candidates.origin.broadcast for candidates in got.go), default=None)
        areas = frozenset[str]() if newest is None else await self.composer.areas_that_matter(newest)
        for window in (window for candidates in got.go for window in alike(candidates, areas)):
            row = self.control.get(window.origin.broadcast)
            message = await self._words(row, runner, window, window.area)
            if row is None or isinstance(message, Failure):
                self._give_up(window, message)
                continue
            # Areas that are told the same go in the same calls.
            key = (window.origin, id(message))
            ready.setdefault(key, (window.origin, row, message, []))[3].append(window)
        for origin, row, message, windows in ready.values():
            runner.load(self._load(runner, origin, row, message, windows))

    def _load(
        self, runner: Runner, origin: Origin, row: BroadcastRow, message: Message, windows: Sequence[Window]
    ) -> Load:
        reports = isinstance(runner.channel(drill=row.drill), ReportsReceipts)
        ids = [address_id for window in windows for address_id in window.ids]
        addresses = [address for window in windows for address in window.addresses]
        people = self.composer.people(runner.endpoint, origin, (ids, addresses), reports=reports)
        return Load(origin, message, row.drill, ids, people)

    async def words_of(self, unsure: Unsure) -> Message | Failure:
        """What was sent to somebody we are unsure of."""
        runner = self.fleet.get(unsure.endpoint)
        if runner is None:
            return Failure(FailureKind.OURS, "endpoint_gone")
        area = area_slot(unsure.area, await self.composer.areas_that_matter(unsure.broadcast))
        return await self._words(self.control.get(unsure.broadcast), runner, unsure, area)

    def channel_of(self, unsure: Unsure) -> Channel | None:
        """The channel it went by, None when its endpoint or broadcast is gone; it may know how to search."""
        runner, row = self.fleet.get(unsure.endpoint), self.control.get(unsure.broadcast)
        return None if runner is None or row is None else runner.channel(drill=row.drill)

    def recipient_of(self, unsure: Unsure) -> Recipient | None:
        runner = self.fleet.get(unsure.endpoint)
        if runner is None:
            return None
        who = [unsure.address_id], [unsure.address or ""]
        return self.composer.people(runner.endpoint, unsure, who, reports=False).part(0, 1)[0]

    async def _words(
        self, row: BroadcastRow | None, runner: Runner, one: Window | Unsure, area: str
    ) -> Message | Failure:
        if row is None:
            return Failure(FailureKind.NOT_ACCEPTED, "broadcast_holds", retry_after=0.0)
        words = self.composer.message(row, runner.endpoint, runner.live.info, one.language, one.variant, area)
        return await self.guard(words, COMPOSE_SECONDS)

    def _give_up(self, window: Window, failure: Message | Failure) -> None:
        """A render error is ours and final; when the words cannot be had right now, the rows wait for them."""
        now_ms, origin = to_ms(self.clock.now()), window.origin
        if isinstance(failure, Failure) and failure.kind is FailureKind.OURS:
            reason = f"{failure.kind.value}:{failure.code}"
            rows = [settled(origin, address_id, Result.DEAD, reason, now_ms) for address_id in window.ids]
        else:
            due_ms = now_ms + TRY_AGAIN_MS
            rows = [put_back(origin, address_id, "words_wait", now_ms, due_ms=due_ms) for address_id in window.ids]
        self.settle_soon(rows)
