"""Ask somebody without an account for the words in another language: a signed link, for one text, for a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.domain.content import content_hash
from app.domain.preview_links import PreviewLink, preview_token, read_preview_token
from app.domain.principals import Actor, permit
from app.domain.reading import iso
from app.domain.texts import is_language
from app.domain.vouching import source_of
from app.errors import Conflict, Invalid, NotFound, Problem
from app.keyring import Keyring
from app.store import audit, crises, translations, updates
from app.store.database import Database
from app.store.translations import TaskRow

PURPOSE: Final = "translation-links"
"""`Keyring.key(PURPOSE)` signs and checks; it opens nothing else."""
LONGEST: Final = timedelta(days=7)
USUAL: Final = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Asked:
    task: TaskRow
    token: str


def ask_translation(
    db: Database,
    keyring: Keyring,
    actor: Actor,
    update_id: int,
    language: str,
    now: datetime,
    *,
    note: str = "",
    lasts: timedelta = USUAL,
) -> Asked:
    """Of the source's words as they are now. Raise Invalid (no language, no source yet, too long a time)."""
    permit(actor, "draft_update")
    if not timedelta(0) < lasts <= LONGEST:
        raise Invalid(
            Problem("bad_duration", "It would be open for too long, or not at all.", "hours", "7 days at most.")
        )
    if not is_language(language):
        raise Invalid(Problem("bad_language", "This is not a language code.", "language", "Use en, gu, pt-BR ..."))
    with db.writing() as tx:
        row = updates.get(tx, update_id)
        content = row.document["content"]
        source = source_of(content)
        if source in ("", language):
            sentence = "There are no words to translate from."
            raise Invalid(Problem("no_source", sentence, "language", "Write the update in another language first."))
        until = (now + lasts).replace(microsecond=0)
        values = {
            "update_id": update_id,
            "language": language,
            "source": source,
            "source_words": content[source],
            "source_hash": content_hash(content[source]),
            "note": note.strip(),
            "asked_by": actor.name,
            "asked_user": actor.user_id,
            "asked_at": now,
            "until": until,
        }
        task = translations.add(tx, values)
        body = {"update": update_id, "task": task.id, "language": language, "until": iso(until)}
        crises.add_timeline(tx, row.crisis, actor.name, "translation_asked", body, now)
        audit.append(tx, actor.name, "ask_translation", f"update/{update_id}", body, now)
    return Asked(task, translation_token(keyring, task))


def translation_token(keyring: Keyring, task: TaskRow) -> str:
    """The same task always gives the same one."""
    return preview_token(keyring.key(PURPOSE), _link(task))


def held_task(db: Database, keyring: Keyring, token: str, now: datetime) -> TaskRow:
    """What the holder of a link was asked for. Raise NotFound when it is not ours, over, or taken back."""
    link = read_preview_token(keyring.key(PURPOSE), token)
    with db.reading() as connection:
        task = translations.find(connection, link.id) if link is not None else None
    if task is None or link != _link(task) or task.revoked_at is not None or task.until <= now:
        sentence = "This link is over, or was taken back."
        raise NotFound(Problem("translation_over", sentence, "", "Ask whoever sent it to you for a new one."))
    return task


def revoke_translation(db: Database, actor: Actor, task_id: int, now: datetime) -> None:
    """Its link opens nothing any more; what was saved by it stays. Harmless to repeat."""
    permit(actor, "draft_update")
    with db.writing() as tx:
        task = translations.get(tx, task_id)
        if task.revoked_at is None:
            translations.revoke(tx, task_id, now)
            body = {"task": task_id, "language": task.language}
            audit.append(tx, actor.name, "revoke_translation", f"update/{task.update_id}", body, now)


def check_source(task: TaskRow, source_words: object) -> None:
    """Raise Conflict when the text to translate is no longer the one the link is for."""
    if content_hash(source_words) != task.source_hash:
        sentence = "The text was changed since you were asked for its translation."
        raise Conflict(Problem("source_changed", sentence, "", "Ask whoever sent you the link for a new one."))


def _link(task: TaskRow) -> PreviewLink:
    return PreviewLink(task.id, task.update_id, 0, task.language.lower(), task.until)
