"""Kept answers to POSTs with an Idempotency-Key are of no use after a day, sessions and wrong guesses after a month."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from app.store import idempotency, sessions
from app.store.database import Database

KEPT_FOR: Final = timedelta(hours=24)
SESSIONS_KEPT_FOR: Final = timedelta(days=30)


def forget_old_answers(db: Database, now: datetime) -> int:
    """How many answers were dropped."""
    with db.writing() as tx:
        sessions.prune(tx, now - SESSIONS_KEPT_FOR)
        return idempotency.prune(tx, now - KEPT_FOR)
