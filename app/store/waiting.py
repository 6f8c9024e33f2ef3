"""Whether anything could be claimed: cheap reads, so that nobody takes a write lock for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import BigInteger, Connection, bindparam, func, select

from app.domain.delivery import Why
from app.store.ledger import claimable
from app.store.ledger_tables import broadcast, due, shard


def free_broadcasts(connection: Connection, endpoint: int, among: Sequence[int], *, now_ms: int) -> list[int]:
    """Those of these broadcasts that have a shard to claim at this endpoint."""
    if not among:
        return []
    return sorted(connection.scalars(_FREE, {"among": list(among), "by_endpoint": endpoint, "now_ms": now_ms}))


_FREE: Final = (
    select(shard.c.broadcast)
    .join(broadcast, broadcast.c.id == shard.c.broadcast)
    .where(
        shard.c.broadcast.in_(bindparam("among", expanding=True)),
        shard.c.endpoint == bindparam("by_endpoint"),
        claimable(bindparam("now_ms", type_=BigInteger)),
    )
    .distinct()
)


def next_start(connection: Connection, endpoints: Sequence[int]) -> int | None:
    """When the first of what waits may be claimed, in milliseconds; past when something may be now, None for nothing.

    A cheap read, so that an idle engine never takes the write lock. Each endpoint's queue is looked at from its
    beginning: of a million who sleep until morning one is looked at.
    """
    again = (connection.scalar(_NEXT_AGAIN, {"by_endpoint": endpoint}) for endpoint in endpoints)
    times = [connection.scalar(_NEXT_SHARD), *again]
    return min((int(time) for time in times if time is not None), default=None)


_NEXT_SHARD: Final = (
    select(func.min(shard.c.not_before_ms)).join(broadcast, broadcast.c.id == shard.c.broadcast).where(claimable(None))
)
_NEXT_AGAIN: Final = (
    select(due.c.due_ms)
    .join(broadcast, broadcast.c.id == due.c.broadcast)
    .where(
        due.c.endpoint == bindparam("by_endpoint"),
        due.c.due_ms.is_not(None),
        due.c.owner.is_(None),
        due.c.why != Why.UNKNOWN.value,
        broadcast.c.state == "sending",
    )
    .order_by(due.c.due_ms)
    .limit(1)
)
