"""A contact channel's own exceptions: days on which other hours hold than in the week, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.domain.reading import Reader
from app.domain.texts import NO_TEXTS, Texts
from app.domain.week import Slot, overlap_of_day, read_slots, span_text

_MOST = 200
_LEAP_YEAR = 2024


@dataclass(frozen=True, slots=True)
class SpecialDays:
    first: date
    last: date
    """Included."""
    slots: tuple[Slot, ...] = ()
    """Times of each of the days; empty = closed."""
    every_year: bool = False
    """Only month and day count; a range may run over New Year. 29 February comes in leap years only."""
    labels: Texts = field(default_factory=lambda: NO_TEXTS, hash=False)

    def include(self, day: date) -> bool:
        if not self.every_year:
            return self.first <= day <= self.last
        begin, end, wanted = ((one.month, one.day) for one in (self.first, self.last, day))
        return begin <= wanted <= end if begin <= end else wanted >= begin or wanted <= end

    def to_document(self) -> dict[str, object]:
        hours: dict[str, object] = {"hours": ",".join(map(span_text, self.slots))} if self.slots else {"closed": True}
        return {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "every_year": self.every_year,
            **hours,
            "labels": dict(self.labels),
        }


def read_special_days(read: Reader, name: str = "exceptions") -> tuple[SpecialDays, ...]:
    """Those of one year first, because they win over those of every year; else in the document's order."""
    found = []
    for index, item in enumerate(read.items(name, _MOST)):
        before = len(read.problems)
        one = _read(Reader(item, f"{read.path(name)}[{index}]", read.problems))
        if one and len(read.problems) == before:
            found.append((index, one))
    for later, one in found:
        earlier = next((at for at, other in found if at < later and _collide(one, other)), None)
        if earlier is not None:
            read.problem(
                "overlapping_exceptions",
                f"{read.path(name)}[{later}]",
                f"covers a day that {name}[{earlier}] covers too",
                "Let the ranges follow each other.",
            )
    return tuple(sorted((one for _, one in found), key=lambda one: one.every_year))


def _read(read: Reader) -> SpecialDays | None:
    read.only("from", "to", "every_year", "closed", "hours", "labels")
    first = read.day("from")
    last = read.day("to") if read.has("to") else first
    every_year = read.flag("every_year")
    labels = read.texts("labels", longest=200)
    slots = _slots(read)
    if not read.has("from"):
        read.problem("missing", read.path("from"), "is missing", "Name the day: 2026-12-24.")
    if first is None or last is None:
        return None
    if last < first:
        read.problem("bad_range", read.path("to"), "is before from", "Swap the two dates.")
    elif every_year and last - first >= timedelta(days=365):
        read.problem("bad_range", read.path("to"), "is a year or more after from", "Leave every_year out.")
    return SpecialDays(first, last, slots, every_year, labels)


def _slots(read: Reader) -> tuple[Slot, ...]:
    closed, hours = read.flag("closed"), read.text("hours", longest=200, lines=False)
    if closed == bool(hours):
        read.problem(
            "missing" if not closed else "contradiction",
            read.path("hours"),
            "and closed: exactly one of the two is needed",
            'Send "closed": true or "hours": "10:00-14:00".',
        )
    if not hours:
        return ()
    slots = read_slots(hours)
    if slots is None:
        read.problem("bad_hours", read.path("hours"), "is not the times of a day", "Write 10:00-14:00,15:00-18:00.")
    elif overlap_of_day(slots):
        read.problem("overlapping_hours", read.path("hours"), "has times that overlap", "Join them.")
    return slots or ()


def _collide(one: SpecialDays, other: SpecialDays) -> bool:
    if one.every_year != other.every_year:
        return False
    if one.every_year:
        return any(other.include(day) for day in _leap_year() if one.include(day))
    return one.first <= other.last and other.first <= one.last


def _leap_year() -> Iterator[date]:
    for days in range(366):
        yield date(_LEAP_YEAR, 1, 1) + timedelta(days=days)


def source_of(days: Sequence[SpecialDays], day: date) -> int | None:
    """Place of the entry that holds on this day; None = none does."""
    return next((place for place, one in enumerate(days) if one.include(day)), None)
