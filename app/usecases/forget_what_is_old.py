"""Retention: each kind of data is kept as long as the organisation says, and forgotten by itself after that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.domain.sign_ups import A_DAY, LINK_LASTS
from app.store import audit, retention, sign_ups, traces
from app.store.database import Database
from app.usecases.forget_replies import forget_replies

A_STEP: Final = 1_000
"""Rows in one transaction: some milliseconds."""
IDS_A_STEP: Final = 50_000
"""Addresses looked at in one query."""
ENGINE: Final = "engine"


@dataclass(frozen=True, slots=True)
class Kept:
    """None = for ever, or until somebody forgets it by hand."""

    deliveries_weeks: int | None = None
    replies: timedelta | None = None
    sign_ups: timedelta | None = None
    unused_addresses: bool = True
    """False: an address nobody has any more is blanked once no remembered delivery names it and nothing that was
    written from there waits for staff.
    """


@dataclass(frozen=True, slots=True)
class Forgotten:
    broadcasts: int = 0
    replies: int = 0
    sign_ups: int = 0
    addresses: int = 0


def forget_what_is_old(db: Database, kept: Kept, now: datetime) -> Forgotten:
    """In short transactions, each looked for before it is begun; safe to interrupt, to repeat and to run twice at once.

    Where a form came from is known for a day, its address as long as its link works, whatever the settings. What was
    forgotten stands in the audit trail, in numbers.
    """
    found = Forgotten(
        broadcasts=_deliveries(db, kept.deliveries_weeks, now) if kept.deliveries_weeks else 0,
        replies=forget_replies(db, now, kept.replies) if kept.replies else 0,
        sign_ups=_sign_ups(db, kept.sign_ups, now),
        addresses=0 if kept.unused_addresses else _addresses(db),
    )
    if found != Forgotten():
        body = {name: getattr(found, name) for name in Forgotten.__slots__}
        with db.writing() as tx:
            audit.append(tx, ENGINE, "forget_what_is_old", "retention", body, now)
    return found


def _deliveries(db: Database, weeks: int, now: datetime) -> int:
    week = retention.forgettable_week(db, now - timedelta(weeks=weeks))
    with db.reading() as connection:
        if not retention.remembered_before(connection, week):
            return 0
    return retention.forget_before(db, week)


def _sign_ups(db: Database, kept: timedelta | None, now: datetime) -> int:
    dropped = 0
    while True:
        with db.reading() as connection:
            if not sign_ups.forgettable(connection, now - A_DAY, now - LINK_LASTS, now - kept if kept else None):
                return dropped
        with db.writing() as tx:
            sign_ups.blank(tx, now - A_DAY, now - LINK_LASTS, A_STEP)
            if kept:
                dropped += sign_ups.forget_before(tx, now - kept, A_STEP)


def _addresses(db: Database) -> int:
    blanked, start = 0, 0
    while True:
        with db.reading() as connection:
            end, unused = traces.unused(connection, start, IDS_A_STEP)
        for at in range(0, len(unused), A_STEP):
            with db.writing() as tx:
                still = traces.of_nobody(tx, unused[at : at + A_STEP])
                traces.blank(tx, still)
                blanked += len(still)
        if end is None:
            return blanked
        start = end
