"""One person releases first words that two people have approved in advance: nothing in them but typed values."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.domain.crisis import Action, move
from app.domain.holding import Readiness, readiness, sentences_hash, standing
from app.domain.playbooks import Playbook
from app.domain.principals import STEP_UP, Actor, permit, step_up_refusal
from app.errors import Forbidden, Problem
from app.store import accounts, approvals, audit, crises, documents, updates
from app.store.database import Database
from app.store.documents import Kind
from app.store.updates import UpdateRow
from app.usecases.decide_update import check_seen
from app.usecases.page_approvers import page_is_over

_REMEDY = "Wait for the second person, as for any other words."


def approve_first_word(
    db: Database,
    actor: Actor,
    update_id: int,
    count: int,
    now: datetime,
    content_hash: str,
    *,
    step_up: timedelta | None = STEP_UP,
) -> UpdateRow:
    """Approved in the name of the two who said yes in advance; `send_update` lets it go.

    Raise Forbidden: `not_prepared` when anything in it is not what a playbook's approved sentences and typed values
    make, `not_ready` when these sentences are not approved by two people any more. Live ones need a fresh code.
    """
    permit(actor, "send_first_word")
    with db.writing() as tx:
        row = updates.get(tx, update_id, lock=True)
        state = move(row.state, Action.APPROVE)
        by, refusal = first_word_refusal(tx, row, now)
        if refusal is None and actor.user_id is None:
            refusal = Problem("actor_unknown", f"{actor.name} is not tied to a person.", "", "Sign in as a named user.")
        if refusal is None and not row.document.get("drill"):
            has_code = actor.user_id is not None and accounts.has_code(tx, actor.user_id)
            refusal = step_up_refusal(actor, now, step_up, has_code=has_code)
        if refusal is not None:
            raise Forbidden(refusal)
        check_seen(row, count, content_hash, now)
        names = ", ".join(by)
        changed = updates.change(
            tx, update_id, row.state, state=state, approved_at=now, approved_by=f"{names} (in advance)"[:200],
            reason=None,
        )  # fmt: skip
        page_is_over(tx, update_id, now)
        body = {"update": update_id, "content_hash": row.content_hash, "recipients": row.recipients, "approved_by": by}
        crises.add_timeline(tx, row.crisis, actor.name, "approved_in_advance", body, now)
        audit.append(tx, actor.name, "send_first_word", f"update/{update_id}", body, now)
    return changed


def first_word_refusal(connection: Connection, row: UpdateRow, now: datetime) -> tuple[list[str], Problem | None]:
    """(who approved in advance, why it needs a second person all the same; None = it does not)"""
    use = approvals.use_of(connection, row.id)
    if use is None or use.content_hash != row.content_hash:
        sentence = "These are not prepared words alone: something in them was written or changed by hand."
        return [], Problem("not_prepared", sentence, "content", _REMEDY)
    stored = documents.find(connection, Kind.PLAYBOOK, use.playbook)
    playbook = Playbook.from_document(stored.document) if stored else None
    crisis = crises.get(connection, row.crisis)
    if playbook is None or use.sentences_hash != sentences_hash(playbook) or crisis.titles != dict(playbook.names):
        return [], Problem("not_ready", "The sentences were changed since.", "content", _REMEDY)
    known = approvals.in_advance(connection, use.playbook)
    found = readiness(playbook, known, now.date())
    if found is not Readiness.READY:
        readiness_now = found.value.replace("_", " ")
        sentence = f"The first words of “{use.playbook}” may not be sent by one person: {readiness_now}."
        return [], Problem("not_ready", sentence, "content", _REMEDY)
    return [one.name for one in standing(playbook, known)], None
