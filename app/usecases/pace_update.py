"""Send more slowly, so that contact channels can keep up: a part of what is approved."""

from __future__ import annotations

from datetime import datetime

from app.domain.contact_load import Load, Slower, pace_hours
from app.domain.crisis import Action, move
from app.domain.planning import Lane, lane
from app.domain.principals import Actor, permit
from app.domain.updates import UpdateDocument
from app.errors import Conflict, Invalid, Problem
from app.store import audit, crises, drafts, updates
from app.store.database import Database
from app.store.documents import check_revision
from app.store.updates import UpdateRow
from app.usecases.measure_reach import Reach


def offered_pace(load: Load | None) -> int:
    """The pace preflight offers. Raise Conflict (code `no_pace_offered`) when there is nothing to accept."""
    slower = load.slower if load is not None else None
    if isinstance(slower, Slower):
        return slower.recipients_per_hour
    reason = slower.value if slower is not None else "nothing calls for one"
    raise Conflict(
        Problem(
            "no_pace_offered",
            f"Preflight offers no pace: {reason}.",
            "recipients_per_hour",
            "Name a figure, or send it as it is.",
        )
    )


def pace_update(
    db: Database,
    actor: Actor,
    update_id: int,
    recipients_per_hour: int | None,
    now: datetime,
    *,
    reach: Reach | None = None,
    expected_revision: int | None = None,
) -> UpdateRow:
    """Set the pace of a draft, or lift it (None); whoever sets it becomes one of its authors.

    Raise Conflict unless it is a draft or returned; Invalid: `pace_refused` for emergencies and corrections,
    `pace_past_expiry` when by `reach` the last one would be told after the words have expired.
    """
    permit(actor, "draft_update")
    with db.writing() as tx:
        before = updates.get(tx, update_id, lock=True)
        move(before.state, Action.EDIT)
        check_revision(expected_revision, before.revision)
        update = UpdateDocument.from_document({**before.document, "recipients_per_hour": recipients_per_hour})
        if recipients_per_hour is not None:
            if lane(update.stage, crises.get(tx, before.crisis).severity) <= Lane.EMERGENCY:
                raise Invalid(pace_refused())
            hours = pace_hours(reach.personal, recipients_per_hour) if reach else 0.0
            if hours * 3_600 > (update.expires_at - now).total_seconds():
                raise Invalid(pace_past_expiry(hours))
        row = updates.edit(tx, update_id, update.to_document(), before.authors | {actor.user_id})
        drafts.keep(tx, row, actor.name, now)
        body = {"revision": row.revision, "recipients_per_hour": recipients_per_hour}
        audit.append(tx, actor.name, "pace_update", f"update/{update_id}", body, now)
    return row


def pace_refused() -> Problem:
    """The refusal preflight shares."""
    return Problem(
        "pace_refused",
        "An emergency or a correction is never held back.",
        "recipients_per_hour",
        "Lift the pace.",
    )


def pace_past_expiry(hours: float) -> Problem:
    return Problem(
        "pace_past_expiry",
        f"At this pace it takes {hours:,.1f} hours, and the words expire before.",
        "recipients_per_hour",
        "Choose a faster pace or a later expiry.",
    )
