"""Facts that a system reports by a webhook whose signature was proven: each webhook counts once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from app.domain.principals import Actor, Role, permit
from app.domain.webhook_signature import TOLERANCE
from app.store import fact_sources
from app.store.database import Database
from app.usecases.record_fact import read_facts, record_in


class TakenFacts(StrEnum):
    NEW = "new"
    REPEATED = "repeated"
    """This very webhook was taken before."""


def take_facts(
    db: Database,
    source: str,
    crisis: str,
    sent: Sequence[Mapping[str, object]],
    *,
    message: str,
    signed_at: datetime,
    now: datetime,
) -> TakenFacts:
    """All or none; `source` stands as their source, whatever they say. True as of `signed_at` unless they say when.

    Raise Invalid, NotFound for the crisis, Conflict when it is resolved: then the webhook counts as not taken.
    """
    actor = Actor(f"fact source {source}", Role.AUTHOR, None, None)
    permit(actor, "record_fact")
    facts = read_facts([{"at": signed_at.isoformat(), **one, "source": source} for one in sent], now)
    with db.writing() as tx:
        if fact_sources.taken_before(tx, source, message[:200], now, now - 2 * TOLERANCE):
            return TakenFacts.REPEATED
        record_in(tx, actor, crisis, facts, now)
    return TakenFacts.NEW
