"""Nobody answers and it cannot wait: somebody releases words without a second person, and everybody is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.domain.crisis import Action, Severity, move
from app.domain.paging import alone_refusal
from app.domain.principals import STEP_UP, Actor, permit, step_up_refusal
from app.domain.staff_notices import Notice, NoticeKind
from app.domain.texts import pick
from app.errors import Forbidden, Problem
from app.store import audit, crises, updates
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases.decide_update import check_seen
from app.usecases.page_approvers import every_approver, looks_at, page_is_over
from app.usecases.tell_staff import tell_staff


def approve_alone(
    db: Database,
    actor: Actor,
    update_id: int,
    count: int,
    now: datetime,
    content_hash: str,
    reason: str,
    *,
    step_up: timedelta | None = STEP_UP,
) -> UpdateRow:
    """Break the glass: once the approvers were told and none has answered for five minutes, with a reason.

    Every approver is told at once, with the reason; it stands in the timeline and on the update for ever. Raise
    Forbidden for whoever nobody can name, without a fresh code, or while somebody may still answer.
    """
    permit(actor, "approve_alone")
    if actor.user_id is None:
        raise Forbidden(
            Problem("actor_unknown", f"{actor.name} is not tied to a person.", "", "Sign in as a named user.")
        )
    with db.writing() as tx:
        row = updates.get(tx, update_id, lock=True)
        state = move(row.state, Action.APPROVE)
        submitted = row.submitted_at or now
        refusal = step_up_refusal(actor, now, step_up, has_code=True)
        refusal = refusal or alone_refusal(submitted, looks_at(tx, row), now, reason)
        if refusal is not None:
            raise Forbidden(refusal)
        check_seen(row, count, content_hash, now)
        why = reason.strip()[:2_000]
        changed = updates.change(
            tx, update_id, row.state, state=state, approved_at=now, approved_by=f"{actor.name} (alone)", reason=why
        )
        page_is_over(tx, update_id, now)
        crisis = crises.get(tx, row.crisis)
        details = {"title": pick(crisis.titles, "en")[0], "by": actor.name, "reason": why[:500],
                   "path": f"/updates/{update_id}"}  # fmt: skip
        notice = Notice(NoticeKind.APPROVED_ALONE, str(update_id), str(row.revision), Severity.EMERGENCY, details)
        tell_staff(tx, notice, now, every_approver(tx))
        body = {"update": update_id, "content_hash": row.content_hash, "recipients": row.recipients, "reason": why}
        crises.add_timeline(tx, row.crisis, actor.name, "approved_alone", body, now)
        audit.append(tx, actor.name, "approve_alone", f"update/{update_id}", body, now)
    return changed
