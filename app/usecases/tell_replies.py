"""Tell staff that people have written back: once, until somebody has looked at all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.domain.crisis import Severity
from app.domain.staff_notices import Notice, NoticeKind
from app.store import hearing, staff
from app.store.database import Database
from app.usecases.tell_staff import keep_told

SUBJECT: Final = "replies"


def tell_replies(db: Database, now: datetime) -> tuple[Notice, ...]:
    """What was told now. However many write, staff are told once until nothing is left that nobody has seen."""
    return keep_told(db, (NoticeKind.REPLIES_WAIT,), _waiting, now)


def _waiting(connection: Connection, _now: datetime) -> Iterator[Notice]:
    number, first = hearing.nobody_has_seen(connection)
    if first is None:
        return
    told = staff.standing(connection, NoticeKind.REPLIES_WAIT, SUBJECT)
    about = hearing.get(connection, first)
    spell = told[0].notice.spell if told else str(first)
    details = {"number": str(number), "crisis": about.crisis or "-", "path": "/replies"}
    yield Notice(NoticeKind.REPLIES_WAIT, SUBJECT, spell, Severity.MINOR, details)
