"""Note who answers for the words that were just written, in the transaction that writes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from app.domain.content import content_hash
from app.domain.vouching import How, Standing, Voucher, Words, changed, source_of, standings
from app.store import vouching
from app.store.database import Database
from app.store.updates import UpdateRow

Document = Mapping[str, Any]
"""Of an update."""


def vouch(
    tx: Connection,
    update_id: int,
    before: Words,
    after: Words,
    by: str,
    now: datetime,
    *,
    how: How = How.WRITTEN,
    only: Collection[str] | None = None,
    audience: str = "",
) -> None:
    """Whoever changed the words of a language had the source of this moment before them; untouched ones stay as they
    were, and so fall out of step when the source changed. `only`: these were written, whatever they said before.
    `audience`: of the other words for this part of the audience; "" = the main ones.
    """
    source = source_of(after)
    vouching.forget(tx, update_id, list(after), audience)
    if before and source_of(before) != source:  # another language leads from now on; nothing was changed by that alone
        for known in vouching.of_update(tx, update_id, audience):
            moved = replace(known, source=source, source_hash=content_hash(after[source]))
            vouching.put(tx, update_id, moved, audience)
    written = changed(before, after) if only is None else only
    for language in written:
        voucher = Voucher(language, how, by, now, source, content_hash(after[source]))
        vouching.put(tx, update_id, voucher, audience)


def vouch_texts(tx: Connection, update_id: int, before: Document, after: Document, by: str, now: datetime) -> None:
    """The same for each text for a part of the audience, known by whom it is for: its order does not matter."""
    texts, known = words_apart(after), words_apart(before)
    vouching.forget_texts(tx, update_id, list(texts))
    for audience, words in texts.items():
        vouch(tx, update_id, known.get(audience, {}), words, by, now, audience=audience)


def words_apart(document: Document) -> dict[str, Words]:
    """By the audience they are for, in their order."""
    return {each["audience"]: each["content"] for each in document.get("variants") or ()}


def standings_apart(connection: Connection, update_id: int, document: Document) -> dict[str, tuple[Standing, ...]]:
    """For each language of the texts for parts of the audience, by audience."""
    return {
        audience: standings(words, vouching.of_update(connection, update_id, audience))
        for audience, words in words_apart(document).items()
    }


def who_vouches(db: Database, row: UpdateRow) -> tuple[Standing, ...]:
    """For each language of these words, the source first."""
    with db.reading() as connection:
        return standings(row.document["content"], vouching.of_update(connection, row.id))


def who_vouches_apart(db: Database, row: UpdateRow) -> dict[str, tuple[Standing, ...]]:
    """The same of each text for a part of the audience, by whom it is for."""
    with db.reading() as connection:
        return standings_apart(connection, row.id, row.document)
