"""Opening hours as schema.org's OpeningHoursSpecification says them: a week, and the days on which it is otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from app.domain.hours import Replacement, Schedule, intervals
from app.domain.special_days import source_of
from app.domain.week import DAY, Slot, Week, read_week

DAYS_AHEAD: Final = 90
"""So far ahead public holidays and exceptions are named."""
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CLOSED: Final = ("00:00", "00:00")
"""What schema.org and search engines read as closed all day."""


@dataclass(frozen=True, slots=True)
class Spec:
    """Opens and closes in wall time; closing at or before opening means past midnight, equal means closed."""

    opens: str
    closes: str
    days: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None
    """Both included; None = always."""

    def to_document(self) -> dict[str, object]:
        document: dict[str, object] = {"@type": "OpeningHoursSpecification", "opens": self.opens, "closes": self.closes}
        if self.days:
            document["dayOfWeek"] = [f"https://schema.org/{day}" for day in self.days]
        if self.first:
            document["validFrom"] = self.first.isoformat()
        if self.last:
            document["validThrough"] = self.last.isoformat()
        return document


def opening_specs(schedule: Schedule, at: datetime) -> tuple[Spec, ...]:
    """The usual week first, then what differs within DAYS_AHEAD: exceptions, public holidays, timed overrides.

    Hours that no week can say (by months, by dates) are given day by day.
    """
    lasting = tuple(one for one in schedule.replacements if one.until is None or one.until > at)
    return _specs(replace(schedule, replacements=lasting), at.astimezone(ZoneInfo(schedule.timezone)).date())


@lru_cache(maxsize=2_048)
def _specs(schedule: Schedule, today: date) -> tuple[Spec, ...]:
    """Asked for every language of every snapshot, and the same all day."""
    week = read_week(schedule.weekly)
    if week is None:
        return tuple(_by_day(schedule, today))
    special = [(day, slots) for day in _ahead(today) if (slots := _special(schedule, day)) is not None]
    replaced = (spec for one in schedule.replacements for spec in _replaced(schedule, one))
    return (*_week(week), *_runs(special), *replaced)


def _ahead(today: date) -> Iterator[date]:
    return (today + timedelta(days=number) for number in range(DAYS_AHEAD))


def _special(schedule: Schedule, day: date) -> tuple[Slot, ...] | None:
    """The times of a day that is not as usual; None = as usual."""
    place = source_of(schedule.exceptions, day)
    if place is not None:
        return schedule.exceptions[place].slots
    if schedule.holidays is not None and schedule.holidays.include(day):
        return schedule.holidays.slots
    return None


def _week(week: Week, first: date | None = None, last: date | None = None) -> Iterator[Spec]:
    days_with: dict[Slot, list[str]] = {}
    for name, slots in zip(WEEKDAYS, week, strict=True):
        for slot in slots:
            days_with.setdefault(slot, []).append(name)
    if not days_with:
        yield Spec(*_CLOSED, WEEKDAYS, first, last)
    for slot, days in days_with.items():
        yield Spec(*_times(slot), tuple(days), first, last)


def _runs(special: list[tuple[date, tuple[Slot, ...]]]) -> Iterator[Spec]:
    """Days in a row with the same times are one specification each."""
    start = 0
    for place, (day, slots) in enumerate(special):
        following = special[place + 1] if place + 1 < len(special) else None
        if following is not None and following == (day + timedelta(days=1), slots):
            continue
        first, start = special[start][0], place + 1
        for opens, closes in map(_times, slots) if slots else (_CLOSED,):
            yield Spec(opens, closes, (), first, day)


def _replaced(schedule: Schedule, one: Replacement) -> Iterator[Spec]:
    zone = ZoneInfo(schedule.timezone)
    week = read_week(one.weekly)
    last = one.until.astimezone(zone).date() if one.until else None
    if week is not None:
        yield from _week(week, one.begins.astimezone(zone).date(), last)


def _by_day(schedule: Schedule, today: date) -> Iterator[Spec]:
    zone = ZoneInfo(schedule.timezone)
    for day in _ahead(today):
        starts, ends = (datetime(one.year, one.month, one.day, tzinfo=zone) for one in (day, day + timedelta(days=1)))
        found = intervals(schedule, starts, ends)
        for opens, closes in found:
            last = "23:59" if closes >= ends else f"{closes.astimezone(zone):%H:%M}"
            yield Spec(f"{opens.astimezone(zone):%H:%M}", last, (), day, day)
        if not found:
            yield Spec(*_CLOSED, (), day, day)


def _times(slot: Slot) -> tuple[str, str]:
    first, last = slot
    return _clock(first), "23:59" if last % DAY == 0 else _clock(last % DAY)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
