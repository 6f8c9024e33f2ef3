"""What the website has to show at one moment, as domain values; a faulty document is left out, never in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import TypeVar

from app.domain.branding import NO_BRANDING, Branding
from app.domain.contacts import ContactChannel, with_live
from app.domain.crisis import CrisisState, Severity
from app.domain.help_choice import Library
from app.domain.help_library import FaqEntry, HelpLink
from app.domain.planned_work import PlannedWork
from app.domain.playbooks import Playbook
from app.domain.routing import Need, Registry, RoutingRule
from app.domain.sites import Site
from app.domain.texts import Texts
from app.domain.updates import UpdateDocument
from app.errors import Invalid, Problem
from app.publishing.chapters import Chapter, Standing, chapters, is_out, standing
from app.publishing.completing import said_by, whole, whole_words
from app.store.crises import CrisisRow
from app.store.documents import DocumentRow
from app.store.said import SaidRow
from app.store.website import WebsiteRows

T = TypeVar("T")


Parsed = dict[tuple[int, int], UpdateDocument]
"""By id and revision; what went out never changes under its revision."""


@dataclass(frozen=True, slots=True)
class PublicUpdate:
    id: int
    revision: int
    crisis: str
    document: UpdateDocument
    sent_at: datetime
    changed_at: datetime
    """When its words or its standing changed last, as far as stored."""
    standing: Standing
    corrects: int | None
    severity: Severity | None = None
    """The crisis's when it was handed in; None for what was handed in before that was kept."""


@dataclass(frozen=True, slots=True)
class PublicCrisis:
    slug: str
    titles: Texts
    severity: Severity
    resolved: bool
    updates: tuple[PublicUpdate, ...]
    """Newest first, never empty."""
    playbook: str = ""
    resolved_at: datetime | None = None

    @property
    def shown(self) -> PublicUpdate | None:
        """The word that holds now, None when all is said. An older word never comes back for one that expired."""
        counted = (one for one in self.updates if one.standing in (Standing.CURRENT, Standing.EXPIRED))
        newest = next(counted, None)
        return newest if newest is not None and newest.standing is Standing.CURRENT else None


@dataclass(frozen=True, slots=True)
class Picture:
    at: datetime
    newest_request: int
    sites: tuple[Site, ...]
    registry: Registry
    faq: tuple[FaqEntry, ...]
    help_links: tuple[HelpLink, ...]
    chapters: tuple[Chapter, ...]
    """All crises that were ever spoken of, the one that spoke last first."""
    live: tuple[PublicCrisis, ...]
    """With their words: those with one that holds now first, by severity; then by their newest message."""
    drills: tuple[PublicCrisis, ...]
    problems: tuple[Problem, ...]
    """Stored documents that could not be read and are therefore missing on the website."""
    said: Mapping[int, tuple[SaidRow, ...]]
    """What was handed to providers, by announcement, where it was read."""
    said_counts: Mapping[int, int]
    listed: frozenset[int]
    """The announcements whose texts were read."""
    planned: tuple[PlannedWork, ...]
    """All there is, the earliest first."""
    branding: Branding
    playbooks: Mapping[str, Playbook]
    """Those of the crises."""
    dead: frozenset[str]
    """Addresses the link checker found nothing behind."""
    next_release: datetime | None
    """When the first undo window ends that is open at `at`: those words become public then."""

    @property
    def library(self) -> Library:
        return Library(self.help_links, self.faq, self.dead)


def picture(rows: WebsiteRows, at: datetime) -> Picture:
    """Decide what of the rows is public at `at`."""
    return with_words(outline(rows, at), rows)


def outline(rows: WebsiteRows, at: datetime) -> Picture:
    """The picture without the words of any announcement."""
    problems: list[Problem] = []
    sites = _readable(rows.sites, Site.from_document, problems)
    channels = _readable(rows.contact_channels, ContactChannel.from_document, problems)
    registry = Registry.of(
        with_live({channel.slug: channel for channel in channels}, rows.live).values(),
        _readable(rows.needs, Need.from_document, problems),
        _readable(rows.routing_rules, RoutingRule.from_document, problems),
    )
    return Picture(
        at=at,
        newest_request=rows.newest_request,
        sites=tuple(sites),
        registry=registry,
        faq=tuple(_readable(rows.faq, FaqEntry.from_document, problems)),
        help_links=tuple(_readable(rows.help_links, HelpLink.from_document, problems)),
        chapters=chapters(whole(rows.outlines, at), rows.crises, at),
        live=(),
        drills=(),
        said={},
        said_counts=_counts(rows),
        listed=frozenset(),
        planned=_planned(rows.planned_work, problems),
        branding=_branding(rows.organisation, problems),
        playbooks={},
        dead=rows.dead,
        problems=tuple(problems),
        next_release=min((row.sent_at for row in rows.outlines if row.sent_at > at), default=None),
    )


def with_words(shown: Picture, rows: WebsiteRows, parsed: Parsed | None = None) -> Picture:
    """The same picture with the announcements whose words were read.

    `parsed` is filled with the documents that were used, and none of those in it is read again.
    """
    problems: list[Problem] = []
    public = _public_updates(rows, shown.at, problems, {} if parsed is None else parsed)
    return replace(
        shown,
        live=_crises(rows.crises, [update for update in public if not update.document.drill]),
        drills=_crises(rows.crises, [update for update in public if update.document.drill]),
        listed=rows.listed,
        said={one: tuple(texts) for one, texts in groupby(_said(rows), key=lambda row: row.update_id)},
        playbooks={one.slug: one for one in _readable(rows.playbooks, _playbook, problems)},
        problems=(*shown.problems, *problems),
    )


def _public_updates(rows: WebsiteRows, at: datetime, problems: list[Problem], parsed: Parsed) -> list[PublicUpdate]:
    known = dict(parsed)
    parsed.clear()
    out = [row for row in whole_words(rows.updates, at) if is_out(row, at)]
    corrected = frozenset(row.corrects for row in out if row.corrects is not None)
    found = []
    for row in out:
        try:
            key = (row.id, row.revision)
            document = known.get(key) or UpdateDocument.from_document(row.document)
            parsed[key] = document
        except Invalid as fault:
            problems.extend(_located(fault, f"updates.{row.id}"))
            continue
        found.append(
            PublicUpdate(
                id=row.id,
                revision=row.revision,
                crisis=row.crisis,
                document=document,
                sent_at=row.sent_at or at,
                changed_at=max(row.sent_at or at, row.ended_at or row.sent_at or at),
                standing=standing(row, document.stage, document.expires_at, rows.crises[row.crisis], corrected, at),
                corrects=row.corrects,
                severity=row.severity,
            )
        )
    return found


def _completes(rows: WebsiteRows) -> dict[int, int]:
    return {one.id: one.completes for one in rows.outlines if one.completes is not None}


def _said(rows: WebsiteRows) -> list[SaidRow]:
    return said_by(rows.said, _completes(rows))


def _counts(rows: WebsiteRows) -> Mapping[int, int]:
    completes = _completes(rows)
    counted: dict[int, int] = {}
    for one, count in rows.said_counts.items():
        whose = completes.get(one, one)
        counted[whose] = counted.get(whose, 0) + count
    return counted


def _crises(rows: Mapping[str, CrisisRow], updates: Iterable[PublicUpdate]) -> tuple[PublicCrisis, ...]:
    grouped: dict[str, list[PublicUpdate]] = {}
    for update in updates:
        grouped.setdefault(update.crisis, []).append(update)
    crises = [
        PublicCrisis(
            slug=slug,
            titles=rows[slug].titles,
            severity=rows[slug].severity,
            resolved=rows[slug].state is CrisisState.RESOLVED,
            playbook=rows[slug].playbook or "",
            resolved_at=rows[slug].resolved_at,
            updates=tuple(sorted(members, key=lambda update: (update.sent_at, update.id), reverse=True)),
        )
        for slug, members in grouped.items()
    ]
    newest_first = sorted(crises, key=lambda crisis: (crisis.updates[0].sent_at, crisis.slug), reverse=True)
    return tuple(sorted(newest_first, key=lambda crisis: crisis.severity.rank if crisis.shown else len(Severity)))


def _playbook(document: object) -> Playbook:
    return Playbook.from_document(document if isinstance(document, Mapping) else {})


def _planned(rows: Iterable[DocumentRow], problems: list[Problem]) -> tuple[PlannedWork, ...]:
    found = []
    for row in rows:
        try:
            found.append(PlannedWork.from_document(row.document, revision=row.revision))
        except Invalid as fault:
            problems.extend(_located(fault, row.slug))
    return tuple(sorted(found, key=lambda work: (work.starts, work.slug)))


def _branding(row: DocumentRow | None, problems: list[Problem]) -> Branding:
    return next(iter(_readable([row] if row else [], Branding.from_document, problems)), NO_BRANDING)


def _readable(rows: Iterable[DocumentRow], read: Callable[[object], T], problems: list[Problem]) -> list[T]:
    found = []
    for row in rows:
        try:
            found.append(read(row.document))
        except Invalid as fault:
            problems.extend(_located(fault, row.slug))
    return found


def _located(fault: Invalid, where: str) -> list[Problem]:
    return [Problem(one.code, one.sentence, f"{where}.{one.field}".rstrip("."), one.remedy) for one in fault.problems]
