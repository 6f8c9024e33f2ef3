"""What a draft said before, revision by revision: for those who began to write from an older one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select

from app.store.updates import UpdateRow
from app.store.writing_tables import draft_edit

KEPT: Final = 100
"""Revisions of one draft: hours of writing. An older one counts as not known."""


@dataclass(frozen=True, slots=True)
class DraftRow:
    revision: int
    document: dict[str, Any]
    written_by: str
    at: datetime


def keep(connection: Connection, row: UpdateRow, by: str, now: datetime) -> None:
    """The words `row` has now, as written by somebody."""
    values = {"update_id": row.id, "revision": row.revision, "document": row.document, "written_by": by, "at": now}
    connection.execute(insert(draft_edit).values(**values))
    old = (draft_edit.c.update_id == row.id) & (draft_edit.c.revision <= row.revision - KEPT)
    connection.execute(delete(draft_edit).where(old))


def find(connection: Connection, update_id: int, revision: int) -> DraftRow | None:
    """What it said under this revision; None when nobody knows any more."""
    mine = (draft_edit.c.update_id == update_id) & (draft_edit.c.revision == revision)
    row = connection.execute(select(draft_edit).where(mine)).one_or_none()
    return None if row is None else _draft(row)


def since(connection: Connection, update_id: int, revision: int) -> list[DraftRow]:
    """What was written after this revision, the oldest first."""
    mine = (draft_edit.c.update_id == update_id) & (draft_edit.c.revision > revision)
    return [_draft(row) for row in connection.execute(select(draft_edit).where(mine).order_by(draft_edit.c.revision))]


def _draft(row: Row[Any]) -> DraftRow:
    return DraftRow(row.revision, row.document, row.written_by, row.at)
