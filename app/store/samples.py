"""A few recipients of a frozen audience, picked by chance: to show words as they will really be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from sqlalchemy import Connection, select

from app.store.ledger_tables import address, recipient, shard

Roll = Callable[[int], int]
"""A number from 0 to the argument less one, by chance."""
SHARDS_LOOKED_AT: Final = 8
"""Each of them holds a few thousand people."""


@dataclass(frozen=True, slots=True)
class Picked:
    address: str | None
    """In the clear: mask it before showing it. None = erased."""
    language: str
    variant: int
    area: str


def pick(connection: Connection, broadcast_id: int, endpoint_id: int, most: int, roll: Roll) -> list[Picked]:
    """At most `most` different recipients that were staged for this endpoint, each as likely as any other."""
    rows = connection.execute(
        select(shard.c.medium, shard.c.first_address, shard.c.last_address, shard.c.size)
        .where(shard.c.broadcast == broadcast_id, shard.c.home == endpoint_id)
        .order_by(shard.c.medium, shard.c.no)
    ).all()
    ends = list(accumulate(row.size for row in rows))
    total = ends[-1] if ends else 0
    places: set[int] = set(range(total)) if total <= most else set()
    while len(places) < min(most, total):
        places.add(roll(total))
    found: list[Picked] = []
    for place in sorted(places):
        at = next(index for index, end in enumerate(ends) if place < end)
        row, before = rows[at], ends[at] - rows[at].size
        query = (
            select(address.c.value, recipient.c.language, recipient.c.variant, recipient.c.area)
            .join(address, address.c.id == recipient.c.address_id)
            .where(
                recipient.c.broadcast == broadcast_id,
                recipient.c.medium == row.medium,
                recipient.c.address_id.between(row.first_address, row.last_address),
            )
            .order_by(recipient.c.address_id)
            .offset(place - before)
            .limit(1)
        )
        found += [Picked(*tuple(each)) for each in connection.execute(query)]
    return found


def pick_of_text(
    connection: Connection, broadcast_id: int, endpoint_id: int, variant: int, most: int, roll: Roll
) -> list[Picked]:
    """At most `most` recipients of one text, looked for in a few shards picked by chance: not always found if rare."""
    query = select(shard.c.medium, shard.c.first_address, shard.c.last_address)
    rows = connection.execute(
        query.where(shard.c.broadcast == broadcast_id, shard.c.home == endpoint_id).order_by(shard.c.medium, shard.c.no)
    ).all()
    found: list[Picked] = []
    begin = roll(len(rows)) if rows else 0
    for row in [*rows[begin:], *rows[:begin]][:SHARDS_LOOKED_AT]:
        query = (
            select(address.c.value, recipient.c.language, recipient.c.variant, recipient.c.area)
            .join(address, address.c.id == recipient.c.address_id)
            .where(
                recipient.c.broadcast == broadcast_id,
                recipient.c.medium == row.medium,
                recipient.c.address_id.between(row.first_address, row.last_address),
                recipient.c.variant == variant,
            )
            .order_by(recipient.c.address_id)
            .limit(most - len(found))
        )
        found += [Picked(*tuple(each)) for each in connection.execute(query)]
        if len(found) >= most:
            break
    return found
