"""Weekly opening hours: OSM opening_hours text read against the wall clock of an IANA time zone.

Rule for the days the clocks change: a place is open at an instant exactly when the wall clock there shows an open
minute. An hour that comes twice is open twice; an hour that is skipped is never open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, State, validate

from app.domain.reading import is_timezone
from app.errors import Invalid, Problem

Interval = tuple[datetime, datetime]

_HORIZONS: Final = (timedelta(days=8), timedelta(days=400))
_DAY: Final = timedelta(days=1)
_SUN: Final = re.compile(r"sunrise|sunset|dawn|dusk", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Opening:
    """The state at one instant. Times are UTC."""

    open: bool
    opens_at: datetime | None = None
    """Next opening when closed; None = open now, or none within 400 days."""
    closes_at: datetime | None = None
    """Next closing when open; None = closed now, or none within 400 days (24/7)."""


def check(hours: str, timezone: str) -> tuple[Problem, ...]:
    """What is wrong with this pair, fields `hours` and `timezone`; empty when it can be evaluated."""
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
    if _SUN.search(hours):
        problems.append(
            Problem("bad_hours", "hours follows the sun, which needs a place.", "hours", "Give clock times.")
        )
    return tuple(problems)


def opening(hours: str, timezone: str, at: datetime) -> Opening:
    """Open or closed at `at`, and the next change. Invalid when `check` finds a fault."""
    rule, zone = _parsed(hours, timezone)
    wall = at.astimezone(zone).replace(tzinfo=None)
    if rule.next_change(wall) is None:
        return Opening(open=rule.is_open(wall))
    found: tuple[Interval, ...] = ()
    for horizon in _HORIZONS:  # the near one answers nearly always, and quickly
        found = intervals(hours, timezone, at, at + horizon)
        if found and found[0][0] > at:
            return Opening(open=False, opens_at=found[0][0])
        if found and found[0][1] < at + horizon:
            return Opening(open=True, closes_at=found[0][1])
    return Opening(open=bool(found))


def intervals(hours: str, timezone: str, start: datetime, end: datetime) -> tuple[Interval, ...]:
    """The open times between start and end, in UTC, in order, cut at both ends, never touching each other."""
    rule, zone = _parsed(hours, timezone)
    pieces: list[Interval] = []
    for first, last, offset in _steady(zone, start.astimezone(UTC), end.astimezone(UTC)):
        wall_first, wall_last = ((edge + offset).replace(tzinfo=None) for edge in (first, last))
        for begins, ends, state, _comment in rule.intervals(wall_first, wall_last):
            if state is not State.OPEN:
                continue
            utc_begins, utc_ends = ((edge.replace(tzinfo=UTC) - offset) for edge in (begins, ends))
            _append(pieces, max(utc_begins, first), min(utc_ends, last))
    return tuple(pieces)


def _append(pieces: list[Interval], begins: datetime, ends: datetime) -> None:
    if begins >= ends:
        return
    if pieces and pieces[-1][1] >= begins:
        begins = pieces.pop()[0]
    pieces.append((begins, ends))


@lru_cache(maxsize=1_024)
def _parsed(hours: str, timezone: str) -> tuple[OpeningHours, ZoneInfo]:
    if problems := check(hours, timezone):
        raise Invalid(problems)
    # Read without a zone on purpose: the library moves a twice-shown hour to its second showing.
    return OpeningHours(hours, auto_country=False, auto_timezone=False), ZoneInfo(timezone)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _steady(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Cut [start, end) into stretches within which the zone's offset from UTC stays the same."""
    first, offset = start, _offset(zone, start)
    day = start
    while day < end:
        next_day = min(day + _DAY, end)
        while (changed := _offset(zone, next_day)) != offset:
            turn = _turn(zone, day, next_day, offset)
            if turn >= end:
                break
            yield first, turn, offset
            first, day, offset = turn, turn, _offset(zone, turn)
            if offset == changed:
                break
        day = next_day
    if first < end:
        yield first, end, offset


def _turn(zone: ZoneInfo, before: datetime, after: datetime, offset: timedelta) -> datetime:
    """The first whole second between the two at which the offset is another one."""
    low, high = 0, int((after - before).total_seconds()) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, before.replace(microsecond=0) + timedelta(seconds=middle)) == offset:
            low = middle
        else:
            high = middle
    return before.replace(microsecond=0) + timedelta(seconds=high)
