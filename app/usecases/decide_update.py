"""The second person's word: approve, return to the author, or reject."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.domain.crisis import Action, UpdateState, move
from app.domain.principals import STEP_UP, Actor, permit
from app.domain.updates import UpdateDocument
from app.errors import Conflict, Forbidden, Invalid, Problem
from app.store import audit, crises, staging, updates
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases.page_approvers import page_is_over
from app.usecases.second_person import second_person_refusal


def approve_update(
    db: Database,
    actor: Actor,
    update_id: int,
    count: int,
    now: datetime,
    content_hash: str | None = None,
    *,
    step_up: timedelta | None = STEP_UP,
) -> UpdateRow:
    """Release these exact words to exactly `count` recipients.

    Raise Forbidden when the actor wrote any of it, or when it is live and their last code (`confirm_code`) is older
    than `step_up`; Conflict when count, words or time differ from what was looked at.
    """
    permit(actor, "approve_update")
    with db.writing() as tx:
        row = updates.get(tx, update_id, lock=True)
        drill = UpdateDocument.from_document(row.document).drill
        refusal = second_person_refusal(tx, actor, row.authors, row.created_at, now, None if drill else step_up)
        if refusal is not None:
            raise Forbidden(refusal)
        state = move(row.state, Action.APPROVE)
        check_seen(row, count, content_hash, now)
        changed = updates.change(
            tx, update_id, row.state, state=state, approved_at=now, approved_by=actor.name, reason=None
        )
        page_is_over(tx, update_id, now)
        body = {"update": update_id, "content_hash": row.content_hash, "recipients": row.recipients}
        crises.add_timeline(tx, row.crisis, actor.name, "update_approved", body, now)
        audit.append(tx, actor.name, "approve_update", f"update/{update_id}", body, now)
    return changed


def return_update(db: Database, actor: Actor, update_id: int, reason: str, now: datetime) -> UpdateRow:
    """Back to the author, who may edit and submit again; the reason is kept and shown."""
    return _refuse(db, actor, update_id, reason, now, Action.RETURN)


def reject_update(db: Database, actor: Actor, update_id: int, reason: str, now: datetime) -> UpdateRow:
    """For good."""
    return _refuse(db, actor, update_id, reason, now, Action.REJECT)


def _refuse(db: Database, actor: Actor, update_id: int, reason: str, now: datetime, action: Action) -> UpdateRow:
    act = f"{action.value}_update"
    permit(actor, act)
    if not reason.strip():
        raise Invalid(Problem("reason_missing", "Say why.", "reason", "One sentence for the author is enough."))
    with db.writing() as tx:
        row = updates.get(tx, update_id, lock=True)
        state = move(row.state, action)
        if row.broadcast_id is not None:
            staging.drop_broadcast(tx, row.broadcast_id)
        ended = now if state is UpdateState.REJECTED else None
        changed = updates.change(
            tx,
            update_id,
            row.state,
            state=state,
            reason=reason.strip(),
            ended_at=ended,
            broadcast_id=None,
            recipients=None,
            approved_at=None,
            approved_by=None,
        )
        page_is_over(tx, update_id, now)
        body = {"update": update_id, "reason": reason.strip()}
        crises.add_timeline(tx, row.crisis, actor.name, f"update_{state.value}", body, now)
        audit.append(tx, actor.name, act, f"update/{update_id}", body, now)
    return changed


def check_seen(row: UpdateRow, count: int, content_hash: str | None, now: datetime) -> None:
    """Raise Conflict when words, count or time are not those somebody looked at."""
    if content_hash is not None and content_hash != row.content_hash:
        raise Conflict(
            Problem(
                "words_changed",
                "These are not the words you looked at.",
                "content_hash",
                "Read the update again, then decide.",
            )
        )
    if count != row.recipients:
        raise Conflict(
            Problem(
                "count_differs",
                f"You confirmed {count} recipients; the frozen audience has {row.recipients}.",
                "count",
                f"If {row.recipients} is right, confirm that number.",
            )
        )
    if UpdateDocument.from_document(row.document).expires_at <= now:
        raise Conflict(
            Problem("expired", "Its expiry is past.", "expires_at", "Return it to the author for a later expiry.")
        )
