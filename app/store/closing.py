"""What of a crisis's checklist is done, and the notes of one shift to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from app.store.closing_tables import crisis_check, handover
from app.store.upsert import insert_missing


@dataclass(frozen=True, slots=True)
class Check:
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    id: int
    at: datetime
    actor: str
    text: str


def checks(connection: Connection, crisis: str) -> dict[str, Check]:
    """By item; what is not there is open."""
    rows = connection.execute(select(crisis_check).where(crisis_check.c.crisis == crisis))
    return {row.item: Check(row.actor, row.at) for row in rows}


def check(connection: Connection, crisis: str, item: str, actor: str, now: datetime) -> None:
    """Whoever came first stays named."""
    row = {"crisis": crisis, "item": item, "actor": actor, "at": now}
    insert_missing(connection, crisis_check, [row], ["crisis", "item"])


def uncheck(connection: Connection, crisis: str, item: str) -> None:
    mine = (crisis_check.c.crisis == crisis) & (crisis_check.c.item == item)
    connection.execute(delete(crisis_check).where(mine))


def hand_over(connection: Connection, crisis: str, actor: str, text: str, now: datetime) -> None:
    connection.execute(insert(handover).values(crisis=crisis, actor=actor, text=text, at=now))


def notes(connection: Connection, crisis: str, most: int) -> list[Note]:
    """Newest first."""
    query = select(handover).where(handover.c.crisis == crisis).order_by(handover.c.id.desc()).limit(most)
    return [Note(row.id, row.at, row.actor, row.text) for row in connection.execute(query)]
