"""Kept answers to POSTs with an Idempotency-Key are of no use after a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from app.store import idempotency
from app.store.database import Database

KEPT_FOR: Final = timedelta(hours=24)


def forget_old_answers(db: Database, now: datetime) -> int:
    """How many were dropped."""
    with db.writing() as tx:
        return idempotency.prune(tx, now - KEPT_FOR)
