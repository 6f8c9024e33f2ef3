"""What the website must be told, and what it was told last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from app.domain.reading_back import Issue
from app.store.calling import call
from app.store.tables import publish_request, published


@dataclass(frozen=True, slots=True)
class PublishedRow:
    seq: int
    at: datetime
    digest: str


def request(connection: Connection, reason: str, now: datetime) -> int:
    """Ask for a new snapshot, in the transaction whose change it must show."""
    call(connection)
    key = connection.execute(insert(publish_request).values(reason=reason, at=now).returning(publish_request.c.id))
    return int(key.scalar_one())


def pending(connection: Connection) -> int | None:
    """The highest request not done yet; None = the site is up to date."""
    query = select(func.max(publish_request.c.id)).where(publish_request.c.done_at.is_(None))
    newest: int | None = connection.execute(query).scalar_one()
    return newest


def mark_done(connection: Connection, up_to: int, now: datetime) -> None:
    """Settle every open request up to this one: one snapshot answers them all."""
    waiting = (publish_request.c.id <= up_to) & publish_request.c.done_at.is_(None)
    connection.execute(update(publish_request).where(waiting).values(done_at=now))


def last(connection: Connection) -> PublishedRow | None:
    row = connection.execute(select(published).order_by(published.c.seq.desc()).limit(1)).one_or_none()
    return None if row is None else _published(row)


def record(
    connection: Connection,
    at: datetime,
    digest: str,
    *,
    above: int = 0,
    request: int | None = None,
    due: datetime | None = None,
) -> int:
    """The number of the snapshot about to be written: one more than the last, and more than `above`.

    `above` is what the targets already show, so that a restored database never publishes a lower number. `request`:
    the newest one it answers; `due`: when time changes what is true.
    """
    newest = connection.execute(select(func.max(published.c.seq))).scalar_one() or 0
    seq = max(int(newest), above) + 1
    connection.execute(insert(published).values(seq=seq, at=at, digest=digest, request=request, due=due))
    return seq


def made(connection: Connection, seq: int, digest: str) -> None:
    """The snapshot of this number is whole: `digest` is the SHA-256 of its manifest."""
    connection.execute(update(published).where(published.c.seq == seq).values(digest=digest))


def issue(connection: Connection, seq: int) -> Issue | None:
    """What is known about a number; None = nobody of this installation gave it."""
    row = connection.execute(select(published).where(published.c.seq == seq)).one_or_none()
    return None if row is None else Issue(row.seq, row.request or 0, row.digest, row.due)


def asked_before(connection: Connection, before: datetime) -> int:
    """The newest request that is as old as this, 0 for none."""
    query = select(func.max(publish_request.c.id)).where(publish_request.c.at <= before)
    return int(connection.execute(query).scalar_one() or 0)


def _published(row: Row[Any]) -> PublishedRow:
    return PublishedRow(row.seq, row.at, row.digest)
