"""Which announcements are public and what has become of each; every crisis as one line of the history."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from app.domain.crisis import CrisisState, Severity, Stage, UpdateState
from app.domain.texts import Texts
from app.store.crises import CrisisRow
from app.store.outlines import Outline

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
    ALL_CLEAR = "all_clear"
    """The last word of a crisis that is resolved: no news any more, and still true."""


class Stored(Protocol):
    """What both an update and its outline have."""

    @property
    def id(self) -> int: ...
    @property
    def state(self) -> UpdateState: ...
    @property
    def sent_at(self) -> datetime | None: ...
    @property
    def ended_at(self) -> datetime | None: ...


def is_out(row: Stored, at: datetime) -> bool:
    """Whether anybody outside may have seen it: sent, its undo window over, and not stopped within that."""
    if row.state in NOT_OUT or row.sent_at is None or row.sent_at > at:
        return False
    return row.ended_at is None or row.ended_at >= row.sent_at


def standing(
    row: Stored, stage: Stage, expires_at: datetime | None, crisis: CrisisRow, corrected: frozenset[int], at: datetime
) -> Standing:
    """What has become of a message that went out."""
    if row.id in corrected:
        return Standing.CORRECTED
    if row.state is UpdateState.CANCELLED:
        return Standing.WITHDRAWN
    if row.state is UpdateState.SUPERSEDED:
        return Standing.OVER
    if crisis.state is CrisisState.RESOLVED:
        return Standing.ALL_CLEAR if stage in (Stage.RESOLVED, Stage.FOLLOWUP) else Standing.OVER
    expired = row.state is UpdateState.EXPIRED or expires_at is None or at >= expires_at
    return Standing.EXPIRED if expired else Standing.CURRENT


@dataclass(frozen=True, slots=True)
class Mention:
    """An announcement that went out, without its words."""

    id: int
    revision: int
    crisis: str
    stage: Stage
    drill: bool
    sent_at: datetime
    changed_at: datetime
    standing: Standing


@dataclass(frozen=True, slots=True)
class Chapter:
    """A crisis as the history tells it. Live messages and exercises of one crisis are two chapters."""

    slug: str
    titles: Texts
    severity: Severity
    resolved: bool
    drill: bool
    mentions: tuple[Mention, ...]
    """Newest first, never empty."""
    stamp: str
    """Changes with anything its page shows, unless one of its messages still holds: then time does too."""

    @property
    def current(self) -> bool:
        """Whether one of its messages holds; the newest that was neither corrected nor withdrawn decides."""
        counted = (one for one in self.mentions if one.standing in (Standing.CURRENT, Standing.EXPIRED))
        newest = next(counted, None)
        return newest is not None and newest.standing is Standing.CURRENT

    @property
    def began_at(self) -> datetime:
        return self.mentions[-1].sent_at

    @property
    def last_at(self) -> datetime:
        return self.mentions[0].sent_at

    @property
    def changed_at(self) -> datetime:
        return max(one.changed_at for one in self.mentions)


def chapters(outlines: Iterable[Outline], crises: Mapping[str, CrisisRow], at: datetime) -> tuple[Chapter, ...]:
    """The one that spoke last first."""
    out = [one for one in outlines if is_out(one, at)]
    corrected = frozenset(one.corrects for one in out if one.corrects is not None)
    grouped: dict[tuple[str, bool], list[Mention]] = {}
    for one in out:
        mention = Mention(
            id=one.id,
            revision=one.revision,
            crisis=one.crisis,
            stage=one.stage,
            drill=one.drill,
            sent_at=one.sent_at,
            changed_at=max(one.sent_at, one.ended_at or one.sent_at),
            standing=standing(one, one.stage, one.expires_at, crises[one.crisis], corrected, at),
        )
        grouped.setdefault((one.crisis, one.drill), []).append(mention)
    told = [_chapter(crises[slug], drill, tuple(mentions)) for (slug, drill), mentions in grouped.items()]
    return tuple(sorted(told, key=lambda one: (one.last_at, one.slug), reverse=True))


def _chapter(row: CrisisRow, drill: bool, mentions: tuple[Mention, ...]) -> Chapter:  # noqa: FBT001 - private, one caller
    resolved = row.state is CrisisState.RESOLVED
    shown = [(one.id, one.revision, one.stage.value, one.sent_at, one.standing.value) for one in mentions]
    facts = repr((sorted(row.titles.items()), row.severity.value, resolved, drill, shown))
    stamp = hashlib.sha256(facts.encode()).hexdigest()[:24]
    return Chapter(row.slug, row.titles, row.severity, resolved, drill, mentions, stamp)
