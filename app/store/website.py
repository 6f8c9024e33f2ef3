"""What the website is made of, read in one picture of the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, select

from app.domain import branding
from app.domain.live import Live
from app.store import crises, documents, links, outlines, readings, said, updates
from app.store.crises import CrisisRow
from app.store.documents import DocumentRow, Kind
from app.store.outlines import Outline
from app.store.said import SaidRow
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
    outlines: list[Outline]
    """Every update that was ever sent, newest first."""
    updates: list[UpdateRow]
    """The same with their words, of the crises that were chosen."""
    crises: Mapping[str, CrisisRow]
    """Of all outlines."""
    said_counts: Mapping[int, int]
    """How many different texts of each update were handed to providers."""
    said: list[SaidRow]
    """Those of the `listed` updates."""
    listed: frozenset[int]
    planned_work: list[DocumentRow]
    organisation: DocumentRow | None
    """How it looks, None when nobody said so."""


def read(connection: Connection, *, words: bool = True) -> WebsiteRows:
    """With `words` those of every crisis; without them `updates` and `playbooks` are empty, see `with_words`."""
    newest = newest_request(connection)  # first: what is committed while we read may be seen twice, never missed
    outlined = outlines.everything(connection)
    rows = WebsiteRows(
        newest_request=newest,
        sites=documents.everything(connection, Kind.SITE),
        contact_channels=documents.everything(connection, Kind.CONTACT_CHANNEL),
        needs=documents.everything(connection, Kind.NEED),
        routing_rules=documents.everything(connection, Kind.ROUTING_RULE),
        faq=documents.everything(connection, Kind.FAQ),
        help_links=documents.everything(connection, Kind.HELP_LINK),
        outlines=outlined,
        updates=[],
        live=readings.everything(connection),
        playbooks=[],
        dead=links.dead(connection),
        crises=crises.everything(connection),
        said_counts=said.counts(connection),
        said=[],
        listed=frozenset(),
        planned_work=documents.everything(connection, Kind.PLANNED_WORK),
        organisation=documents.find(connection, Kind.ORGANISATION, branding.SLUG),
    )
    if not words:
        return rows
    return with_words(connection, rows, {row.crisis for row in outlined}, {row.id for row in outlined})


def with_words(
    connection: Connection, rows: WebsiteRows, slugs: Collection[str], listed: Collection[int]
) -> WebsiteRows:
    """The same rows with the words and playbooks of these crises, and every text of the `listed` updates.

    A tenth of a millisecond for each announcement.
    """
    books = sorted({book for slug in slugs if (book := rows.crises[slug].playbook)})
    stored = (documents.find(connection, Kind.PLAYBOOK, slug) for slug in books)
    return replace(
        rows,
        updates=updates.sent_in(connection, slugs),
        playbooks=[row for row in stored if row is not None],
        said=said.of(connection, {one.id for one in rows.outlines if (one.completes or one.id) in listed}),
        listed=frozenset(listed),
    )


def newest_request(connection: Connection) -> int:
    """The id of the last publish request, done or not; 0 for none. It tells whether anything changed since a read."""
    return int(connection.execute(select(func.max(publish_request.c.id))).scalar_one() or 0)
