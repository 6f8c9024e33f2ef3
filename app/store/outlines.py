"""Every announcement that ever went out, without its words: what a history of thousands of crises is made from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from app.domain.crisis import Stage, UpdateState
from app.domain.reading import parse_instant
from app.store.tables import update


@dataclass(frozen=True, slots=True)
class Outline:
    """About ten microseconds each to read; its words cost a hundred times that."""

    id: int
    crisis: str
    state: UpdateState
    revision: int
    corrects: int | None
    completes: int | None
    sent_at: datetime
    ended_at: datetime | None
    stage: Stage
    drill: bool
    expires_at: datetime | None
    """None when the stored document has none that can be read."""


def everything(connection: Connection) -> list[Outline]:
    """Newest first."""
    words = update.c.document
    query = (
        select(
            update.c.id,
            update.c.crisis,
            update.c.state,
            update.c.revision,
            update.c.corrects,
            update.c.completes,
            update.c.sent_at,
            update.c.ended_at,
            words["stage"].as_string().label("stage"),
            words["drill"].as_boolean().label("drill"),
            words["expires_at"].as_string().label("expires_at"),
        )
        .where(update.c.sent_at.is_not(None))
        .order_by(update.c.sent_at.desc(), update.c.id.desc())
    )
    known: Collection[str] = frozenset(Stage)
    return [
        Outline(
            id=row.id,
            crisis=row.crisis,
            state=UpdateState(row.state),
            revision=row.revision,
            corrects=row.corrects,
            completes=row.completes,
            sent_at=row.sent_at,
            ended_at=row.ended_at,
            stage=Stage(row.stage) if row.stage in known else Stage.DETAILS,
            drill=bool(row.drill),
            expires_at=parse_instant(row.expires_at or ""),
        )
        for row in connection.execute(query)
    ]
