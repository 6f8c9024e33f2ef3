"""Waits and presence of contact channels: the last word, and what was said before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select, update

from app.domain.live import NOTHING_SAID, Live
from app.domain.presence import Run
from app.store.contact_tables import contact_live, contact_presence, contact_secret, contact_wait
from app.store.upsert import insert_or_update

KEPT_FOR: Final = timedelta(days=90)
SLOT_SECONDS: Final = 300


def everything(connection: Connection) -> Mapping[str, Live]:
    """The last word about every channel something was ever said about."""
    return {row.slug: _live(row) for row in connection.execute(select(contact_live))}


def get(connection: Connection, slug: str) -> Live:
    row = connection.execute(select(contact_live).where(contact_live.c.slug == slug)).one_or_none()
    return NOTHING_SAID if row is None else _live(row)


def set_wait(connection: Connection, slug: str, minutes: int, at: datetime) -> None:
    values = {"slug": slug, "wait_minutes": minutes, "waited_at": at}
    insert_or_update(connection, contact_live, [values], ["slug"], ["wait_minutes", "waited_at"])
    slot = datetime.fromtimestamp(at.timestamp() // SLOT_SECONDS * SLOT_SECONDS, at.tzinfo)
    row = {"slug": slug, "slot": slot, "minutes": minutes}
    insert_or_update(connection, contact_wait, [row], ["slug", "slot"], ["minutes"])
    old = (contact_wait.c.slug == slug) & (contact_wait.c.slot < at - KEPT_FOR)
    connection.execute(delete(contact_wait).where(old))


def set_presence(connection: Connection, slug: str, *, staffed: bool, since: datetime, at: datetime) -> None:
    """`since`: when this word was first said without a break; another one than before begins a new run."""
    values = {"slug": slug, "staffed": staffed, "staffed_at": at, "staffed_since": since}
    insert_or_update(connection, contact_live, [values], ["slug"], ["staffed", "staffed_at", "staffed_since"])
    run = {"slug": slug, "begins": since, "ends": at, "staffed": staffed}
    insert_or_update(connection, contact_presence, [run], ["slug", "begins"], ["ends"])
    old = (contact_presence.c.slug == slug) & (contact_presence.c.ends < at - KEPT_FOR)
    connection.execute(delete(contact_presence).where(old))


def waits(connection: Connection, slug: str, since: datetime) -> list[tuple[datetime, int]]:
    query = select(contact_wait.c.slot, contact_wait.c.minutes).where(
        contact_wait.c.slug == slug, contact_wait.c.slot >= since
    )
    return [(row.slot, row.minutes) for row in connection.execute(query.order_by(contact_wait.c.slot))]


def runs(connection: Connection, slug: str, since: datetime) -> list[Run]:
    """Those that reach past `since`, in order."""
    query = select(contact_presence).where(contact_presence.c.slug == slug, contact_presence.c.ends >= since)
    rows = connection.execute(query.order_by(contact_presence.c.begins))
    return [Run(row.begins, row.ends, row.staffed) for row in rows]


def secret(connection: Connection, slug: str) -> bytes | None:
    """Sealed; None when this channel's system has none."""
    found: bytes | None = connection.execute(
        select(contact_secret.c.sealed).where(contact_secret.c.slug == slug)
    ).scalar()
    return found


def secrets(connection: Connection) -> dict[str, bytes]:
    return {row.slug: row.sealed for row in connection.execute(select(contact_secret))}


def set_secret(connection: Connection, slug: str, sealed: bytes, now: datetime) -> None:
    row = {"slug": slug, "sealed": sealed, "created_at": now}
    insert_or_update(connection, contact_secret, [row], ["slug"], ["sealed", "created_at"])


def reseal(connection: Connection, slug: str, sealed: bytes) -> None:
    connection.execute(update(contact_secret).where(contact_secret.c.slug == slug).values(sealed=sealed))


def forget(connection: Connection, slug: str) -> None:
    """Everything about a channel that is no more, its secret too."""
    for table in (contact_live, contact_wait, contact_presence, contact_secret):
        connection.execute(delete(table).where(table.c.slug == slug))


def _live(row: Row[Any]) -> Live:
    return Live(row.wait_minutes, row.waited_at, row.staffed, row.staffed_at, row.staffed_since)
