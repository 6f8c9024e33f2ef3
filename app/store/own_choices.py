"""What people have set themselves. Whoever changes a field on their behalf calls `note`; imports leave those fields."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, select

from app.store.import_tables import own_choice
from app.store.upsert import insert_or_update, is_listed

FIELDS: Final = frozenset({"name", "languages", "timezone", "area", "preferred_medium", "sms", "email"})
"""The last two: which address of that medium."""


def note(connection: Connection, people: Collection[int], fields: Collection[str], now: datetime) -> None:
    """These people have set these fields themselves. `fields` of FIELDS; others do not matter here."""
    rows = [
        {"subscriber_id": person, "field": field, "at": now}
        for person in sorted(people)
        for field in sorted(FIELDS & set(fields))
    ]
    insert_or_update(connection, own_choice, rows, ["subscriber_id", "field"], ["at"])


def of(connection: Connection, people: Collection[int]) -> dict[int, frozenset[str]]:
    """By subscriber id; whoever has set nothing is not there."""
    query = select(own_choice.c.subscriber_id, own_choice.c.field)
    found: dict[int, set[str]] = {}
    for row in connection.execute(query.where(is_listed(connection, own_choice.c.subscriber_id, list(people)))):
        found.setdefault(row.subscriber_id, set()).add(row.field)
    return {person: frozenset(fields) for person, fields in found.items()}


def forget(connection: Connection, person: int) -> None:
    connection.execute(delete(own_choice).where(own_choice.c.subscriber_id == person))
