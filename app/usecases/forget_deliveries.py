"""Forget who got which message once it is old; what every broadcast came to in numbers stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import from_ms
from app.domain.principals import Actor, permit
from app.errors import Invalid, Problem
from app.store import audit, partitions, retention
from app.store.database import Database


@dataclass(frozen=True, slots=True)
class Forgotten:
    broadcasts: int
    before: datetime
    """Broadcasts sent from here on are still known in detail."""


def forget_deliveries(db: Database, actor: Actor, weeks: int, now: datetime) -> Forgotten:
    """Keep the last `weeks` whole weeks. A week in which a broadcast is still moving stays, and all after it."""
    permit(actor, "forget_deliveries")
    if weeks < 1:
        raise Invalid(Problem("too_short", "Less than a week cannot be kept.", "weeks", "Keep one week or more."))
    week = retention.forgettable_week(db, now - timedelta(weeks=weeks))
    number = retention.forget_before(db, week)
    before = from_ms(partitions.first_broadcast(week) >> 10)
    with db.writing() as tx:
        body = {"broadcasts": number, "before": before.isoformat()}
        audit.append(tx, actor.name, "forget_deliveries", "ledger", body, now)
    return Forgotten(number, before)
