"""What waits at each endpoint, of all broadcasts that are on their way: what an ETA is made of."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, literal, select

from app.domain.eta import Backlog, Seen
from app.store import courtesies
from app.store.ledger_tables import broadcast, shard
from app.store.mercy_tables import halt_mark

_SETTLED = ("accepted", "failed", "suppressed", "superseded", "expired", "cancelled", "dead")


def by_endpoint(connection: Connection, now_ms: int) -> dict[int, list[tuple[Backlog, Seen | None]]]:
    """Sums of counters. Unknown deliveries wait for an answer, not for a turn, so they do not count."""
    found: dict[int, list[tuple[Backlog, Seen | None]]] = defaultdict(list)
    sleepers = courtesies.all_waits(connection, now_ms)
    for row in connection.execute(_waiting()):
        held = 0 if row.canary_until_ms is None else row.canary_until_ms - now_ms
        starts = max(0, (row.first_ms or now_ms) - now_ms)
        ends = max(0, held, (row.last_ms or now_ms) - now_ms)
        seen = None if row.half_ms is None else Seen(int(row.outcomes) - row.half, (now_ms - row.half_ms) / 1000)
        asleep = sleepers.get((row.broadcast, row.medium), ())
        awake = max(0, int(row.waiting) - sum(wait.people for wait in asleep))
        wakes = tuple(((wait.until_ms - now_ms) / 1000, wait.people) for wait in asleep if not wait.lost)
        waiting = Backlog(row.lane, row.broadcast, awake, starts / 1000, ends / 1000, wakes)
        found[row.endpoint].append((waiting, seen))
    return found


def _waiting() -> Select[Any]:
    settled = sum((shard.c[name] for name in _SETTLED), literal(0))
    own = shard.c.suppressed + shard.c.superseded + shard.c.expired + shard.c.cancelled
    may_leave = and_(shard.c.rest_state.is_(None), shard.c.admitted < shard.c.size)
    open_rest = case((shard.c.rest_state.is_(None), shard.c.size - shard.c.admitted), else_=0)
    sums = (
        select(
            shard.c.broadcast,
            shard.c.medium,
            shard.c.endpoint,
            broadcast.c.lane,
            broadcast.c.canary_until_ms,
            func.sum(shard.c.admitted - settled - shard.c.unsure + open_rest).label("waiting"),
            func.sum(settled - own).label("outcomes"),
            func.min(case((may_leave, shard.c.not_before_ms))).label("first_ms"),
            func.max(case((may_leave, shard.c.not_before_ms))).label("last_ms"),
        )
        .join(broadcast, broadcast.c.id == shard.c.broadcast)
        .where(broadcast.c.state == "sending")
        .group_by(shard.c.broadcast, shard.c.medium, shard.c.endpoint, broadcast.c.lane, broadcast.c.canary_until_ms)
        .subquery()
    )
    mark = and_(
        halt_mark.c.broadcast == sums.c.broadcast,
        halt_mark.c.medium == sums.c.medium,
        halt_mark.c.endpoint == sums.c.endpoint,
    )
    return (
        select(sums, halt_mark.c.half_settled.label("half"), halt_mark.c.half_ms)
        .select_from(sums.outerjoin(halt_mark, mark))
        .where(sums.c.waiting > 0)
    )
