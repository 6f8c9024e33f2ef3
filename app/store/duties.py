"""Work that exactly one process does at a time: held by a lease, and by the row's own lock inside the transaction.

A duty is taken inside the very transaction that does the work, so on a server database two holders cannot overlap
even when clocks differ; the lease only keeps the others from trying.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, true, update

from app.store.duty_tables import duty, worker
from app.store.upsert import insert_missing, insert_or_update

RECEIPTS = "fold receipts"
POLLING = "ask for receipts"
HOUSEKEEPING = "housekeeping"


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that runs an engine; times in milliseconds."""

    id: str
    host: str
    pid: int
    started_ms: int
    seen_ms: int


def hold(connection: Connection, name: str, me: str, *, now_ms: int, lease_ms: int, alone: bool = False) -> bool:
    """Whether the duty is ours until now + lease: it was free, its lease had run out, or we had it already.

    `alone`: nobody else can be alive (SQLite, the engine lock is held), so leases need not run out.
    """
    fresh = {"name": name, "owner": me, "lease_until_ms": now_ms + lease_ms, "done_ms": None}
    free = true() if alone else (duty.c.owner == me) | (duty.c.lease_until_ms < now_ms)
    taken = connection.execute(
        update(duty).where(duty.c.name == name, free).values(owner=me, lease_until_ms=now_ms + lease_ms)
    )
    if taken.rowcount == 1:
        return True
    if connection.scalar(select(duty.c.name).where(duty.c.name == name)) is not None:
        return False
    insert_missing(connection, duty, [fresh], ["name"])
    return connection.scalar(select(duty.c.owner).where(duty.c.name == name)) == me


def last_done(connection: Connection, name: str) -> int | None:
    return connection.scalar(select(duty.c.done_ms).where(duty.c.name == name))


def note_done(connection: Connection, name: str, now_ms: int) -> None:
    connection.execute(update(duty).where(duty.c.name == name).values(done_ms=now_ms))


def let_go(connection: Connection, me: str) -> None:
    """The process ends: others may go on at once."""
    connection.execute(update(duty).where(duty.c.owner == me).values(lease_until_ms=0))
    connection.execute(delete(worker).where(worker.c.id == me))


def seen(connection: Connection, mine: Worker) -> None:
    """This process is alive."""
    row = {"id": mine.id, "host": mine.host, "pid": mine.pid, "started_ms": mine.started_ms, "seen_ms": mine.seen_ms}
    insert_or_update(connection, worker, [row], ["id"], ["seen_ms"])


def workers(connection: Connection) -> list[Worker]:
    """Every process that was seen and did not say goodbye, the last seen first."""
    rows = connection.execute(select(worker).order_by(worker.c.seen_ms.desc()))
    return [Worker(row.id, row.host, row.pid, row.started_ms, row.seen_ms) for row in rows]


def forget_workers(connection: Connection, before_ms: int) -> int:
    """Drop those not seen since; how many."""
    return connection.execute(delete(worker).where(worker.c.seen_ms < before_ms)).rowcount
