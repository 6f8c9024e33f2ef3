"""Who gets nothing of an update, because they read none of its languages."""

from __future__ import annotations

from sqlalchemy import Connection

from app.domain.audience import choose_language
from app.domain.audience_rules import Rule
from app.domain.languages import NOTHING, LanguagePolicy
from app.domain.updates import UpdateDocument
from app.store import audiences, listing, membership, subscribers, updates
from app.store.database import Database
from app.store.paging import Page
from app.store.subscribers import SubscriberRow
from app.store.updates import UpdateRow


def left_out_page(db: Database, update_id: int, cursor: str | None, limit: int) -> Page[SubscriberRow]:
    """In the order they were first imported; empty unless its policy is to skip them, and for corrections."""
    with db.reading() as connection:
        row = updates.get(connection, update_id)
        update = UpdateDocument.from_document(row.document)
        rule = _rule(connection, row, update)
        if rule is None or update.language_policy is not LanguagePolicy.SKIP:
            return Page((), None)
        lists = listing.language_lists(connection)
        words = update.readers_languages
        unread = [number for number, wanted in lists.items() if choose_language(wanted, words, NOTHING) == NOTHING]
        members = membership.members(connection, rule)
        within = members & membership.with_lists(unread)
        return subscribers.page(connection, cursor=cursor, limit=limit, within=within)


def _rule(connection: Connection, row: UpdateRow, update: UpdateDocument) -> Rule | None:
    """As it was frozen, else as it is."""
    if row.corrects is not None or row.completes is not None or not update.audience:
        return None
    frozen = audiences.frozen(connection, row.broadcast_id) if row.broadcast_id is not None else {}
    found = frozen.get(0)
    return found or audiences.resolved(connection, audiences.get(connection, update.audience).typed())
