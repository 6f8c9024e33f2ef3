"""Whether anything could be claimed: cheap reads, so that nobody takes a write lock for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import BigInteger, Connection, bindparam, literal, select

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


def work_waiting(connection: Connection, *, now_ms: int, endpoints: Sequence[int]) -> bool:
    """Whether a claim could bring anything now; a cheap read, so that an idle engine never takes the write lock.

    Each endpoint's queue is looked at from its beginning: a million who sleep until morning are not looked at.
    """
    free = (
        select(literal(1))
        .select_from(shard)
        .join(broadcast, broadcast.c.id == shard.c.broadcast)
        .where(claimable(now_ms))
        .limit(1)
    )
    again = (
        select(literal(1))
        .select_from(due)
        .join(broadcast, broadcast.c.id == due.c.broadcast)
        .where(
            due.c.endpoint.in_(endpoints), due.c.due_ms <= now_ms, due.c.owner.is_(None), broadcast.c.state == "sending"
        )
        .limit(1)
    )
    return connection.scalar(free) is not None or connection.scalar(again) is not None
