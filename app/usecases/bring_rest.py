"""The rest of an update in a language that came later: to those who waited for it, and to nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.crisis import LIVE, UpdateState
from app.domain.message import PERSONAL_MEDIA
from app.domain.principals import Actor, permit
from app.domain.reading import parse_instant
from app.domain.updates import UpdateDocument
from app.domain.vouching import How
from app.errors import Conflict, Invalid, Problem
from app.store import audit, crises, drafts, endpoints, to_come, updates
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases.vouch import vouch

OUT = frozenset({*LIVE, UpdateState.DONE})
TAKEN_OVER = (
    "crisis",
    "stage",
    "audience",
    "need",
    "expires_at",
    "drill",
    "help",
    "placements",
    "topic",
    "message_class",
    "language_policy",
)


@dataclass(frozen=True, slots=True)
class Writer:
    """Who brings the words, and how they vouch for them."""

    name: str
    how: How
    users: frozenset[int | None]
    """Authors from now on."""


def bring_rest(db: Database, actor: Actor, update_id: int, language: str, now: datetime) -> UpdateRow:
    """The draft that brings `language`, or the one there is already. Raise Conflict when nobody waits for it."""
    permit(actor, "draft_update")
    with db.writing() as tx:
        first = updates.get(tx, update_id, lock=True)
        row = rest_in(tx, first, language, {}, Writer(actor.name, How.WRITTEN, frozenset({actor.user_id})), now)
        body = {"completes": update_id, "language": language}
        audit.append(tx, actor.name, "bring_rest", f"update/{row.id}", body, now)
    return row


def rest_in(
    tx: Connection, first: UpdateRow, language: str, words: Mapping[str, Any], by: Writer, now: datetime
) -> UpdateRow:
    """Within the transaction of whoever brings it; {} = the words are still to be written."""
    waiting = to_come.of_broadcast(tx, first.broadcast_id) if first.broadcast_id is not None else {}
    if first.state not in OUT or language not in waiting:
        sentence = f"Nobody waits for this update in “{language}”."
        raise Conflict(Problem("nobody_waits", sentence, "language", "Write a new update instead."))
    if waiting[language].taken_by is not None:
        sentence = f"The words in “{language}” are on their way already."
        raise Conflict(Problem("already_brought", sentence, "language", "Look for them in the crisis."))
    before = updates.rest_of(tx, first.id, language)
    if before is not None and not words:
        return before
    content = {language: dict(words)} if words else {}
    if before is not None:
        document = UpdateDocument.from_document({**before.document, "content": content}).to_document()
        row = updates.edit(tx, before.id, document, before.authors | by.users)
    else:
        author, *others = sorted(by.users, key=lambda user: -1 if user is None else user)
        row = updates.add(tx, first.crisis, _document(tx, first, content, now), author, now, completes=first.id)
        row = updates.set_authors(tx, row.id, by.users) if others else row
        body = {"update": row.id, "completes": first.id, "language": language}
        crises.add_timeline(tx, first.crisis, by.name, "rest_drafted", body, now)
    drafts.keep(tx, row, by.name, now)
    vouch(tx, row.id, {}, row.document["content"], by.name, now, how=by.how)
    return row


def _document(tx: Connection, first: UpdateRow, content: Mapping[str, Any], now: datetime) -> dict[str, object]:
    """As the first one, but to people only: what is public is written anew by itself."""
    kept = {name: first.document.get(name) for name in TAKEN_OVER}
    personal = {each.slug for each in endpoints.everything(tx) if each.medium in PERSONAL_MEDIA}
    ways = [slug for slug in first.document["endpoints"] if slug in personal]
    promised = parse_instant(str(first.document.get("next_update_by") or ""))
    if promised is not None and promised > now:
        kept["next_update_by"] = first.document["next_update_by"]
    plain = {name: value for name, value in kept.items() if value is not None}
    return UpdateDocument.from_document({**plain, "endpoints": ways, "content": content}).to_document()


def who_wait(tx: Connection, row: UpdateRow, update: UpdateDocument) -> int:
    """How many deliveries a completing update brings. Raise Invalid when it brings a language nobody waits for."""
    waiting = _waiting(tx, row)
    strange = [code for code in update.languages if code not in waiting]
    if strange:
        sentence = f"Nobody waits for “{strange[0]}”."
        raise Invalid(Problem("nobody_waits", sentence, f"content.{strange[0]}", "Take that language out."))
    return sum(waiting[code].readers for code in update.languages)


def take_those_who_wait(tx: Connection, row: UpdateRow, update: UpdateDocument, broadcast: int) -> None:
    """From here on no other update brings them these languages. Raise Conflict."""
    if row.completes is None:
        return
    check_not_overtaken(tx, row)
    whose = updates.get(tx, row.completes).broadcast_id or 0
    if not to_come.take(tx, whose, update.languages, broadcast):
        sentence = "Another update brings this language already."
        raise Conflict(Problem("already_brought", sentence, "content", "Look for it in the crisis."))


def check_not_overtaken(tx: Connection, row: UpdateRow) -> None:
    """Raise Conflict when something newer was said since: what they waited for is old news."""
    if row.completes is None:
        return
    first = updates.get(tx, row.completes)
    said = [one for one in updates.sent_in(tx, [row.crisis]) if one.completes is None and _same_world(one, first)]
    newer = [one for one in said if one.state is not UpdateState.CANCELLED and _after(one, first)]
    if newer or first.state not in OUT:
        sentence = "Something newer was said since, or the update was stopped."
        raise Conflict(Problem("overtaken", sentence, "", "Bring the newest update in this language instead."))


def who_waits(db: Database, row: UpdateRow) -> Sequence[to_come.Waiting]:
    """Frozen when the audience was listed; empty before, and for an update without languages to come."""
    if row.broadcast_id is None:
        return ()
    with db.reading() as connection:
        return list(to_come.of_broadcast(connection, row.broadcast_id).values())


def _waiting(tx: Connection, row: UpdateRow) -> Mapping[str, to_come.Waiting]:
    broadcast = updates.get(tx, row.completes or 0).broadcast_id
    return to_come.of_broadcast(tx, broadcast) if broadcast is not None else {}


def _after(one: UpdateRow, first: UpdateRow) -> bool:
    return one.sent_at is not None and first.sent_at is not None and one.sent_at > first.sent_at


def _same_world(one: UpdateRow, first: UpdateRow) -> bool:
    return bool(one.document.get("drill")) is bool(first.document.get("drill"))
