"""Passes of open links that were taken back before their end."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from app.store.target_tables import revoked_pass
from app.store.upsert import insert_missing


def add(connection: Connection, pass_hash: bytes, until: datetime, by: str, now: datetime) -> None:
    """Harmless to repeat. Those whose end is past are dropped: nobody gets in with them anyway."""
    connection.execute(delete(revoked_pass).where(revoked_pass.c.until <= now))
    row = {"pass_hash": pass_hash, "until": until, "revoked_by": by, "revoked_at": now}
    insert_missing(connection, revoked_pass, [row], ["pass_hash"])


def hashes(connection: Connection, now: datetime) -> frozenset[bytes]:
    """Of all that would still open something."""
    return frozenset(connection.scalars(select(revoked_pass.c.pass_hash).where(revoked_pass.c.until > now)))
