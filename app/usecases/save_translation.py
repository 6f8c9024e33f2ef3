"""Words that come by a link: into the draft, with the name of whoever answers for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.content import Content
from app.domain.crisis import Action, move
from app.domain.updates import UpdateDocument
from app.domain.vouching import How, Voucher
from app.errors import Conflict, Invalid, Problem
from app.store import audit, crises, drafts, translations, updates, vouching
from app.store.database import Database
from app.store.translations import TaskRow
from app.store.updates import UpdateRow
from app.usecases.bring_rest import OUT, Writer, rest_in

LONGEST_NAME = 120


def save_translation(
    db: Database, task: TaskRow, name: str, words: Mapping[str, Any], now: datetime, *, user: int | None = None
) -> UpdateRow:
    """`task`: of `held_task`. The words are vouched for by `name`, for the source as it was when they were asked for:
    when that was changed meanwhile they are kept, and count as out of step.

    Whoever asked becomes one of the authors, and so does `user`, when whoever saves is signed in. Raise Invalid, and
    Conflict when the update is not being written any more or the link was taken back meanwhile.
    """
    if not name.strip() or len(name) > LONGEST_NAME:
        raise Invalid(Problem("missing_field", "This is needed.", "name", "Your name, so that others can ask you."))
    content = Content.from_document(words, f"content.{task.language}").to_document()
    if not content["headline"] or not content["impact"]:
        lacking = "headline" if not content["headline"] else "impact"
        raise Invalid(
            Problem("missing_field", "This is needed.", f"content.{task.language}.{lacking}", "Translate it.")
        )
    with db.writing() as tx:
        held = translations.get(tx, task.id)
        row = updates.get(tx, task.update_id, lock=True)
        if held.revoked_at is not None or held.until <= now:
            raise Conflict(
                Problem("translation_over", "This link is over, or was taken back.", "", "Ask for a new one.")
            )
        by = frozenset({task.asked_user, user} - {None})
        if row.state in OUT and task.language in _to_come(row):
            return _rest(tx, row, task, content, Writer(name.strip(), How.TRANSLATED, by or frozenset({None})), now)
        move(row.state, Action.EDIT)
        before = row.document["content"]
        if before.get(task.language) == content and held.done_by == name.strip():
            return row
        to_come = [code for code in _to_come(row) if code != task.language]
        document = {**row.document, "content": {**before, task.language: content}, "languages_to_come": to_come}
        UpdateDocument.from_document(document)
        changed = updates.edit(tx, row.id, document, row.authors | by)
        drafts.keep(tx, changed, name.strip(), now)
        voucher = Voucher(task.language, How.TRANSLATED, name.strip(), now, task.source, task.source_hash)
        vouching.put(tx, row.id, voucher)
        translations.done(tx, task.id, name.strip(), now)
        body = {"update": row.id, "task": task.id, "language": task.language, "revision": changed.revision}
        crises.add_timeline(tx, row.crisis, name.strip(), "translation_saved", body, now)
        actor = f"translator {name.strip()}"
        audit.append(tx, actor, "save_translation", f"update/{row.id}", {**body, "content": content}, now)
    return changed


def _rest(
    tx: Connection, first: UpdateRow, task: TaskRow, content: Mapping[str, object], by: Writer, now: datetime
) -> UpdateRow:
    """It came after the others had gone out: a draft to those who wait for it."""
    row = rest_in(tx, first, task.language, content, by, now)
    translations.done(tx, task.id, by.name, now)
    body = {"update": row.id, "completes": first.id, "task": task.id, "language": task.language}
    crises.add_timeline(tx, first.crisis, by.name, "translation_saved", body, now)
    audit.append(tx, f"translator {by.name}", "save_translation", f"update/{row.id}", {**body, "content": content}, now)
    return row


def _to_come(row: UpdateRow) -> list[str]:
    return list(row.document.get("languages_to_come") or ())
