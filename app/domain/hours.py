"""When a contact channel is staffed: weekly hours, public holidays and exceptions against the wall clock of a zone.

An exception wins over a holiday, a holiday over the week. A slot belongs to the day it begins on and may run past
midnight, but never into a holiday or exception that has hours of its own: closed on the 25th means closed from 00:00.

Rule for the days the clocks change: a place is open at an instant exactly when the wall clock there shows an open
minute. An hour that comes twice is open twice; an hour that is skipped is never open.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, State, validate

from app.domain.public_holidays import Holidays
from app.domain.reading import is_timezone
from app.domain.special_days import SpecialDays, source_of
from app.domain.week import DAY, Slot, overlap_fault, read_week
from app.errors import Invalid, Problem

Interval = tuple[datetime, datetime]
_Spans = tuple[tuple[int, ...], tuple[int, ...]]
"""Begins and ends in seconds since 1970 UTC, in order, never touching: made for bisection."""

_DAY: Final = timedelta(days=1)
_SECONDS: Final = 86_400
_BLOCK: Final = 32 * _SECONDS
_FIRST_BLOCK: Final = int(datetime(2, 1, 1, tzinfo=UTC).timestamp()) // _BLOCK
_LAST_BLOCK: Final = int(datetime(9998, 1, 1, tzinfo=UTC).timestamp()) // _BLOCK
_SUN: Final = re.compile(r"sunrise|sunset|dawn|dusk", re.IGNORECASE)
_HOLIDAY_TIMES: Final = re.compile(r"\b(?:PH|SH)\b(?!\s+(?:off|closed)\b)")
_SPAN: Final = re.compile(r"(\d{1,2}:\d\d)\s*-\s*(\d{1,2}:\d\d)")


@dataclass(frozen=True, slots=True)
class Replacement:
    """Other weekly hours for a while."""

    weekly: str
    begins: datetime
    until: datetime | None
    """None = for good."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When somebody is there. Hashable and compared by value, so that what is worked out for it can be kept."""

    weekly: str = "24/7"
    """OSM opening_hours text, in wall time of `timezone`."""
    timezone: str = "UTC"
    holidays: Holidays | None = None
    exceptions: tuple[SpecialDays, ...] = ()
    """The first that includes a day holds on it."""
    replacements: tuple[Replacement, ...] = ()
    """Take the place of all of the above; where two hold at once, the later one counts."""
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Worked out once: every look into the cache below asks for it.
        parts = (self.weekly, self.timezone, self.holidays, self.exceptions, self.replacements)
        object.__setattr__(self, "_hash", hash(parts))

    def __hash__(self) -> int:
        return self._hash

    @property
    def never_closes(self) -> bool:
        """Whether it says day and night, on every day there is."""
        special = self.holidays is not None and self.holidays.slots is not None
        return self.weekly == "24/7" and not special and not self.exceptions and not self.replacements


@dataclass(frozen=True, slots=True)
class Opening:
    """The state at one instant. Times are UTC."""

    open: bool
    opens_at: datetime | None = None
    """Next opening when closed; None = open now, or none for more than a year."""
    closes_at: datetime | None = None
    """Next closing when open; None = closed now, or none for more than a year (24/7)."""


def check(hours: str, timezone: str) -> tuple[Problem, ...]:
    """What is wrong with this pair, fields `hours` and `timezone`; empty when it makes sense."""
    problems = []
    if not is_timezone(timezone):
        problems.append(
            Problem("bad_timezone", "timezone is not a time zone.", "timezone", "Use an IANA name: Asia/Kolkata.")
        )
    if not validate(hours):
        problems.append(
            Problem(
                "bad_hours",
                "hours is not an opening-hours text.",
                "hours",
                "Write it as “Mo-Fr 08:00-18:00; Sa 09:00-13:00” or “24/7”.",
            )
        )
        return tuple(problems)
    if _SUN.search(hours):
        problems.append(
            Problem("bad_hours", "hours follows the sun, which needs a place.", "hours", "Give clock times.")
        )
    if _HOLIDAY_TIMES.search(hours):
        problems.append(
            Problem("bad_hours", "hours names holidays.", "hours", "Say what holds on holidays in holidays.hours.")
        )
    if same := next((span for span in _SPAN.finditer(hours) if span[1] == span[2]), None):
        problems.append(
            Problem("bad_hours", f"hours begins and ends at once: {same[0]}.", "hours", "All day is 00:00-24:00.")
        )
    elif fault := overlap_fault(read_week(hours) or ((),) * 7):
        problems.append(Problem("overlapping_hours", f"hours {fault}.", "hours", "Join them."))
    return tuple(problems)


def opening(schedule: Schedule, at: datetime) -> Opening:
    """Open or closed at `at`, and the next change. Invalid when the hours or the zone cannot be read."""
    now = at.timestamp()
    edges, states = _states(schedule, int(now // _BLOCK))
    return states[bisect_right(edges, now)]


def intervals(schedule: Schedule, start: datetime, end: datetime) -> tuple[Interval, ...]:
    """The open times between start and end, in UTC, in order, cut at both ends, never touching each other."""
    pieces: list[Interval] = []
    for number in range(int(start.timestamp() // _BLOCK), int(end.timestamp() // _BLOCK) + 1):
        for first, last in zip(*_block(schedule, number), strict=True):
            _append(pieces, max(_instant(first), start.astimezone(UTC)), min(_instant(last), end.astimezone(UTC)))
    return tuple(pieces)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=16_384)
def _states(schedule: Schedule, number: int) -> tuple[tuple[int, ...], tuple[Opening, ...]]:
    """The changes of 32 days, and what to say before the first, between each two and after the last."""
    edges: list[int] = []
    states: list[Opening] = []
    for begin, end in zip(*_block(schedule, number), strict=True):
        edges += [begin, end]
        states.append(Opening(False, _instant(begin)))
        closes = _end(schedule, number) if end == (number + 1) * _BLOCK else end
        states.append(Opening(True, None, None if closes is None else _instant(closes)))
    opens = _next_begin(schedule, number)
    states.append(Opening(False, None if opens is None else _instant(opens)))
    return tuple(edges), tuple(states)


def _end(schedule: Schedule, number: int) -> int | None:
    """Where the open time that reaches the end of block `number` really ends; None = not within 13 blocks."""
    for later in range(number + 1, number + 14):
        start, (begins, ends) = later * _BLOCK, _block(schedule, later)
        if not begins or begins[0] != start:
            return start
        if ends[0] != start + _BLOCK:
            return ends[0]
    return None


def _next_begin(schedule: Schedule, number: int) -> int | None:
    """The first opening after block `number`; None = not within 13 blocks."""
    for later in range(number + 1, number + 14):
        begins, _ = _block(schedule, later)
        if begins:
            return begins[0]
    return None


def _append(pieces: list[Interval], begins: datetime, ends: datetime) -> None:
    if begins >= ends:
        return
    if pieces and pieces[-1][1] >= begins:
        begins = pieces.pop()[0]
    pieces.append((begins, ends))


@lru_cache(maxsize=16_384)
def _block(schedule: Schedule, number: int) -> _Spans:
    """The open times of 32 days, cut at both ends: what every question about these days is answered from."""
    if not _FIRST_BLOCK <= number <= _LAST_BLOCK:
        return (), ()
    spans = [
        (wall_first - offset, wall_last - offset)
        for first, last, offset in _stretches(schedule.timezone, number)
        for wall_first, wall_last in _wall_spans(schedule, first + offset, last + offset)
    ]
    for other in schedule.replacements:
        first = math.ceil(other.begins.timestamp())
        last = math.ceil(other.until.timestamp()) if other.until else (number + 1) * _BLOCK
        if first < (number + 1) * _BLOCK and last > number * _BLOCK:
            instead = zip(*_block(Schedule(other.weekly, schedule.timezone), number), strict=True)
            spans = [*_cut(spans, None, first), *_cut(instead, first, last), *_cut(spans, last, None)]
    return _joined(spans)


def _cut(spans: Iterable[tuple[int, int]], first: int | None, last: int | None) -> Iterator[tuple[int, int]]:
    for begin, end in spans:
        begins = begin if first is None else max(begin, first)
        ends = end if last is None else min(end, last)
        if begins < ends:
            yield begins, ends


def _joined(spans: Iterable[tuple[int, int]]) -> _Spans:
    begins: list[int] = []
    ends: list[int] = []
    for begin, end in spans:
        if ends and ends[-1] == begin:
            ends[-1] = end
        else:
            begins.append(begin)
            ends.append(end)
    return tuple(begins), tuple(ends)


def _wall_spans(schedule: Schedule, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Open times by the wall clock, in seconds since 1970 on that clock, merged and cut to [first, last)."""
    spans = []
    midnight = first // _SECONDS * _SECONDS - _SECONDS  # a slot of the day before may still run
    while midnight < last:
        day = date(1970, 1, 1) + timedelta(seconds=midnight)
        spans += [(midnight + begin * 60, midnight + end * 60) for begin, end in _slots(schedule, day)]
        midnight += _SECONDS
    open_since = open_until = first
    for begin, end in sorted(spans):
        if begin > open_until:
            if open_since < open_until:
                yield open_since, open_until
            open_since = open_until = max(begin, first)
        open_until = max(open_until, min(end, last))
    if open_since < open_until:
        yield open_since, open_until


_WEEKLY: Final = -2
_HOLIDAY: Final = -1


def _source(schedule: Schedule, day: date) -> int:
    """What holds on this day: the place of an exception, _HOLIDAY or _WEEKLY."""
    place = source_of(schedule.exceptions, day)
    if place is not None:
        return place
    holidays = schedule.holidays
    return _HOLIDAY if holidays and holidays.slots is not None and holidays.include(day) else _WEEKLY


def _slots(schedule: Schedule, day: date) -> list[Slot]:
    """The slots that begin on this day, in minutes, ended by midnight where the next day has hours of its own."""
    source, following = _source(schedule, day), _source(schedule, day + _DAY)
    if source == _WEEKLY:
        slots = _weekly(schedule, day)
    else:
        holidays = schedule.holidays
        slots = (holidays.slots or () if holidays else ()) if source == _HOLIDAY else schedule.exceptions[source].slots
    if following in (_WEEKLY, source):
        return list(slots)
    return [(first, min(last, DAY)) for first, last in slots]


def _weekly(schedule: Schedule, day: date) -> tuple[Slot, ...]:
    week = read_week(schedule.weekly)
    if week is not None:
        return week[day.weekday()]
    rule = _parsed(schedule.weekly)
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - wall time, see _parsed
    found = [
        (_minutes(begins - midnight), _minutes(ends - midnight))
        for begins, ends, state, _comment in rule.intervals(midnight, midnight + _DAY)
        if state is State.OPEN
    ]
    if found and found[0][0] <= 0 and _has_nights(schedule.weekly) and _source(schedule, day - _DAY) != _WEEKLY:
        del found[0]  # the rest of a night shift that never began
    return tuple((max(first, 0), min(last, DAY)) for first, last in found)


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds()) // 60


@lru_cache(maxsize=1_024)
def _has_nights(weekly: str) -> bool:
    """Whether some time span of this text runs past midnight."""
    return any(last <= first or last > "24:00" for first, last in _SPAN.findall(weekly))


@lru_cache(maxsize=1_024)
def _parsed(weekly: str) -> OpeningHours:
    if not validate(weekly) or _SUN.search(weekly):
        raise Invalid(check(weekly, "UTC"))
    # Read without a zone on purpose: the library moves a twice-shown hour to its second showing.
    return OpeningHours(weekly, auto_country=False, auto_timezone=False)


@lru_cache(maxsize=4_096)
def _stretches(timezone: str, number: int) -> tuple[tuple[int, int, int], ...]:
    """A block cut into (first, last, offset), all in seconds, within which the zone's offset stays the same."""
    if not is_timezone(timezone):
        raise Invalid(check("24/7", timezone))
    zone = ZoneInfo(timezone)
    start, end = number * _BLOCK, (number + 1) * _BLOCK
    found = []
    first, offset = start, _offset(zone, start)
    day = start
    while day < end:
        next_day = day + _SECONDS
        while (changed := _offset(zone, next_day)) != offset:
            turn = _turn(zone, day, next_day, offset)
            if turn >= end:
                break
            found.append((first, turn, offset))
            first, day, offset = turn, turn, _offset(zone, turn)
            if offset == changed:
                break
        day = next_day
    return (*found, (first, end, offset))


def _offset(zone: ZoneInfo, seconds: int) -> int:
    return int((_instant(seconds).astimezone(zone).utcoffset() or timedelta()).total_seconds())


def _turn(zone: ZoneInfo, before: int, after: int, offset: int) -> int:
    """The first second between the two at which the offset is another one."""
    low, high = before, after
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high
