"""A situation is over."""

from __future__ import annotations

from datetime import datetime

from app.domain.crisis import CrisisState
from app.domain.principals import Actor, permit
from app.errors import Conflict, Problem
from app.store import audit, crises, publishing
from app.store.crises import CrisisRow
from app.store.database import Database


def resolve_crisis(db: Database, actor: Actor, slug: str, now: datetime) -> CrisisRow:
    """The banner goes with the next snapshot; the crisis page stays. Raise Conflict when it was resolved before."""
    permit(actor, "resolve_crisis")
    with db.writing() as tx:
        before = crises.get(tx, slug, lock=True)
        if before.state is CrisisState.RESOLVED:
            raise Conflict(
                Problem(
                    "crisis_resolved", f"“{slug}” is resolved already.", "state", "Open a new crisis if it is back."
                )
            )
        row = crises.resolve(tx, slug, now)
        crises.add_timeline(tx, slug, actor.name, "resolved", {}, now)
        publishing.request(tx, "crisis_resolved", now)
        audit.append(tx, actor.name, "resolve_crisis", f"crisis/{slug}", {}, now)
    return row
