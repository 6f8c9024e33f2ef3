"""Let a translation stay as it is although the source was changed: with a name and a reason."""

from __future__ import annotations

from datetime import datetime

from app.domain.content import content_hash
from app.domain.crisis import Action, move
from app.domain.principals import Actor, permit
from app.domain.vouching import Step, source_of, standings
from app.errors import Conflict, Invalid, Problem
from app.store import audit, crises, updates, vouching
from app.store.database import Database
from app.usecases.vouch import words_apart


def waive_translation(
    db: Database, actor: Actor, update_id: int, language: str, reason: str, now: datetime, audience: str = ""
) -> None:
    """For the source as it is now: its next change asks again. Raise Conflict when that language is not out of step.

    `audience`: of the other words for this part of the audience; "" = the main ones.
    """
    permit(actor, "draft_update")
    if not reason.strip():
        raise Invalid(Problem("reason_missing", "Say why.", "reason", "One sentence for the approver is enough."))
    with db.writing() as tx:
        row = updates.get(tx, update_id, lock=True)
        move(row.state, Action.EDIT)
        content = words_apart(row.document).get(audience, {}) if audience else row.document["content"]
        known = {one.language: one for one in standings(content, vouching.of_update(tx, update_id, audience))}
        if language not in known or known[language].step is not Step.STALE:
            sentence = f"The text in “{language}” is not out of step."
            raise Conflict(Problem("not_stale", sentence, "language", "Look at the page again."))
        digest = content_hash(content[source_of(content)])
        vouching.waive(tx, update_id, language, digest, actor.name, reason.strip(), audience)
        body = {"update": update_id, "language": language, "reason": reason.strip()}
        body |= {"audience": audience} if audience else {}
        crises.add_timeline(tx, row.crisis, actor.name, "translation_waived", body, now)
        audit.append(tx, actor.name, "waive_translation", f"update/{update_id}", body, now)
