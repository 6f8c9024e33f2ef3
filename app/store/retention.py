"""Who got which message, forgotten after its time; the totals of every broadcast stay, in shards and receipt counts."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Table, delete, func, select, tuple_, update

from app.clock import to_ms
from app.store import partitions
from app.store.database import Database
from app.store.ledger_tables import broadcast, outcome, receipt, receipt_state, recipient, shard
from app.store.writing_tables import waiting_reader

OVER: Final = ("ended", "cancelled")
ROWS_A_STEP: Final = 5_000
"""In one transaction: well under a tenth of a second."""
WAITING_A_STEP: Final = 300
"""Three parameters each; SQLite once took no more than 999."""


def forgettable_week(db: Database, before: datetime) -> int:
    """The first week that must stay: it is not over before that time, or a broadcast of it is not over."""
    week = partitions.week_of(to_ms(before) << 10)
    open_ones = select(func.min(broadcast.c.id)).where(broadcast.c.state.not_in(OVER))
    with db.reading() as connection:
        oldest = connection.scalar(open_ones)
    return week if oldest is None else min(week, partitions.week_of(oldest))


def remembered_before(connection: Connection, week: int) -> bool:
    """Whether anybody is still known to have got something of the weeks before."""
    edge = partitions.first_broadcast(week)
    return connection.scalar(select(recipient.c.broadcast).where(recipient.c.broadcast < edge).limit(1)) is not None


def forget_before(db: Database, week: int) -> int:
    """Drop recipients, outcomes and receipts of all earlier weeks, in steps that hold nobody up; how many broadcasts.

    Safe to interrupt and to repeat. Broadcasts are marked first, so that nobody takes the gap for a fault.
    """
    edge = partitions.first_broadcast(week)
    old = broadcast.c.id < edge
    with db.writing() as tx:
        number = tx.execute(update(broadcast).where(old, broadcast.c.forgotten == 0).values(forgotten=1)).rowcount
    if not db.is_sqlite:
        partitions.drop_before(db, week)
    for table in (recipient, outcome, receipt_state) if db.is_sqlite else ():
        _clear(db, table, edge)
    while _clear_receipts(db, edge) or _clear_waiting(db, edge):
        pass
    return number


def _clear(db: Database, table: Table, edge: int) -> None:
    """A shard's addresses at a time."""
    columns = (shard.c.broadcast, shard.c.medium, shard.c.first_address, shard.c.last_address)
    with db.reading() as connection:
        shards = connection.execute(select(*columns).where(shard.c.broadcast < edge)).all()
    for one in shards:
        theirs = table.c.address_id.between(one.first_address, one.last_address)
        with db.writing() as tx:
            tx.execute(delete(table).where(table.c.broadcast == one.broadcast, table.c.medium == one.medium, theirs))


def _clear_receipts(db: Database, edge: int) -> int:
    some = select(receipt.c.id).where(receipt.c.broadcast < edge).limit(ROWS_A_STEP)
    with db.writing() as tx:
        return tx.execute(delete(receipt).where(receipt.c.id.in_(some))).rowcount


def _clear_waiting(db: Database, edge: int) -> int:
    mine = select(waiting_reader.c.broadcast, waiting_reader.c.medium, waiting_reader.c.address_id)
    with db.writing() as tx:
        some = tx.execute(mine.where(waiting_reader.c.broadcast < edge).limit(WAITING_A_STEP)).all()
        keys = tuple_(waiting_reader.c.broadcast, waiting_reader.c.medium, waiting_reader.c.address_id)
        return tx.execute(delete(waiting_reader).where(keys.in_(list(map(tuple, some))))).rowcount if some else 0


def is_forgotten(connection: Connection, broadcast_id: int) -> bool:
    """Whether only the totals are left."""
    return bool(connection.scalar(select(broadcast.c.forgotten).where(broadcast.c.id == broadcast_id)))
