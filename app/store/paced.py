"""The shards of a broadcast that goes out more slowly than it could: when each may start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, and_, bindparam, exists, func, select, update

from app.store.ledger_tables import shard
from app.store.windows import ShardKey

if TYPE_CHECKING:
    from app.store.staging import WayOut


def unpace(connection: Connection, broadcast_id: int, ways: Sequence[WayOut]) -> None:
    """Every shard belongs to its medium's wave again, however slowly it was meant to go."""
    for way in ways:
        mine = and_(shard.c.broadcast == broadcast_id, shard.c.endpoint == way.id, shard.c.canary == 0)
        connection.execute(update(shard).where(mine).values(wave_offset_ms=way.offset_ms))


def put_off(connection: Connection, broadcast_id: int, now_ms: int) -> None:
    """What should have begun meanwhile begins now, and everything after it as much later: a pace has no catching up."""
    waiting = and_(shard.c.broadcast == broadcast_id, shard.c.rest_state.is_(None), shard.c.admitted == 0)
    first = connection.scalar(select(func.min(shard.c.not_before_ms)).where(waiting))
    if first is not None and first < now_ms:
        late = shard.c.not_before_ms + (now_ms - first)
        connection.execute(update(shard).where(waiting).values(not_before_ms=late))


_BEGUN_BY_NOBODY: Final = and_(shard.c.rest_state.is_(None), shard.c.admitted == 0, shard.c.owner.is_(None))
_BEGINS: Final = select(shard.c.not_before_ms).where(
    shard.c.broadcast == bindparam("in_broadcast"),
    shard.c.medium == bindparam("by_medium"),
    shard.c.no == bindparam("number"),
    shard.c.canary == 0,
    _BEGUN_BY_NOBODY,
)


_next = shard.alias("next")
spread: Final = (
    exists()
    .where(
        _next.c.broadcast == shard.c.broadcast,
        _next.c.medium == shard.c.medium,
        _next.c.no == shard.c.no + 1,
        _next.c.not_before_ms > shard.c.not_before_ms,
    )
    .correlate(shard)
)
"""Of a shard: the one after it begins later. What goes out as fast as it can has one beginning for all of a medium."""


def catch_up_with(connection: Connection, key: ShardKey, not_before_ms: int, now_ms: int) -> bool:
    """For whoever takes a shard late, after an outage: when the next of its medium should have begun by now as well,
    all those behind begin as much later. Whether that was so.

    What goes out as fast as it can has one beginning for all shards of a medium, and is left alone.
    """
    after = connection.scalar(_BEGINS, {"in_broadcast": key.broadcast, "by_medium": key.medium, "number": key.no + 1})
    if after is None or not not_before_ms < after <= now_ms:
        return False
    mine = and_(shard.c.broadcast == key.broadcast, shard.c.medium == key.medium, _BEGUN_BY_NOBODY)
    behind = select(shard.c.no).where(mine, shard.c.not_before_ms > not_before_ms).order_by(shard.c.no)
    numbers = connection.scalars(behind.with_for_update(skip_locked=True)).all()
    late = shard.c.not_before_ms + (now_ms - not_before_ms)
    connection.execute(update(shard).where(mine, shard.c.no.in_(numbers)).values(not_before_ms=late))
    return True
