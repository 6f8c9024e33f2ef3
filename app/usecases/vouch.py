"""Note who answers for the words that were just written, in the transaction that writes them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from app.domain.content import content_hash
from app.domain.vouching import How, Standing, Voucher, Words, changed, source_of, standings
from app.store import vouching
from app.store.database import Database
from app.store.updates import UpdateRow


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
) -> None:
    """Whoever changed the words of a language had the source of this moment before them; untouched ones stay as they
    were, and so fall out of step when the source changed. `only`: these were written, whatever they said before.
    """
    source = source_of(after)
    vouching.forget(tx, update_id, list(after))
    if before and source_of(before) != source:  # another language leads from now on; nothing was changed by that alone
        for known in vouching.of_update(tx, update_id):
            vouching.put(tx, update_id, replace(known, source=source, source_hash=content_hash(after[source])))
    written = changed(before, after) if only is None else only
    for language in written:
        vouching.put(tx, update_id, Voucher(language, how, by, now, source, content_hash(after[source])))


def who_vouches(db: Database, row: UpdateRow) -> tuple[Standing, ...]:
    """For each language of these words, the source first."""
    with db.reading() as connection:
        return standings(row.document["content"], vouching.of_update(connection, row.id))
