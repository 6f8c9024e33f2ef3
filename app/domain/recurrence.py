"""When something happens again: once, every so often, or by cron; with its beginning and its end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from app.domain.cron import Cron, instant
from app.domain.reading import parse_instant
from app.errors import Invalid, Problem

SHORTEST: Final = timedelta(seconds=1)
UNREMARKABLE: Final = timedelta(minutes=1)
"""What comes more often than this must be wanted explicitly."""
LONGEST: Final = timedelta(days=366)
PRESETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "regulator-6h-then-daily": "6h for 24h, then 24h",  # Australia's ACMA standard for telecom outages, 2024
        "first-hour": "15m for 1h, then 30m for 3h, then 2h",
    }
)
"""Intervals that regulators or practice ask for, by the name staff choose."""

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_LENGTH: Final = re.compile(r"p?(?:(?P<d>\d{1,3})d)?t?(?:(?P<h>\d{1,4})h)?(?:(?P<m>\d{1,5})m)?(?:(?P<s>\d{1,6})s)?")


@dataclass(frozen=True, slots=True)
class Once:
    at: datetime

    def next_after(self, after: datetime, _zone: ZoneInfo) -> datetime | None:
        return self.at if self.at > after else None


@dataclass(frozen=True, slots=True)
class Step:
    every: timedelta
    until: timedelta | None
    """Since the beginning; None = for ever, the last step only."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start` on in elapsed time, whatever the clocks do: the first time one interval after it."""

    text: str
    start: datetime
    steps: tuple[Step, ...]

    def next_after(self, after: datetime, _zone: ZoneInfo) -> datetime | None:
        begun = self.start
        for step in self.steps:
            end = None if step.until is None else self.start + step.until
            passed = max(0, (after - begun) // step.every)
            following = begun + (passed + 1) * step.every
            if end is None or following <= end:
                return following
            begun = end
        return None


Recurrence = Once | Interval | Cron


def shortest_distance(recurrence: Recurrence) -> timedelta:
    """Between two fire times, at worst; for cron a minute, which is as often as it can say."""
    if isinstance(recurrence, Interval):
        return min(step.every for step in recurrence.steps)
    return UNREMARKABLE


def read_once(text: str, zone: ZoneInfo, field: str = "at") -> Once:
    """With an offset that moment; without, what the zone's clocks show. Raise Invalid."""
    at = parse_instant(text)
    if at is None:
        try:
            wall = datetime.fromisoformat(text)
        except ValueError:
            wall = None
        if wall is None or wall.tzinfo is not None:
            raise Invalid(
                Problem(
                    "bad_time", f"“{text}” is not a time.", field, "Write it as 2026-11-22T14:30 or with an offset."
                )
            )
        at = instant(wall, zone)
    return Once(at.astimezone(UTC).replace(microsecond=0))


def read_interval(text: str, start: datetime, field: str = "every") -> Interval:
    """`30m`, `PT6H`, `6h for 24h, then 24h`. Raise Invalid."""
    steps: list[Step] = []
    so_far = timedelta()
    pieces = [piece.strip() for piece in text.lower().split(", then")]
    for index, piece in enumerate(pieces):
        every_text, _, for_text = (part.strip() for part in piece.partition(" for "))
        every = read_length(every_text, field)
        if not SHORTEST <= every <= LONGEST:
            raise _no_length(every_text, field)
        if bool(for_text) is (index == len(pieces) - 1):
            sentence = "Every step but the last one says for how long."
            raise Invalid(Problem("interval_steps", sentence, field, "Write it as “6h for 24h, then 24h”."))
        if for_text:
            so_far += read_length(for_text, field)
        steps.append(Step(every, so_far if for_text else None))
    return Interval(text, start, tuple(steps))


def read_length(text: str, field: str) -> timedelta:
    """`90m`, `1h30m`, `2d`, `PT1H30M`. Raise Invalid."""
    match = _LENGTH.fullmatch(text.strip().lower())
    parts = {unit: int(count) for unit, count in match.groupdict().items() if count} if match else {}
    seconds = sum(parts.get(unit, 0) * size for unit, size in _UNITS)
    if not seconds:
        raise _no_length(text, field)
    return timedelta(seconds=seconds)


def _no_length(text: str, field: str) -> Invalid:
    return Invalid(Problem("bad_duration", f"“{text}” is not a length of time.", field, "Write it as 30m, 6h or 1d."))
