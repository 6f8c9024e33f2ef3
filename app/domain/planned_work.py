"""Work announced ahead of time: when it starts and ends, where, and what it means for readers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.reading import Reader, iso
from app.domain.texts import NO_TEXTS, Texts

LONGEST: Final = timedelta(days=366)
REMEMBERED: Final = timedelta(days=90)
"""How long work that is over or was called off stays in the calendar."""


class PlannedState(StrEnum):
    PLANNED = "planned"
    CANCELLED = "cancelled"


class Phase(StrEnum):
    LATER = "later"
    NOW = "now"
    OVER = "over"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class PlannedWork:
    slug: str
    titles: Texts
    starts: datetime
    ends: datetime
    texts: Texts = field(default_factory=lambda: NO_TEXTS)
    """What readers will notice, and what they can do."""
    areas: tuple[str, ...] = ()
    """None: everywhere."""
    state: PlannedState = PlannedState.PLANNED
    changed_at: datetime | None = None
    """When it was saved last; set by us, whatever is sent."""
    revision: int = 1
    """Of the stored document: calendars replace what they hold by a higher one."""

    @classmethod
    def from_document(cls, document: object, at: str = "", revision: int = 1) -> PlannedWork:
        """Raise Invalid with one Problem per fault."""
        read = Reader(document, at)
        read.only("slug", "titles", "texts", "starts", "ends", "areas", "state", "changed_at")
        starts, ends = (_moment(read, field) for field in ("starts", "ends"))
        if starts and ends and not starts < ends <= starts + LONGEST:
            remedy = "Give an end after the start, at most a year later."
            read.problem("bad_period", read.path("ends"), "is not after the start", remedy)
        slug = read.slug()
        titles = read.texts("titles", required=True, longest=200)
        texts = read.texts("texts", longest=2_000, lines=True)
        areas = read.strings("areas", most=50, longest=64)
        state = read.choice("state", PlannedState, PlannedState.PLANNED)
        changed_at = read.instant("changed_at")
        read.done()
        if starts is None or ends is None:
            raise AssertionError("the reader refuses what has no start or end")
        return cls(slug, titles, starts, ends, texts, areas, state, changed_at, revision)

    def to_document(self) -> dict[str, object]:
        return {
            "slug": self.slug,
            "titles": dict(self.titles),
            "texts": dict(self.texts),
            "starts": iso(self.starts),
            "ends": iso(self.ends),
            "areas": list(self.areas),
            "state": self.state.value,
            "changed_at": iso(self.changed_at) if self.changed_at else None,
        }

    def phase(self, at: datetime) -> Phase:
        if at >= self.ends:
            return Phase.OVER
        if self.state is PlannedState.CANCELLED:
            return Phase.CANCELLED
        return Phase.NOW if at >= self.starts else Phase.LATER

    def next_turn(self, at: datetime) -> datetime | None:
        """When, after `at`, it begins or ends; None = never."""
        return next((turn for turn in (self.starts, self.ends) if turn > at), None)


def _moment(read: Reader, field: str) -> datetime | None:
    if not read.has(field):
        read.problem("missing", read.path(field), "is missing", "Write it as 2026-11-22T14:30:00Z.")
        return None
    return read.instant(field)
