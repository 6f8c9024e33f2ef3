"""Say yes in advance to the first words of a playbook, so that one person can send them at 3 a.m."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from app.domain.holding import LONGEST_REVIEW, STAGE, Approval, sentences_hash, standing
from app.domain.playbooks import Playbook
from app.domain.principals import STEP_UP, Actor, permit
from app.errors import Conflict, Forbidden, Invalid, Problem
from app.store import approvals, audit, documents
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.second_person import second_person_refusal


def approve_holding(
    db: Database,
    actor: Actor,
    slug: str,
    content_hash: str,
    review_on: date,
    now: datetime,
    *,
    step_up: timedelta | None = STEP_UP,
) -> list[Approval]:
    """Those that stand now; two different people's make the words ready until the earlier review date.

    Raise Forbidden for whoever cannot be told from the first person, Conflict when the sentences are not those that
    were read, Invalid for a review date that is past or more than a year away.
    """
    permit(actor, "approve_update")
    if not now.date() < review_on <= (now + LONGEST_REVIEW).date():
        raise Invalid(
            Problem("bad_review_date", "The review must be within a year from now.", "review_on", "Choose another day.")
        )
    with db.writing() as tx:
        playbook = playbook_of(tx, slug)
        first = [one for one in standing(playbook, approvals.in_advance(tx, slug)) if one.person != actor.person_id]
        since = min((one.at for one in first), default=now)
        refusal = second_person_refusal(tx, actor, [one.user_id for one in first], since, now, step_up)
        if refusal is not None or actor.user_id is None or actor.person_id is None:
            raise Forbidden(refusal or Problem("approver_unknown", "Nobody can say who this is.", "approver"))
        if not playbook.stages.get(STAGE):
            raise Invalid(Problem("stage_missing", f"“{slug}” has no first words.", "playbook", "Write them first."))
        if content_hash != sentences_hash(playbook):
            raise Conflict(
                Problem(
                    "words_changed", "These are not the sentences you looked at.", "content_hash", "Read them again."
                )
            )
        approval = Approval(actor.person_id, actor.user_id, actor.name, content_hash, review_on, now)
        approvals.approve_in_advance(tx, slug, approval)
        found = standing(playbook, approvals.in_advance(tx, slug))
        body = {"playbook": slug, "content_hash": content_hash, "review_on": review_on.isoformat()}
        audit.append(tx, actor.name, "approve_holding", f"playbook/{slug}", body, now)
    return found


def withdraw_holding(db: Database, actor: Actor, slug: str, now: datetime) -> int:
    """Nobody may send them alone any more; how many approvals that takes back."""
    permit(actor, "approve_update")
    with db.writing() as tx:
        gone = approvals.withdraw(tx, slug)
        audit.append(tx, actor.name, "withdraw_holding", f"playbook/{slug}", {"approvals": gone}, now)
    return gone


def playbook_of(connection: Connection, slug: str) -> Playbook:
    """Raise NotFound."""
    return Playbook.from_document(documents.get(connection, Kind.PLAYBOOK, slug).document)
