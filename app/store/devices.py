"""Which of somebody's devices is written to: the one they offered last, and when that is stopped or gone, another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, func, select, update

from app.domain.message import MEDIUM_CODES, Medium
from app.store.ledger_tables import suppression
from app.store.tables import subscriber_address
from app.store.upsert import is_listed

_PUSH: Final = MEDIUM_CODES[Medium.PUSH]


def give_way(connection: Connection, stopped: Sequence[int]) -> None:
    """Of everybody who was written to at one of these addresses on a device of theirs, the newest other device."""
    mine, other = subscriber_address, subscriber_address.alias("other")
    next_one = (
        select(func.max(other.c.address_id))
        .where(other.c.subscriber_id == mine.c.subscriber_id, other.c.medium == _PUSH)
        .where(other.c.address_id.not_in(select(suppression.c.address_id)))
        .scalar_subquery()
    )
    query = select(mine.c.subscriber_id, mine.c.address_id, next_one.label("next_one"))
    query = query.where(mine.c.medium == _PUSH, mine.c.preferred.is_(True))
    for row in connection.execute(query.where(is_listed(connection, mine.c.address_id, list(stopped)))).all():
        if row.next_one is not None and row.next_one != row.address_id:
            for address_id, preferred in ((row.address_id, False), (row.next_one, True)):
                whose = (mine.c.subscriber_id == row.subscriber_id) & (mine.c.address_id == address_id)
                connection.execute(update(mine).where(whose, mine.c.medium == _PUSH).values(preferred=preferred))
