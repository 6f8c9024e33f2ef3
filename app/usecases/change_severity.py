"""A situation turns out worse, or less bad, than it was called."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from app.domain.crisis import CrisisState, Severity
from app.domain.principals import Actor, permit
from app.domain.staff_notices import Notice, NoticeKind
from app.domain.texts import pick
from app.errors import Conflict, Invalid, Problem
from app.store import audit, crises, publishing
from app.store.crises import CrisisRow
from app.store.database import Database
from app.usecases.tell_staff import tell_staff

LONGEST_REASON: Final = 500


def change_severity(
    db: Database, actor: Actor, slug: str, severity: Severity, now: datetime, *, reason: str = ""
) -> CrisisRow:
    """The website shows it with the next snapshot, and the next update to be handed in is of it.

    What was handed in before keeps the severity it had: its lane, its words, its alert. Staff whose places want notices
    of the new severity are told of a rise. Raise Conflict for a crisis that is resolved or is called so already.
    """
    permit(actor, "change_severity")
    why = reason.strip()
    if len(why) > LONGEST_REASON:
        sentence = f"A reason has at most {LONGEST_REASON} characters."
        raise Invalid(Problem("bad_reason", sentence, "reason", "Say it shorter."))
    with db.writing() as tx:
        before = crises.get(tx, slug, lock=True)
        if before.state is CrisisState.RESOLVED:
            raise Conflict(
                Problem("crisis_resolved", f"“{slug}” is resolved.", "severity", "Open a new crisis if it is back.")
            )
        if before.severity is severity:
            raise Conflict(
                Problem("same_severity", f"It is {severity.value} already.", "severity", "Choose another severity.")
            )
        row = crises.change_severity(tx, slug, severity)
        body = {"from": before.severity.value, "to": severity.value, "reason": why}
        crises.add_timeline(tx, slug, actor.name, "severity_changed", body, now)
        publishing.request(tx, "severity_changed", now)
        if severity.rank < before.severity.rank:
            details = {"title": pick(row.titles, "en")[0], "by": actor.name, "path": f"/crises/{slug}"}
            tell_staff(tx, Notice(NoticeKind.SEVERITY_RAISED, slug, str(row.revision), severity, details), now)
        audit.append(tx, actor.name, "change_severity", f"crisis/{slug}", body, now)
    return row
