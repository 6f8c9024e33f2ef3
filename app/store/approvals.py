"""Who has looked at submitted words, and who said yes to prepared ones in advance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from app.store.approving_tables import approval_look
from app.store.tables import user
from app.store.upsert import insert_missing


@dataclass(frozen=True, slots=True)
class Look:
    user_id: int
    name: str
    at: datetime


def look_at(connection: Connection, update_id: int, revision: int, user_id: int, now: datetime) -> None:
    """The first time stays."""
    row = {"update_id": update_id, "revision": revision, "user_id": user_id, "at": now}
    insert_missing(connection, approval_look, [row], ["update_id", "revision", "user_id"])


def looks(connection: Connection, update_id: int, revision: int) -> list[Look]:
    """In the order of looking."""
    query = (
        select(user.c.id, user.c.name, approval_look.c.at)
        .join(approval_look, approval_look.c.user_id == user.c.id)
        .where(approval_look.c.update_id == update_id, approval_look.c.revision == revision)
        .order_by(approval_look.c.at, user.c.id)
    )
    return [Look(row.id, row.name, row.at) for row in connection.execute(query)]
