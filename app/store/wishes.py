"""Who asked for LESS: looked at when somebody is admitted to news that is not big, and at no other time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, FromClause, and_, case, delete, exists, func, select
from sqlalchemy.sql.elements import ColumnElement

from app.clock import to_ms
from app.domain.message import Wish
from app.domain.suppressing import WANTS_LESS
from app.store.hearing_tables import address_wish
from app.store.ledger_tables import broadcast, recipient, suppression
from app.store.upsert import insert_or_update


def wants_less(connection: Connection, address_id: int) -> bool:
    mine = select(address_wish.c.wish).where(address_wish.c.address_id == address_id)
    return connection.scalar(mine) == Wish.LESS.value


def wish_for_less(connection: Connection, address_id: int, now: datetime) -> None:
    row = {"address_id": address_id, "wish": Wish.LESS.value, "at_ms": to_ms(now)}
    insert_or_update(connection, address_wish, [row], ["address_id"], ["wish"])


def wish_for_everything(connection: Connection, address_id: int) -> None:
    connection.execute(delete(address_wish).where(address_wish.c.address_id == address_id))


def why_held_back() -> ColumnElement[str | None]:
    """For an admission to minor news: the suppression's reason, or that they asked for less, or nothing."""
    return func.coalesce(suppression.c.reason, case((_asked_for_less(), WANTS_LESS)))


def hears_of(newer: FromClause) -> ColumnElement[bool]:
    """Of a `recipient` of newer news: whether they hear of it; if not, it cannot take the place of what is older."""
    minor = exists().where(broadcast.c.id == newer.c.broadcast, broadcast.c.minor_news == 1)
    return ~and_(minor, _asked_for_less())


def _asked_for_less() -> ColumnElement[bool]:
    return exists().where(address_wish.c.address_id == recipient.c.address_id, address_wish.c.wish == Wish.LESS.value)
