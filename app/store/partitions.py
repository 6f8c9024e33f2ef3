"""The big tables of the ledger in weekly parts on PostgreSQL, so that forgetting is a DETACH and never a scan.

A part holds the broadcasts of one week: their ids are time-ordered, milliseconds << 10. There is no DEFAULT part,
because attaching beside one would scan it. On SQLite the same tables are whole and nothing here does anything.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

from app.clock import to_ms
from app.store.database import Database
from app.store.ledger_tables import outcome, receipt_state, recipient

PARTED: Final = (recipient, outcome, receipt_state)
WEEK_MS: Final = 7 * 24 * 3_600_000
_MONDAY_MS: Final = 4 * 24 * 3_600_000
"""1970-01-05, when week 0 began."""
AHEAD: Final = timedelta(weeks=2)


def week_of(broadcast_id: int) -> int:
    return ((broadcast_id >> 10) - _MONDAY_MS) // WEEK_MS


def first_broadcast(week: int) -> int:
    """The lowest id that belongs to this week."""
    return (week * WEEK_MS + _MONDAY_MS) << 10


def ensure(connection: Connection, broadcast_id: int) -> None:
    """The parts this broadcast will be written to exist when this transaction commits.

    Made empty and then attached: that takes no lock which readers or writers wait for.
    """
    if connection.dialect.name != "postgresql":
        return
    week = week_of(broadcast_id)
    for table in PARTED:
        name = f"{table.name}_w{week}"
        if connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None:
            continue
        connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE {table.name} INCLUDING DEFAULTS INCLUDING INDEXES)")
        bounds = f"FROM ({first_broadcast(week)}) TO ({first_broadcast(week + 1)})"
        connection.exec_driver_sql(f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES {bounds}")


def ensure_ahead(connection: Connection, now: datetime) -> None:
    """This week's parts and those of the weeks to come."""
    at, last = now, now + AHEAD
    while at <= last:
        ensure(connection, to_ms(at) << 10)
        at += timedelta(weeks=1)


def parts(connection: Connection) -> dict[str, list[int]]:
    """The weeks each parted table has parts for, oldest first."""
    listed = text(
        "SELECT parent.relname, part.relname FROM pg_inherits JOIN pg_class parent ON parent.oid = inhparent"
        " JOIN pg_class part ON part.oid = inhrelid WHERE parent.relkind = 'p'"
    )
    found: dict[str, list[int]] = {table.name: [] for table in PARTED}
    for parent, part in connection.execute(listed):
        found.setdefault(parent, []).append(int(part.rpartition("_w")[2]))
    return {name: sorted(weeks) for name, weeks in found.items()}


def drop_before(db: Database, week: int) -> int:
    """Detach and drop every part older than this week, beside readers and writers; how many. Safe to interrupt."""
    with db.reading() as connection:
        old = [(name, one) for name, weeks in parts(connection).items() for one in weeks if one < week]
        left = _detached(connection)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table, one in old:
            pending = text("SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = to_regclass(:part)")
            half_done = connection.scalar(pending, {"part": f"{table}_w{one}"})
            how = "FINALIZE" if half_done else "CONCURRENTLY"  # an earlier run was cut off between its two steps
            connection.exec_driver_sql(f"ALTER TABLE {table} DETACH PARTITION {table}_w{one} {how}")
        for name in [*(f"{table}_w{one}" for table, one in old), *left]:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
    return len(old)


def _detached(connection: Connection) -> list[str]:
    """Parts an earlier run had detached and not yet dropped."""
    names = "|".join(table.name for table in PARTED)
    alone = text(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND NOT relispartition"
        " AND relnamespace = current_schema()::regnamespace AND relname ~ :shape"
    )
    return list(connection.scalars(alone, {"shape": f"^({names})_w[0-9]+$"}))
