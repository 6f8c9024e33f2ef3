"""Write an announcement; change its words while nobody has to decide about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.domain.consent import playbook_class
from app.domain.crisis import Action, CrisisState, Stage, move
from app.domain.placements import read_placements
from app.domain.playbooks import Playbook, playbook_policy
from app.domain.principals import Actor, permit
from app.domain.promises import usual_pause
from app.domain.reading import Reader
from app.domain.updates import UpdateDocument
from app.domain.vouching import How
from app.errors import Conflict, Invalid, Problem
from app.store import audiences, audit, crises, documents, drafts, endpoints, updates
from app.store.database import Database
from app.store.documents import Kind, check_revision
from app.store.updates import UpdateRow
from app.usecases.vouch import vouch, vouch_texts

LAST_STAGES: Final = frozenset({Stage.RESOLVED, Stage.FOLLOWUP})
"""Nothing need come after these."""


def create_draft(
    db: Database, actor: Actor, crisis_slug: str, document: Mapping[str, object], now: datetime
) -> UpdateRow:
    """A draft may be unfinished, but what it names must exist. Raise Invalid, or Conflict for a resolved crisis.

    A resolved crisis still takes the stages resolved and followup. What does not say when the next update comes
    (`next_update_by` null is saying it) promises one as usual for the crisis's severity.
    """
    permit(actor, "draft_update")
    update = read_draft(crisis_slug, document, now)
    with db.writing() as tx:
        if "next_update_by" not in document and update.stage not in LAST_STAGES:
            update = replace(update, next_update_by=_usual_promise(tx, crisis_slug, update, now))
        return draft_in(tx, actor, crisis_slug, update, now)


def _usual_promise(tx: Connection, crisis_slug: str, update: UpdateDocument, now: datetime) -> datetime:
    """In whole minutes, and before the words themselves expire."""
    crisis = crises.get(tx, crisis_slug)
    row = documents.find(tx, Kind.PLAYBOOK, crisis.playbook) if crisis.playbook else None
    cadence = Playbook.from_document(row.document).cadence if row else {}
    by = (now + usual_pause(crisis.severity, cadence)).replace(second=0, microsecond=0)
    return min(by, update.expires_at)


def draft_in(
    tx: Connection, actor: Actor, crisis_slug: str, update: UpdateDocument, now: datetime, *, sentences_of: str = ""
) -> UpdateRow:
    """Within the transaction of whoever drafts it; they have asked whether the actor may.

    `sentences_of`: the playbook whose approved sentences the words are, "" = the actor's own.
    """
    state = crises.get(tx, crisis_slug).state
    if state is CrisisState.RESOLVED and update.stage.value not in ("resolved", "followup", "correction"):
        raise Conflict(
            Problem(
                "crisis_resolved",
                f"“{crisis_slug}” is resolved.",
                "stage",
                "Write a follow-up, or open a new crisis.",
            )
        )
    check_references(tx, update)
    update = _placed(tx, update)
    row = updates.add(tx, crisis_slug, update.to_document(), actor.user_id, now)
    drafts.keep(tx, row, actor.name, now)
    vouch(tx, row.id, {}, row.document["content"], sentences_of or actor.name, now, how=_how(sentences_of))
    vouch_texts(tx, row.id, {}, row.document, actor.name, now)
    body = {"crisis": crisis_slug, "document": row.document}
    audit.append(tx, actor.name, "create_draft", f"update/{row.id}", body, now)
    return row


def edit_draft(
    db: Database,
    actor: Actor,
    update_id: int,
    document: Mapping[str, object],
    expected_revision: int | None,
    now: datetime,
) -> UpdateRow:
    """Replace the whole document; the editor becomes one of its authors and a returned update a draft again.

    Raise Conflict: `update_state` unless it is draft or returned, `stale_edit` when somebody edited in between.
    """
    permit(actor, "draft_update")
    with db.writing() as tx:
        before = updates.get(tx, update_id, lock=True)
        move(before.state, Action.EDIT)
        check_revision(expected_revision, before.revision)
        update = read_draft(before.crisis, document, now)
        check_references(tx, update)
        update = _placed(tx, update)
        if before.corrects is not None:
            check_same_world(updates.get(tx, before.corrects), update)
        if before.completes is not None:
            check_same_world(updates.get(tx, before.completes), update)
        row = updates.edit(tx, update_id, update.to_document(), before.authors | {actor.user_id})
        drafts.keep(tx, row, actor.name, now)
        vouch(tx, update_id, before.document["content"], row.document["content"], actor.name, now)
        vouch_texts(tx, update_id, before.document, row.document, actor.name, now)
        body = {"revision": row.revision, "document": row.document}
        audit.append(tx, actor.name, "edit_draft", f"update/{update_id}", body, now)
    return row


def _how(sentences_of: str) -> How:
    return How.SENTENCES if sentences_of else How.WRITTEN


def _placed(tx: Connection, update: UpdateDocument) -> UpdateDocument:
    """Its places on websites, its topic, class and policy for other languages as the playbook says, unless it says them
    itself; written down, so approved with the words.
    """
    slug = crises.get(tx, update.crisis).playbook
    playbook = documents.find(tx, Kind.PLAYBOOK, slug) if slug else None
    if playbook is None:
        return update
    said = playbook.document
    return replace(
        update,
        placements=read_placements(Reader(said)) if update.placements is None else update.placements,
        topic=update.topic or str(said.get("topic") or ""),
        message_class=update.message_class or (playbook_class(said) if said.get("message_class") else None),
        language_policy=update.language_policy or (playbook_policy(said) if said.get("language_policy") else None),
    )


def check_references(tx: Connection, update: UpdateDocument) -> None:
    """Raise Invalid with one Problem for each endpoint, audience or need that does not exist."""
    known = {endpoint.slug for endpoint in endpoints.everything(tx)}
    problems = [
        Problem("unknown_endpoint", f"There is no endpoint “{slug}”.", f"endpoints[{index}]", "List the endpoints.")
        for index, slug in enumerate(update.endpoints)
        if slug not in known
    ]
    named = [("audience", update.audience)] if update.audience else []
    named += [(f"variants[{index}].audience", variant.audience) for index, variant in enumerate(update.variants)]
    problems += [
        Problem("unknown_audience", f"There is no audience “{slug}”.", field, "Save the audience first.")
        for field, slug in named
        if audiences.find(tx, slug) is None
    ]
    if update.topic and documents.find(tx, Kind.TOPIC, update.topic) is None:
        problems.append(Problem("unknown_topic", f"There is no topic “{update.topic}”.", "topic", "List the topics."))
    if update.need and documents.find(tx, Kind.NEED, update.need) is None:
        problems.append(Problem("unknown_need", f"There is no need “{update.need}”.", "need", "List the needs."))
    if problems:
        raise Invalid(problems)


def check_same_world(wrong: UpdateRow, correction: UpdateDocument) -> None:
    """A drill is corrected by a drill and nothing else: it may not reach those who only took part on paper.

    Raise Invalid (code `drill_differs`).
    """
    was = bool(wrong.document.get("drill", False))
    if correction.drill is not was:
        sentence = f"The update it corrects is {'a drill' if was else 'no drill'}, so this one must be the same."
        raise Invalid(Problem("drill_differs", sentence, "drill", "Leave it out, or write a new update."))


def read_draft(crisis_slug: str, document: Mapping[str, object], now: datetime) -> UpdateDocument:
    """Raise Invalid."""
    if document.get("crisis", crisis_slug) != crisis_slug:
        raise Invalid(
            Problem("crisis_differs", f"This update belongs to “{crisis_slug}”.", "crisis", "Leave the crisis out.")
        )
    return UpdateDocument.from_document({**document, "crisis": crisis_slug}, now)
