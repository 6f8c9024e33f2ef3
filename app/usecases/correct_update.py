"""Draft the correction of an update that went out wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from app.domain.crisis import CORRECTABLE, Stage
from app.domain.principals import Actor, permit
from app.domain.updates import UpdateDocument
from app.errors import Conflict, Problem
from app.store import audit, drafts, updates
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases.draft_update import check_references, check_same_world
from app.usecases.vouch import vouch, vouch_texts

KEPT: Final = (
    "endpoints",
    "need",
    "audience",
    "drill",
    "help",
    "placements",
    "topic",
    "message_class",
    "language_policy",
)
"""What a correction takes over from the update it corrects, unless it says it itself."""


def correct_update(
    db: Database, actor: Actor, update_id: int, document: Mapping[str, object], now: datetime
) -> UpdateRow:
    """A new draft of stage `correction`, with the wrong update's endpoints, need and drill unless given.

    It goes to exactly those who may have got the wrong words. Raise Conflict when nobody can have.
    """
    permit(actor, "correct_update")
    with db.writing() as tx:
        wrong = updates.get(tx, update_id)
        if wrong.state not in CORRECTABLE or wrong.broadcast_id is None:
            raise Conflict(
                Problem(
                    "nothing_to_correct",
                    f"This update is {wrong.state.value}; nobody can have read it.",
                    "state",
                    "Edit the draft, or cancel it, instead.",
                )
            )
        kept = {name: wrong.document.get(name) for name in KEPT}
        given = {name: value for name, value in document.items() if value is not None}
        merged = {**kept, **given, "crisis": wrong.crisis, "stage": Stage.CORRECTION.value}
        update = UpdateDocument.from_document({k: v for k, v in merged.items() if v is not None}, now)
        check_references(tx, update)
        check_same_world(wrong, update)
        row = updates.add(tx, wrong.crisis, update.to_document(), actor.user_id, now, corrects=update_id)
        drafts.keep(tx, row, actor.name, now)
        vouch(tx, row.id, {}, row.document["content"], actor.name, now)
        vouch_texts(tx, row.id, {}, row.document, actor.name, now)
        body = {"corrects": update_id, "document": row.document}
        audit.append(tx, actor.name, "correct_update", f"update/{row.id}", body, now)
    return row
