"""From a committed grant to calls in the endpoint's queue: words composed, recipients named, references made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.clock import Clock, to_ms
from app.domain.delivery import Result
from app.domain.message import Channel, Failure, FailureKind, Message, Recipient, ReportsReceipts
from app.domain.routing import area_slot
from app.engine.admitting import Unit, alike, cut, put_back, settled
from app.engine.composing import Composer
from app.engine.control import Control
from app.engine.fleet import Fleet
from app.engine.sending import Runner
from app.engine.turn import Granted
from app.store.ledger import BroadcastRow, Candidate
from app.store.settling import Settled
from app.store.unknowns import Unsure

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
        ready: dict[tuple[int, int, int], tuple[BroadcastRow, Message, list[Candidate]]] = {}
        areas = await self.composer.areas_that_matter(max(one.broadcast for one in got.go)) if got.go else frozenset()
        for area, members in alike(got.go, areas):
            row = self.control.get(members[0].broadcast)
            message = await self._words(row, runner, members[0], area)
            if row is None or isinstance(message, Failure):
                self._give_up(members, message)
                continue
            # Areas that are told the same go in the same calls.
            key = (row.id, members[0].shard, id(message))
            ready.setdefault(key, (row, message, []))[2].extend(members)
        for row, message, members in ready.values():
            reports = isinstance(runner.channel(drill=row.drill), ReportsReceipts)
            name = self.composer.naming(runner.endpoint, row.id, members[0].medium, reports=reports)
            pieces = cut(members, runner.live.info.batch_size)
            runner.load(Unit(message, tuple(map(name, piece)), piece, row.drill) for piece in pieces)

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
        return self.composer.naming(runner.endpoint, unsure.broadcast, unsure.medium, reports=False)(unsure)

    async def _words(
        self, row: BroadcastRow | None, runner: Runner, one: Candidate | Unsure, area: str
    ) -> Message | Failure:
        if row is None:
            return Failure(FailureKind.NOT_ACCEPTED, "broadcast_holds", retry_after=0.0)
        words = self.composer.message(row, runner.endpoint, runner.live.info, one.language, one.variant, area)
        return await self.guard(words, COMPOSE_SECONDS)

    def _give_up(self, members: Sequence[Candidate], failure: Message | Failure) -> None:
        """A render error is ours and final; when the words cannot be had right now, the rows wait for them."""
        now_ms = to_ms(self.clock.now())
        if isinstance(failure, Failure) and failure.kind is FailureKind.OURS:
            reason = f"{failure.kind.value}:{failure.code}"
            rows = [settled(one, Result.DEAD, reason, now_ms) for one in members]
        else:
            rows = [put_back(one, "words_wait", now_ms, due_ms=now_ms + TRY_AGAIN_MS) for one in members]
        self.settle_soon(rows)
