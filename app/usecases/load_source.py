"""Gather what the words of an update are made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import Connection

from app.domain.branding import NO_BRANDING, SLUG, Branding
from app.domain.crisis import CrisisDocument
from app.domain.help_choice import Library
from app.domain.help_library import FaqEntry, HelpLink
from app.domain.playbooks import Playbook
from app.domain.reading import iso
from app.domain.updates import UpdateDocument
from app.domain.vouching import standings
from app.errors import Invalid
from app.store import crises, documents, links, translations, updates, vouching
from app.store.crises import FactRow
from app.store.database import Database
from app.store.documents import DocumentRow, Kind
from app.usecases.announcing import Source
from app.usecases.own_templates import templates_for
from app.usecases.vouch import standings_apart

T = TypeVar("T")


def load_source(
    db: Database, organisation: Mapping[str, object], update_id: int, revision: int | None = None
) -> Source:
    """The words frozen under `revision`, or the working copy without one; the registry as it is now. One picture.

    Raises NotFound for an unknown update or revision, Invalid for a stored document that cannot be read.
    """
    with db.reading() as connection:
        row = updates.get(connection, update_id)
        words = row.document if revision is None else updates.frozen(connection, update_id, revision).document
        crisis = crises.get(connection, row.crisis)
        severity = crisis.severity if revision is None else row.severity or crisis.severity
        facts = crises.facts(connection, row.crisis)
        registry = documents.registry(connection)
        library = load_library(connection)
        playbook = _playbook(connection, crisis.playbook)
        vouchers = vouching.of_update(connection, update_id)
        apart = standings_apart(connection, update_id, words)
        tasks = translations.of_update(connection, update_id)
        speaker = speaker_of(connection, organisation)
        templates = templates_for(connection, row, revision)
    document = CrisisDocument(crisis.slug, crisis.titles, severity, crisis.state, crisis.playbook or "")
    return Source(
        crisis={**document.to_document(), "facts": [_fact(each) for each in facts.values()]},
        update=UpdateDocument.from_document(words),
        registry=registry,
        organisation=speaker,
        severity=severity,
        update_id=update_id,
        revision=row.revision if revision is None else revision,
        library=library,
        playbook=playbook,
        standings=standings(words["content"], vouchers),
        standings_apart=tuple(apart.values()),
        rest=row.completes is not None,
        tasks=tuple(tasks),
        templates=templates,
    )


def load_library(connection: Connection) -> Library:
    """All help that can be read: a faulty entry is left out, because no message may wait for it."""
    return Library(
        tuple(_readable(documents.everything(connection, Kind.HELP_LINK), HelpLink.from_document)),
        tuple(_readable(documents.everything(connection, Kind.FAQ), FaqEntry.from_document)),
        links.dead(connection),
    )


def living_links(connection: Connection, language: str) -> list[HelpLink]:
    """The help links that can be read and lead somewhere in this language."""
    library = load_library(connection)
    return [link for link in library.links if not link.leads_nowhere(library.dead, language)]


def speaker_of(connection: Connection, organisation: Mapping[str, object]) -> dict[str, object]:
    """Who speaks: what the configuration says, with the names that staff have set."""
    return {**organisation, **_names(connection)}


def _names(connection: Connection) -> dict[str, object]:
    """The organisation's names as staff have set them; nothing when they have not."""
    row = documents.find(connection, Kind.ORGANISATION, SLUG)
    look = next(iter(_readable([row], Branding.from_document)), NO_BRANDING) if row else NO_BRANDING
    return {"names": dict(look.names)} if look.names else {}


def _playbook(connection: Connection, slug: str | None) -> Playbook | None:
    row = documents.find(connection, Kind.PLAYBOOK, slug) if slug else None
    return next(iter(_readable([row], Playbook.from_document)), None) if row else None


def _readable(rows: Iterable[DocumentRow], read: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    for row in rows:
        with suppress(Invalid):
            yield read(row.document)


def _fact(row: FactRow) -> dict[str, object]:
    return {"name": row.name, "value": row.value, "stale_at": iso(row.stale_at) if row.stale_at else None}
