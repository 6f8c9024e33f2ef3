"""All endpoints of this process: opened as they are configured, asked for their appetite, told what has landed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from app.clock import Clock
from app.domain.endpoints import Endpoint
from app.domain.message import Channel
from app.domain.pacing import Pace
from app.engine.breaking import Breakers
from app.engine.control import Control
from app.engine.sending import Runner
from app.engine.turn import Granted, Want
from app.errors import ClarionError
from app.settings import Timings
from app.store import endpoints
from app.store.database import Database
from app.store.settling import Finished, Settled, Taken
from app.store.windows import ShardKey
from app.usecases.halt_endpoint import halt_endpoint

OpenChannel = Callable[[Endpoint, bool], Channel]
"""(endpoint, drill) -> the channel to use; for a drill one that reaches nobody."""


LOOK_SECONDS = 0.1
"""Between two looks for free shards of broadcasts of which nothing is held."""


@dataclass(slots=True)
class Fleet:
    db: Database
    open_channel: OpenChannel
    clock: Clock
    timings: Timings
    control: Control
    finished: Callable[[Sequence[Settled]], None]
    half_home: Callable[[], None]
    breakers: Breakers = field(init=False)
    _runners: dict[int, Runner] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.breakers = Breakers(self.db, self.clock)

    def __iter__(self) -> Iterator[Runner]:
        return iter(self._runners.values())

    def get(self, endpoint_id: int) -> Runner | None:
        return self._runners.get(endpoint_id)

    async def refresh(self, tasks: asyncio.TaskGroup) -> None:
        """Open what is new or changed (once nothing of it is in flight), and write down what has halted."""
        for endpoint in await asyncio.to_thread(self._configured):
            known = self._runners.get(endpoint.id)
            if known is None or (known.endpoint.revision != endpoint.revision and known.idle):
                await self._try_to_open(endpoint, known, tasks)
            elif endpoint.halted_reason:
                known.halted = known.halted or endpoint.halted_reason
            elif known.halted:
                await asyncio.to_thread(self._note_halt, known.endpoint, known.halted)
        await asyncio.to_thread(self.breakers.agree, list(self))

    def wants(self, landing: Finished) -> list[Want]:
        """The appetite of each endpoint once `landing` is committed, which the same turn does."""
        landed = Counter[int]()
        for (endpoint_id, _), number in landing.by_shard().items():
            landed[endpoint_id] += number
        rooms = [(runner, runner.room(landed[runner.endpoint.id])) for runner in self]
        return [self._want(runner, room) for runner, room in rooms if room > 0]

    def _want(self, runner: Runner, room: int) -> Want:
        now = self.clock.monotonic()
        look = now - runner.looked_at >= LOOK_SECONDS
        if look:
            runner.looked_at = now
        unit = runner.live.info.batch_size
        return Want(runner.endpoint.id, room, runner.held, runner.probing, unit, runner.shares, look)

    def exhausted(self) -> list[ShardKey]:
        """Held shards with nothing left to admit and nothing in flight."""
        return [
            key
            for runner in self
            for key, shard in runner.held.items()
            if shard.remaining <= 0 and key not in runner.flying
        ]

    def take(self, runner: Runner, got: Granted) -> None:
        """Hold what the committed turn granted; stop admitting from what it lost."""
        runner.shares = got.shares
        for shard in (*got.claimed, *got.moved.values()):
            runner.held[shard.key] = shard
        for key in got.lost:
            runner.held[key].remaining = 0

    def let_go(self, keys: Sequence[ShardKey]) -> None:
        for runner in self:
            for key in keys:
                runner.held.pop(key, None)

    def collect(self) -> list[Taken]:
        """What all providers took since the last time."""
        return [group for runner in self for group in runner.collect()]

    def landed(self, finished: Finished) -> None:
        """This is committed."""
        for (endpoint_id, key), number in finished.by_shard().items():
            self._runners[endpoint_id].landed(key, number)

    @property
    def busy(self) -> bool:
        return any(runner.held or runner.flying for runner in self)

    @property
    def idle(self) -> bool:
        return all(runner.idle for runner in self)

    def close_doors(self) -> None:
        """Admit nothing more; what is queued but not begun comes back unharmed."""
        for runner in self:
            runner.closing = True
            for shard in runner.held.values():
                shard.remaining = 0

    def forget(self) -> list[Settled]:
        """Hold no shard any more; calls in flight come home, those that had not begun are given back here."""
        return [row for runner in self for row in runner.forget()]

    def stop(self) -> None:
        for runner in self:
            runner.stop()

    async def _try_to_open(self, endpoint: Endpoint, known: Runner | None, tasks: asyncio.TaskGroup) -> None:
        """An endpoint whose settings or secrets cannot be used stops alone, and says why."""
        try:
            self._open(endpoint, known, tasks)
        except ClarionError as error:
            if known is not None:
                known.halted = error.problems[0].code  # what it was before is not what staff want any more
            if not endpoint.halted_reason:
                await asyncio.to_thread(self._note_halt, endpoint, error.problems[0].code)

    def _open(self, endpoint: Endpoint, known: Runner | None, tasks: asyncio.TaskGroup) -> None:
        runner = Runner(
            endpoint,
            self.open_channel(endpoint, False),
            self.open_channel(endpoint, True),
            self.clock,
            self.timings,
            self.control,
            self.finished,
            self.half_home,
            Pace.full(endpoint.rate_per_second, self.clock.monotonic()),
            halted=endpoint.halted_reason or "",
        )
        if known is not None:
            known.stop()
            runner.held, runner.flying = known.held, known.flying
        self._runners[endpoint.id] = runner
        runner.start(tasks)

    def _configured(self) -> list[Endpoint]:
        with self.db.reading() as connection:
            return endpoints.everything(connection)

    def _note_halt(self, endpoint: Endpoint, reason: str) -> None:
        halt_endpoint(self.db, endpoint.id, endpoint.revision, reason, self.clock.now())
