"""Translations somebody without an account was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from app.errors import not_found
from app.store.writing_tables import translation_task


@dataclass(frozen=True, slots=True)
class TaskRow:
    id: int
    update_id: int
    language: str
    source: str
    source_words: dict[str, Any]
    """The content of the source language as it was when this was asked."""
    source_hash: str
    note: str
    """For whoever translates."""
    asked_by: str
    asked_user: int | None
    asked_at: datetime
    until: datetime
    revoked_at: datetime | None
    done_at: datetime | None
    """When the words came last."""
    done_by: str | None

    def open(self, now: datetime) -> bool:
        """Whether words are still waited for."""
        return self.revoked_at is None and self.done_at is None and self.until > now


def add(connection: Connection, values: Mapping[str, Any]) -> TaskRow:
    key = connection.execute(insert(translation_task).values(**values).returning(translation_task.c.id)).scalar_one()
    return get(connection, key)


def get(connection: Connection, task_id: int) -> TaskRow:
    found = find(connection, task_id)
    if found is None:
        raise not_found("translation", task_id)
    return found


def find(connection: Connection, task_id: int) -> TaskRow | None:
    row = connection.execute(select(translation_task).where(translation_task.c.id == task_id)).one_or_none()
    return None if row is None else _task(row)


def of_update(connection: Connection, update_id: int) -> list[TaskRow]:
    """The newest first."""
    mine = translation_task.c.update_id == update_id
    query = select(translation_task).where(mine).order_by(translation_task.c.id.desc())
    return [_task(row) for row in connection.execute(query)]


def revoke(connection: Connection, task_id: int, now: datetime) -> None:
    mine = (translation_task.c.id == task_id) & translation_task.c.revoked_at.is_(None)
    connection.execute(update(translation_task).where(mine).values(revoked_at=now))


def done(connection: Connection, task_id: int, by: str, now: datetime) -> None:
    mine = translation_task.c.id == task_id
    connection.execute(update(translation_task).where(mine).values(done_at=now, done_by=by))


def _task(row: Row[Any]) -> TaskRow:
    return TaskRow(
        row.id, row.update_id, row.language, row.source, row.source_words, row.source_hash, row.note, row.asked_by,
        row.asked_user, row.asked_at, row.until, row.revoked_at, row.done_at, row.done_by,
    )  # fmt: skip
