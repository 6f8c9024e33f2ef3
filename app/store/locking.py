"""Locks on shards: whoever changes deliveries takes them first, all in the same order, so nobody waits in a circle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from sqlalchemy import Connection, select, tuple_

from app.store.ledger_tables import shard
from app.store.windows import ShardKey

LOCKS_A_STEP: Final = 500


def lock_shards(connection: Connection, keys: Iterable[ShardKey], whole: Collection[int] = ()) -> None:
    """Nobody else moves these shards, their counters or what stands in `due` of them before this transaction ends.

    `whole`: broadcasts of which every shard is meant. Rows of `due` are changed after this, never before: whoever
    changes some and then waits for a shard may be waited for by its holder. SQLite has one writer and needs none.
    """
    if connection.dialect.name == "sqlite":
        return
    wanted = sorted({*keys, *_all_of(connection, whole)})
    for at in range(0, len(wanted), LOCKS_A_STEP):
        these = tuple_(shard.c.broadcast, shard.c.medium, shard.c.no).in_(wanted[at : at + LOCKS_A_STEP])
        order = (shard.c.broadcast, shard.c.medium, shard.c.no)
        connection.execute(select(shard.c.no).where(these).order_by(*order).with_for_update())


def _all_of(connection: Connection, broadcasts: Collection[int]) -> Iterator[ShardKey]:
    if broadcasts:
        every = select(shard.c.broadcast, shard.c.medium, shard.c.no).where(shard.c.broadcast.in_(broadcasts))
        yield from (ShardKey(*row) for row in connection.execute(every))


def lock_broadcast(connection: Connection, broadcast_id: int) -> None:
    """As `lock_shards`, for all of a broadcast; what waits for another attempt cannot be claimed meanwhile either."""
    mine = select(shard.c.no).where(shard.c.broadcast == broadcast_id)
    connection.execute(mine.order_by(shard.c.medium, shard.c.no).with_for_update())
