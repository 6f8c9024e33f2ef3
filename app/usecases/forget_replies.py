"""What people wrote is forgotten after a while; that they wrote, and what a keyword did, stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from app.store import hearing
from app.store.database import Database

KEPT_FOR: Final = timedelta(days=90)
A_STEP: Final = 1_000


def forget_replies(db: Database, now: datetime, kept_for: timedelta = KEPT_FOR) -> int:
    """How many were forgotten; in short transactions, safe to repeat."""
    forgotten = 0
    while True:
        with db.reading() as connection:
            if not hearing.words_before(connection, now - kept_for):
                return forgotten
        with db.writing() as tx:
            forgotten += hearing.forget_words(tx, now - kept_for, A_STEP)
