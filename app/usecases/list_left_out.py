"""Who gets nothing of an update: they read none of its languages, did not agree to it, or asked for less."""

from __future__ import annotations

from sqlalchemy import Connection

from app.domain.audience import choose_language
from app.domain.audience_rules import Rule
from app.domain.big_news import News
from app.domain.languages import NOTHING, LanguagePolicy
from app.domain.message import PERSONAL_MEDIA
from app.domain.planning import lane
from app.domain.updates import UpdateDocument
from app.store import audiences, crises, endpoints, left_out, listing, membership, subscribers, updates
from app.store.database import Database
from app.store.left_out import LeftOut
from app.store.paging import Page
from app.store.subscribers import SubscriberRow
from app.store.updates import UpdateRow
from app.usecases.measure_reach import asked_in
from app.usecases.submit_update import news_now


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


def silent_page(db: Database, update_id: int, cursor: str | None, limit: int) -> Page[LeftOut]:
    """Who of its audience is not written to by one of its media: they did not agree to it, their address is stopped, or
    they asked for LESS and it is no big news. As of now; empty for corrections, which ask nobody again.
    """
    with db.reading() as connection:
        row = updates.get(connection, update_id)
        update = UpdateDocument.from_document(row.document)
        rule = _rule(connection, row, update)
        ways = {each.medium for each in endpoints.everything(connection) if each.slug in update.endpoints}
        if rule is None or not ways & PERSONAL_MEDIA:
            return Page((), None)
        crisis = crises.get(connection, row.crisis)
        asked = asked_in(connection, update, crisis)
        if row.broadcast_id is not None:
            minor = left_out.is_minor(connection, row.broadcast_id)
        else:
            minor = news_now(connection, row, update, lane(update.stage, crisis.severity), asked) is News.MINOR
        members, media = membership.members(connection, rule), ways & PERSONAL_MEDIA
        return left_out.page(connection, members, asked, media, minor=minor, cursor=cursor, limit=limit)


def _rule(connection: Connection, row: UpdateRow, update: UpdateDocument) -> Rule | None:
    """As it was frozen, else as it is."""
    if row.corrects is not None or row.completes is not None or not update.audience:
        return None
    frozen = audiences.frozen(connection, row.broadcast_id) if row.broadcast_id is not None else {}
    found = frozen.get(0)
    return found or audiences.resolved(connection, audiences.get(connection, update.audience).typed())
