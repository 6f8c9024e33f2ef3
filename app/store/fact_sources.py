"""Systems that report facts, and which of their webhooks were taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from app.errors import not_found
from app.store.fact_tables import fact_source, fact_webhook
from app.store.upsert import insert_or_update


@dataclass(frozen=True, slots=True)
class FactSourceRow:
    slug: str
    saved_at: datetime
    saved_by: str


def everything(connection: Connection) -> list[FactSourceRow]:
    """By slug; without their secrets."""
    rows = connection.execute(select(fact_source).order_by(fact_source.c.slug))
    return [FactSourceRow(row.slug, row.saved_at, row.saved_by) for row in rows]


def secret(connection: Connection, slug: str) -> bytes | None:
    """Sealed; None when there is no such source."""
    found: bytes | None = connection.scalar(select(fact_source.c.sealed).where(fact_source.c.slug == slug))
    return found


def secrets(connection: Connection) -> dict[str, bytes]:
    return {row.slug: row.sealed for row in connection.execute(select(fact_source))}


def save(connection: Connection, slug: str, sealed: bytes, who: str, now: datetime) -> FactSourceRow:
    row = {"slug": slug, "sealed": sealed, "saved_at": now, "saved_by": who}
    insert_or_update(connection, fact_source, [row], ["slug"], ["sealed", "saved_at", "saved_by"])
    return FactSourceRow(slug, now, who)


def reseal(connection: Connection, slug: str, sealed: bytes) -> None:
    connection.execute(update(fact_source).where(fact_source.c.slug == slug).values(sealed=sealed))


def remove(connection: Connection, slug: str) -> None:
    """Raise NotFound."""
    if secret(connection, slug) is None:
        raise not_found("fact source", slug)
    connection.execute(delete(fact_webhook).where(fact_webhook.c.source == slug))
    connection.execute(delete(fact_source).where(fact_source.c.slug == slug))


def taken_before(connection: Connection, slug: str, message: str, now: datetime, oldest: datetime) -> bool:
    """Whether this webhook was taken already; from now on it was. Those before `oldest` are forgotten."""
    connection.execute(delete(fact_webhook).where(fact_webhook.c.source == slug, fact_webhook.c.at < oldest))
    mine = (fact_webhook.c.source == slug) & (fact_webhook.c.message == message)
    if connection.scalar(select(fact_webhook.c.at).where(mine)) is not None:
        return True
    connection.execute(insert(fact_webhook).values(source=slug, message=message, at=now))
    return False
