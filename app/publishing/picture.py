"""What the website has to show at one moment, as domain values; a faulty document is left out, never in the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from app.domain.contacts import ContactChannel, with_live
from app.domain.crisis import CrisisState, Severity, UpdateState
from app.domain.help_choice import Library
from app.domain.help_library import FaqEntry, HelpLink
from app.domain.playbooks import Playbook
from app.domain.routing import Need, Registry, RoutingRule
from app.domain.sites import Site
from app.domain.texts import Texts
from app.domain.updates import UpdateDocument
from app.errors import Invalid, Problem
from app.store.crises import CrisisRow
from app.store.documents import DocumentRow
from app.store.updates import UpdateRow
from app.store.website import WebsiteRows

T = TypeVar("T")

NOT_OUT: Final = frozenset(
    {
        UpdateState.DRAFT,
        UpdateState.STAGING,
        UpdateState.SUBMITTED,
        UpdateState.RETURNED,
        UpdateState.REJECTED,
        UpdateState.APPROVED,
    }
)
"""Nobody outside has seen these words. In the undo window (releasing) nobody has until `sent_at`, its end."""


class Standing(StrEnum):
    """What a reader must know about an official message; decides whether it can be the banner."""

    CURRENT = "current"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OVER = "over"
    """A newer message took its place, or its crisis is resolved."""


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


@dataclass(frozen=True, slots=True)
class PublicCrisis:
    slug: str
    titles: Texts
    severity: Severity
    resolved: bool
    updates: tuple[PublicUpdate, ...]
    """Newest first, never empty."""
    playbook: str = ""

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
    live: tuple[PublicCrisis, ...]
    """Those with a word that holds now first, by severity; then by their newest message."""
    drills: tuple[PublicCrisis, ...]
    problems: tuple[Problem, ...]
    """Stored documents that could not be read and are therefore missing on the website."""
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
    problems: list[Problem] = []
    sites = _readable(rows.sites, Site.from_document, problems)
    channels = _readable(rows.contact_channels, ContactChannel.from_document, problems)
    registry = Registry.of(
        with_live({channel.slug: channel for channel in channels}, rows.live).values(),
        _readable(rows.needs, Need.from_document, problems),
        _readable(rows.routing_rules, RoutingRule.from_document, problems),
    )
    public = _public_updates(rows, at, problems)
    return Picture(
        at=at,
        newest_request=rows.newest_request,
        sites=tuple(sites),
        registry=registry,
        faq=tuple(_readable(rows.faq, FaqEntry.from_document, problems)),
        help_links=tuple(_readable(rows.help_links, HelpLink.from_document, problems)),
        live=_crises(rows.crises, [update for update in public if not update.document.drill]),
        drills=_crises(rows.crises, [update for update in public if update.document.drill]),
        playbooks={one.slug: one for one in _readable(rows.playbooks, _playbook, problems)},
        dead=rows.dead,
        problems=tuple(problems),
        next_release=min((row.sent_at for row in rows.updates if row.sent_at and row.sent_at > at), default=None),
    )


def is_out(row: UpdateRow, at: datetime) -> bool:
    """Whether anybody outside may have seen it: sent, its undo window over, and not stopped within that."""
    if row.state in NOT_OUT or row.sent_at is None or row.sent_at > at:
        return False
    return row.ended_at is None or row.ended_at >= row.sent_at


def standing(
    row: UpdateRow, document: UpdateDocument, crisis: CrisisRow, corrected: frozenset[int], at: datetime
) -> Standing:
    """What has become of a message that went out."""
    if row.id in corrected:
        return Standing.CORRECTED
    if row.state is UpdateState.CANCELLED:
        return Standing.WITHDRAWN
    if row.state is UpdateState.SUPERSEDED or crisis.state is CrisisState.RESOLVED:
        return Standing.OVER
    expired = row.state is UpdateState.EXPIRED or at >= document.expires_at
    return Standing.EXPIRED if expired else Standing.CURRENT


def _public_updates(rows: WebsiteRows, at: datetime, problems: list[Problem]) -> list[PublicUpdate]:
    out = [row for row in rows.updates if is_out(row, at)]
    corrected = frozenset(row.corrects for row in out if row.corrects is not None)
    found = []
    for row in out:
        try:
            document = UpdateDocument.from_document(row.document)
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
                standing=standing(row, document, rows.crises[row.crisis], corrected, at),
                corrects=row.corrects,
            )
        )
    return found


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
            updates=tuple(sorted(members, key=lambda update: (update.sent_at, update.id), reverse=True)),
        )
        for slug, members in grouped.items()
    ]
    newest_first = sorted(crises, key=lambda crisis: (crisis.updates[0].sent_at, crisis.slug), reverse=True)
    return tuple(sorted(newest_first, key=lambda crisis: crisis.severity.rank if crisis.shown else len(Severity)))


def _playbook(document: object) -> Playbook:
    return Playbook.from_document(document if isinstance(document, Mapping) else {})


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
