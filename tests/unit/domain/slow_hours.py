"""Opening hours the slow way: every minute by itself, read off the wall clock, from plain data.

Shares no code with app.domain: holidays are given as a set of dates, weeks and exceptions as minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
Slots = list[tuple[int, int]]
"""(first minute, last minute exclusive) of the day they begin on; beyond 1,440 on the next day."""


@dataclass(frozen=True)
class SlowException:
    first: date
    last: date
    slots: Slots
    every_year: bool = False

    def covers(self, day: date) -> bool:
        if not self.every_year:
            return self.first <= day <= self.last
        length = (self.last - self.first).days
        for year in range(day.year - 1, day.year + 2):
            try:
                begins = self.first.replace(year=year)
            except ValueError:  # 29 February
                continue
            if begins <= day <= begins + timedelta(days=length):
                return True
        return False


@dataclass(frozen=True)
class SlowSchedule:
    week: Mapping[int, Slots]
    zone: str
    holidays: frozenset[date] = frozenset()
    holiday_slots: Slots = field(default_factory=list)
    exceptions: tuple[SlowException, ...] = ()

    def why(self, day: date) -> object:
        for exception in self.exceptions:
            if exception.covers(day):
                return exception
        return "holiday" if day in self.holidays else "week"

    def slots(self, day: date) -> Slots:
        why = self.why(day)
        if isinstance(why, SlowException):
            return why.slots
        return self.holiday_slots if why == "holiday" else self.week.get(day.weekday(), [])

    def is_open(self, at: datetime) -> bool:
        wall = at.astimezone(ZoneInfo(self.zone))
        today, minute = wall.date(), wall.hour * 60 + wall.minute
        if any(first <= minute < last for first, last in self.slots(today)):
            return True
        yesterday = today - timedelta(days=1)
        if self.why(today) != "week" and self.why(today) is not self.why(yesterday):
            return False  # today has its own hours, whatever began yesterday
        return any(minute + 1440 < last for _, last in self.slots(yesterday))

    def intervals(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        found: list[tuple[datetime, datetime]] = []
        at = start
        while at < end:
            if self.is_open(at):
                if found and found[-1][1] == at:
                    found[-1] = (found[-1][0], at + MINUTE)
                else:
                    found.append((at, at + MINUTE))
            at += MINUTE
        return found
