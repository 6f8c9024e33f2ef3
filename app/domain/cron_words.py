"""What there is to say about a cron expression, without a word of any language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise
from typing import Final

from app.domain.cron import Cron

MOST_TIMES: Final = 6
"""So many times of the day are listed one by one."""
Runs = tuple[tuple[int, int], ...]
"""Numbers in rising order, neighbours together: (first, last) of each run, the same number twice for one alone."""


class Rhythm(Enum):
    EVERY_MINUTES = auto()
    """Every `step` minutes, round the clock."""
    EVERY_HOUR = auto()
    """On the hour."""
    AT_MINUTES = auto()
    """At these minutes of every hour."""
    AT_TIMES = auto()
    EVERY_HOURS = auto()
    """Every `step` hours from midnight."""
    EVERY_MINUTES_IN_HOURS = auto()
    AT_MINUTES_IN_HOURS = auto()


@dataclass(frozen=True, slots=True)
class CronSaid:
    """Empty days, weekdays, months: all of them, so there is nothing to say."""

    rhythm: Rhythm
    step: int = 0
    minutes: Runs = ()
    hours: Runs = ()
    times: tuple[tuple[int, int], ...] = ()
    """Hour and minute."""
    days: Runs = ()
    weekdays: Runs = ()
    """0 is Sunday."""
    either: bool = False
    """Days of the month and weekdays alike; else only where both hold."""
    months: Runs = ()


def cron_said(cron: Cron) -> CronSaid:
    rhythm, step = _rhythm(cron)
    return CronSaid(
        rhythm,
        step,
        runs(cron.minutes),
        runs(cron.hours),
        tuple((hour, minute) for hour in cron.hours for minute in cron.minutes) if rhythm is Rhythm.AT_TIMES else (),
        runs(cron.days) if cron.either or len(cron.days) < 31 else (),
        runs(cron.weekdays) if cron.either or len(cron.weekdays) < 7 else (),
        cron.either,
        runs(cron.months) if len(cron.months) < 12 else (),
    )


def runs(numbers: Sequence[int]) -> Runs:
    """Two neighbours stay apart: “8 and 9”, but “8 to 10”."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    together = [[(run[0], run[-1])] if len(run) > 2 else [(number, number) for number in run] for run in found]
    return tuple(one for run in together for one in run)


def _rhythm(cron: Cron) -> tuple[Rhythm, int]:
    minutes, hours = cron.minutes, cron.hours
    step = _step(minutes)
    if cron.every_hour:
        if step:
            return Rhythm.EVERY_MINUTES, step
        return (Rhythm.EVERY_HOUR if minutes == (0,) else Rhythm.AT_MINUTES), 0
    if len(minutes) * len(hours) <= MOST_TIMES:
        return Rhythm.AT_TIMES, 0
    if minutes == (0,) and hours[0] == 0 and (apart := _apart(hours)) and hours[-1] + apart == 24:
        return Rhythm.EVERY_HOURS, apart
    return (Rhythm.EVERY_MINUTES_IN_HOURS if step else Rhythm.AT_MINUTES_IN_HOURS), step


def _step(minutes: Sequence[int]) -> int:
    """`*/n` with n a divisor of 60, else 0: only then the distance over the hour is the same."""
    apart = _apart(minutes)
    return apart if apart and minutes[0] == 0 and minutes[-1] + apart == 60 else 0


def _apart(numbers: Sequence[int]) -> int:
    distances = {second - first for first, second in pairwise(numbers)}
    return distances.pop() if len(distances) == 1 else 0
