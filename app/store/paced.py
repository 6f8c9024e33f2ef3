"""The shards of a broadcast that goes out more slowly than it could: when each may start."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, func, select, update

from app.store.ledger_tables import shard
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
