"""Five-field cron in a time zone: read, checked, and its fire times computed exactly.

Fields and names as in crontab(5): minute, hour, day of month, month, day of week (0 and 7 are Sunday; jan, mon);
`*`, lists, ranges, steps; `@hourly` and its kin. Where day of month and day of week are both restricted, either is
enough; a field that begins with `*` does not restrict.

Clock changes. A set time that the clocks skip fires at the first instant after the gap, once; one that they show
twice fires the first time only. An expression whose hour is `*` follows elapsed time instead: "every ten minutes"
stays every ten minutes, also through the hour that comes twice.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from app.errors import Invalid, Problem

ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "@hourly": "0 * * * *",
        "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *",
        "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *",
        "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
    }
)
MONTHS: Final = tuple(name.lower() for name in calendar.month_abbr)
"""By number; the first is empty."""
WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
HORIZON: Final = timedelta(days=366 * 41)
"""29 February on a given weekday comes every 28 years, 40 across a year like 2100."""

_MINUTE: Final = timedelta(minutes=1)
_PART: Final = re.compile(r"(?P<low>\*|[a-z]+|\d+)(?:-(?P<high>[a-z]+|\d+))?(?:/(?P<step>\d+))?")
_EXAMPLE: Final = "Write five fields, as “30 8 * * mon-fri”, or @hourly, @daily, @weekly, @monthly, @yearly."


@dataclass(frozen=True, slots=True)
class _Field:
    span: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, MONTHS),
    _Field("day of week", 0, 7, WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """Every tuple ascending; `weekdays` with 0 for Sunday and without 7."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either: bool
    """Day of month and day of week both restrict: one of them is enough."""
    every_hour: bool
    """The hour is `*`: elapsed time counts, not what the clocks show."""

    def on(self, day: date) -> bool:
        """Whether it fires on this day at all."""
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return by_day or by_weekday if self.either else by_day and by_weekday

    def next_after(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """The first fire time later than `after`, in UTC; None when there is none within HORIZON."""
        return self._elapsed(after, zone) if self.every_hour else self._by_the_clock(after, zone)

    def _by_the_clock(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        seen = after.astimezone(zone).replace(tzinfo=None, fold=0)
        day, last = seen.date(), (after + HORIZON).date()
        while day <= last:
            if self.on(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        wall = datetime.combine(day, time(hour, minute))
                        # What the clocks showed before `seen` lies in the past: instants rise with the clock.
                        if wall > seen and (at := instant(wall, zone)) > after:
                            return at
            day = _next_day(day, self.months)
        return None

    def _elapsed(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        at = after.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
        last = at + HORIZON
        while at <= last:
            local = at.astimezone(zone)
            if not self.on(local.date()):
                midnight = datetime.combine(_next_day(local.date(), self.months), time())
                at = max(instant(midnight, zone), at + _MINUTE)
            elif local.minute in self.minutes:
                return at
            else:  # to the next named minute or the next hour, and look again: the clocks may have changed
                later = next((minute for minute in self.minutes if minute > local.minute), 60)
                at += (later - local.minute) * _MINUTE
        return None


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks of the zone show `wall` (naive): of two the first; skipped, the first instant after the gap."""
    at = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return at
    low = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # the offset after the change: before it; `at` is after it
    before = low.astimezone(zone).utcoffset()
    while at - low > timedelta(seconds=1):
        middle = low + (at - low) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            at = middle
    return at


def read_cron(text: str, field: str = "cron") -> Cron:
    """Raise Invalid with one Problem per fault: not five fields, a value out of range, a day that never comes."""
    plain = " ".join(text.lower().split())
    if plain.startswith("@"):
        if plain not in ALIASES:
            known = ", ".join(ALIASES)
            hint = "It would fire at every start; name a time." if plain == "@reboot" else f"Use one of: {known}."
            raise Invalid(Problem("unknown_cron_name", f"“{text}” is not known here.", field, hint))
        return read_cron(ALIASES[plain], field)
    parts = plain.split(" ") if plain else []
    if len(parts) != len(_FIELDS):
        remedy = "Leave the seconds out: it looks once a minute." if len(parts) == 6 else _EXAMPLE
        raise Invalid(Problem("cron_fields", f"“{text}” has {len(parts)} fields, not five.", field, remedy))
    problems: list[Problem] = []
    sets = [_values(part, kind, field, problems) for part, kind in zip(parts, _FIELDS, strict=True)]
    if problems:
        raise Invalid(problems)
    minutes, hours, days, months, weekdays = sets
    cron = Cron(
        plain,
        minutes,
        hours,
        days,
        months,
        tuple(sorted({number % 7 for number in weekdays})),
        either=not parts[2].startswith("*") and not parts[4].startswith("*"),
        every_hour=len(hours) == 24,
    )
    _check_comes(cron, field)
    return cron


def _values(part: str, kind: _Field, field: str, problems: list[Problem]) -> tuple[int, ...]:
    found: set[int] = set()
    for piece in part.split(","):
        match = _PART.fullmatch(piece)
        if match is None:
            problems.append(Problem("cron_syntax", f"“{piece}” is no {kind.span}.", field, _EXAMPLE))
            continue
        low, high, step = match["low"], match["high"], int(match["step"] or 1)
        first = kind.lowest if low == "*" else _number(low, kind)
        last = first
        if high is not None:
            last = _number(high, kind)
            if kind.span == "day of week" and last == 0 and first:
                last = 7  # fri-sun
        elif low == "*" or match["step"]:
            last = kind.highest if kind.span != "day of week" else 6
        fault = _fault(first, last, step, star_range=low == "*" and high is not None)
        if fault or first is None or last is None:
            allowed = f"from {kind.lowest} to {kind.highest}"
            names = f", or {', '.join(name for name in kind.names if name)}" if kind.names else ""
            sentence = f"“{piece}” is no {kind.span}: {fault}." if fault else f"“{piece}” is no {kind.span}."
            problems.append(Problem("cron_range", sentence, field, f"{kind.span.capitalize()}: {allowed}{names}."))
            continue
        found.update(range(first, last + 1, step))
    return tuple(sorted(found))


def _number(text: str, kind: _Field) -> int | None:
    if text in kind.names and text:
        return kind.names.index(text)
    number = int(text) if text.isdecimal() and len(text) <= 4 else -1
    return number if kind.lowest <= number <= kind.highest else None


def _fault(first: int | None, last: int | None, step: int, *, star_range: bool) -> str:
    if star_range:
        return "a star has no end"
    if first is None or last is None:
        return "out of range"
    if first > last:
        return "the range runs backwards"
    return "a step is at least 1" if step < 1 else ""


def _check_comes(cron: Cron, field: str) -> None:
    """Refuse days that no calendar has, such as 30 February."""
    longest = max(29 if month == 2 else calendar.monthrange(2001, month)[1] for month in cron.months)
    if cron.either or cron.days[0] <= longest:
        return
    months = ", ".join(calendar.month_name[month] for month in cron.months)
    raise Invalid(
        Problem(
            "cron_never",
            f"Day {cron.days[0]} never comes in {months}.",
            field,
            f"The last day there is {longest}; for the end of every month use day 1, just after midnight.",
        )
    )


def _next_day(day: date, months: tuple[int, ...]) -> date:
    """The day after, in a month that is named."""
    following = day + timedelta(days=1)
    while following.month not in months:
        following = (following.replace(day=28) + timedelta(days=4)).replace(day=1)
    return following
