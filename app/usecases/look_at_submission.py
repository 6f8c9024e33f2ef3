"""An approver has opened words that wait: whoever handed them in sees it, and the next one is left to sleep a while."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor, permit
from app.store import approvals, audit, crises, updates
from app.store.database import Database
from app.usecases.page_approvers import WAITING
from app.usecases.second_person import other_person_refusal


def look_at_submission(db: Database, actor: Actor, update_id: int, revision: int, now: datetime) -> bool:
    """Whether it was noted: once for each person and revision, and not for those who wrote any of it."""
    permit(actor, "approve_update")
    if actor.user_id is None:
        return False
    with db.reading() as connection:
        if any(one.user_id == actor.user_id for one in approvals.looks(connection, update_id, revision)):
            return False
    with db.writing() as tx:
        row = updates.get(tx, update_id)
        if row.state not in WAITING or row.revision != revision:
            return False
        if other_person_refusal(tx, actor, row.authors, row.created_at) is not None:
            return False
        approvals.look_at(tx, update_id, revision, actor.user_id, now)
        body = {"update": update_id, "revision": revision}
        crises.add_timeline(tx, row.crisis, actor.name, "approver_looked", body, now)
        audit.append(tx, actor.name, "look_at_submission", f"update/{update_id}", body, now)
    return True
