"""How far a broadcast has got on each endpoint, and when the last waiting delivery will have left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from app.clock import from_ms, to_ms
from app.domain.crisis import ENDED, MOVING, UpdateState
from app.domain.delivery import State
from app.domain.eta import Backlog, Seen, finishing, pace_of
from app.domain.suppressing import Spared, spared_counts
from app.store import backlogs, breakers, courtesies, deliveries, endpoints, failures, pacing
from app.store.breakers import OPEN
from app.store.deliveries import EndpointCounts
from app.store.updates import UpdateRow

FOREVER_SECONDS: Final = 10 * 365 * 86_400.0
NOBODY: Final[Mapping[Spared, int]] = MappingProxyType({})
WAITING: Final = (State.QUEUED, State.SENDING, State.RETRY_WAIT)


@dataclass(frozen=True, slots=True)
class Asleep:
    people: int
    first: datetime
    """When the first of them may be told."""
    last: datetime
    lost: int
    """Of `people`, those for whom it expires before."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    lines: tuple[EndpointCounts, ...]
    etas: tuple[datetime | None, ...]
    """Of each line; None = nothing waits, or nobody can say."""
    eta: datetime | None
    """Of the slowest; None also while one that still has something stands."""
    counts: dict[State, int]
    """Over all lines; empty before there is a broadcast."""
    rates: tuple[float | None, ...] = ()
    """Recipients a second at the endpoint of each line, for all that waits there; None = nothing leaves."""
    asleep: Asleep | None = None
    """Of those who wait, whom it lets sleep; None = nobody."""
    spared: Mapping[Spared, int] = field(default_factory=lambda: NOBODY)
    """Of the suppressed, how many for which reason."""

    def settled(self, state: UpdateState) -> bool:
        """Whether nothing of it will change any more by itself."""
        return state in ENDED and not any(self.counts.get(waiting, 0) for waiting in WAITING)


def foresee(connection: Connection, row: UpdateRow, now: datetime) -> Foreseen:
    """One consistent picture, from sums: as fast for a million recipients as for ten."""
    lines = deliveries.counts_by_endpoint(connection, row.broadcast_id) if row.broadcast_id is not None else []
    moving = row.state in MOVING or row.state is UpdateState.RELEASING
    ways = _ways(connection, now) if moving else {}
    etas = tuple(_eta(line, ways[line.endpoint], row.broadcast_id or 0, now) if ways else None for line in lines)
    counts = {state: sum(line.counts[state] for line in lines) for state in State} if lines else {}
    rates = tuple(_rate(ways[line.endpoint]) if ways else None for line in lines)
    asleep, spared = _asleep(connection, row, counts, now), _spared(connection, row, counts)
    return Foreseen(tuple(lines), etas, _last(lines, etas), counts, rates, asleep, spared)


def _spared(connection: Connection, row: UpdateRow, counts: Mapping[State, int]) -> Mapping[Spared, int]:
    whole = counts.get(State.SUPPRESSED, 0)
    if not whole or row.broadcast_id is None:
        return NOBODY
    return spared_counts(failures.suppressed_reasons(connection, row.broadcast_id), whole)


def _asleep(connection: Connection, row: UpdateRow, counts: Mapping[State, int], now: datetime) -> Asleep | None:
    """Only what still waits can be asleep: what was stopped or replaced meanwhile is not."""
    waiting = counts.get(State.QUEUED, 0) + counts.get(State.RETRY_WAIT, 0)
    found = courtesies.waits(connection, row.broadcast_id, to_ms(now)) if row.broadcast_id is not None else []
    people = min(waiting, sum(one.people for one in found))
    if not people:
        return None
    lost = min(people, sum(one.people for one in found if one.lost))
    return Asleep(people, from_ms(found[0].until_ms), from_ms(found[-1].until_ms), lost)


@dataclass(frozen=True, slots=True)
class _Way:
    """One endpoint now: `rate` is None while nothing leaves, because it is halted or its breaker is open."""

    rate: float | None
    backlogs: Sequence[tuple[Backlog, Seen | None]]


def _ways(connection: Connection, now: datetime) -> dict[str, _Way]:
    now_ms = to_ms(now)
    waiting, shared = backlogs.by_endpoint(connection, now_ms), pacing.rates(connection)
    broken = {endpoint for endpoint, known in breakers.everything(connection).items() if known.state == OPEN}
    return {
        each.slug: _Way(
            None if each.halted_reason or each.id in broken else shared.get(each.id, each.rate_per_second),
            waiting.get(each.id, ()),
        )
        for each in endpoints.everything(connection)
    }


def _eta(line: EndpointCounts, way: _Way, broadcast_id: int, now: datetime) -> datetime | None:
    """Played forward with everything else that waits for this endpoint."""
    if way.rate is None or not any(line.counts[state] for state in WAITING):
        return None
    rate = pace_of(way.rate, [seen for _, seen in way.backlogs])
    seconds = finishing(rate, [backlog for backlog, _ in way.backlogs]).get(broadcast_id, 0.0)
    return now + timedelta(seconds=seconds) if seconds < FOREVER_SECONDS else None


def _rate(way: _Way) -> float | None:
    return None if way.rate is None else pace_of(way.rate, [seen for _, seen in way.backlogs])


def _last(lines: Sequence[EndpointCounts], etas: Sequence[datetime | None]) -> datetime | None:
    """Endpoints send side by side, so the slowest decides."""
    found = [eta for line, eta in zip(lines, etas, strict=True) if any(line.counts[state] for state in WAITING)]
    return max((eta for eta in found if eta is not None), default=None) if None not in found else None
