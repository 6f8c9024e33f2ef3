"""Put a playbook's approved sentences into a draft, in every language at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.domain.crisis import Action, Stage, move
from app.domain.playbooks import Playbook, fill_playbook
from app.domain.principals import Actor, permit
from app.domain.slots import Reading
from app.domain.vouching import How
from app.errors import Invalid, Problem
from app.store import audit, documents, drafts, updates
from app.store.database import Database
from app.store.documents import Kind
from app.store.updates import UpdateRow
from app.usecases.draft_update import read_draft
from app.usecases.vouch import vouch


def fill_draft(
    db: Database,
    actor: Actor,
    update_id: int,
    playbook_slug: str,
    stage: Stage,
    variables: Mapping[str, object],
    now: datetime,
    *,
    timezone: str = "UTC",
) -> UpdateRow:
    """The draft with the words of that stage in all languages the playbook has them in; other languages stay, and fall
    out of step. Raise Invalid, one Problem for each variable that is missing or of the wrong type.
    """
    permit(actor, "draft_update")
    with db.writing() as tx:
        before = updates.get(tx, update_id, lock=True)
        move(before.state, Action.EDIT)
        found = documents.find(tx, Kind.PLAYBOOK, playbook_slug)
        playbook = Playbook.from_document(found.document) if found else None
        languages = playbook.languages(stage.value) if playbook else ()
        if playbook is None or not languages:
            sentence = f"“{playbook_slug}” has no words for this stage."
            raise Invalid(Problem("unknown_playbook", sentence, "stage", "Choose another playbook or stage."))
        filled = fill_playbook(playbook, stage.value, dict(variables), languages, Reading(timezone, now))
        content = {**before.document["content"], **filled}
        update = read_draft(before.crisis, {**before.document, "stage": stage.value, "content": content}, now)
        row = updates.edit(tx, update_id, update.to_document(), before.authors | {actor.user_id})
        drafts.keep(tx, row, actor.name, now)
        vouch(tx, update_id, {}, row.document["content"], playbook.slug, now, how=How.SENTENCES, only=filled)
        body = {"revision": row.revision, "playbook": playbook.slug, "stage": stage.value, "document": row.document}
        audit.append(tx, actor.name, "fill_draft", f"update/{update_id}", body, now)
    return row
