"""What the website is made of, read in one picture of the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from app.domain.live import Live
from app.store import crises, documents, links, readings, updates
from app.store.crises import CrisisRow
from app.store.documents import DocumentRow, Kind
from app.store.tables import publish_request
from app.store.updates import UpdateRow


@dataclass(frozen=True, slots=True)
class WebsiteRows:
    """Rows as stored; which of the updates are public is for the domain to say."""

    newest_request: int
    sites: list[DocumentRow]
    contact_channels: list[DocumentRow]
    needs: list[DocumentRow]
    routing_rules: list[DocumentRow]
    live: Mapping[str, Live]
    """What was reported about contact channels, by slug."""
    faq: list[DocumentRow]
    help_links: list[DocumentRow]
    playbooks: list[DocumentRow]
    """Those of the crises below."""
    dead: frozenset[str]
    """Addresses that lead nowhere, by their last check."""
    updates: list[UpdateRow]
    """Every update that was ever sent, newest first."""
    crises: Mapping[str, CrisisRow]
    """The crises of those updates."""


def read(connection: Connection) -> WebsiteRows:
    newest = newest_request(connection)  # first: what is committed while we read may be seen twice, never missed
    sent = updates.sent(connection)
    found = {slug: crises.get(connection, slug) for slug in {row.crisis for row in sent}}
    books = sorted({row.playbook for row in found.values() if row.playbook})
    stored = (documents.find(connection, Kind.PLAYBOOK, slug) for slug in books)
    return WebsiteRows(
        newest_request=newest,
        sites=documents.everything(connection, Kind.SITE),
        contact_channels=documents.everything(connection, Kind.CONTACT_CHANNEL),
        needs=documents.everything(connection, Kind.NEED),
        routing_rules=documents.everything(connection, Kind.ROUTING_RULE),
        faq=documents.everything(connection, Kind.FAQ),
        help_links=documents.everything(connection, Kind.HELP_LINK),
        updates=sent,
        live=readings.everything(connection),
        playbooks=[row for row in stored if row is not None],
        dead=links.dead(connection),
        crises=found,
    )


def newest_request(connection: Connection) -> int:
    """The id of the last publish request, done or not; 0 for none. It tells whether anything changed since a read."""
    return int(connection.execute(select(func.max(publish_request.c.id))).scalar_one() or 0)
