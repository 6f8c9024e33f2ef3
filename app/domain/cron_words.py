"""A cron expression in the words of staff: “every 15 minutes, on Monday to Friday”."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from app.domain.cron import Cron

MOST_TIMES: Final = 6
"""So many times of the day are listed one by one."""


def cron_words(cron: Cron) -> str:
    parts = [_time(cron), _days(cron), _months(cron)]
    return ", ".join(part for part in parts if part)


def _time(cron: Cron) -> str:
    minutes, hours = cron.minutes, cron.hours
    step = _step(minutes)
    often = "every minute" if len(minutes) == 60 else f"every {step} minutes" if step else ""
    if cron.every_hour:
        if often:
            return often
        if minutes == (0,):
            return "every hour"
        return f"every hour at {'minute' if len(minutes) == 1 else 'minutes'} {_list(minutes, str)}"
    if len(minutes) * len(hours) <= MOST_TIMES:
        return "at " + listed([f"{hour:02d}:{minute:02d}" for hour in hours for minute in minutes])
    if minutes == (0,) and hours[0] == 0 and (apart := _apart(hours)) and hours[-1] + apart == 24:
        return f"every {apart} hours from midnight"
    spoken = _list(hours, lambda hour: f"{hour:02d}")
    if often:
        return f"{often} in the hours {spoken}"
    return f"at {'minute' if len(minutes) == 1 else 'minutes'} {_list(minutes, str)} of the hours {spoken}"


def _days(cron: Cron) -> str:
    weekdays = f"on {_list(cron.weekdays, lambda day: calendar.day_name[(day - 1) % 7])}"
    days = f"on day {_list(cron.days, str)} of the month"
    if cron.either:
        return f"{days} and also {weekdays}"
    said = [days] if len(cron.days) < 31 else []
    said += [weekdays] if len(cron.weekdays) < 7 else []
    return " if it is ".join([*said[:1], *(part.removeprefix("on ") for part in said[1:])])


def _months(cron: Cron) -> str:
    return f"in {_list(cron.months, lambda month: calendar.month_name[month])}" if len(cron.months) < 12 else ""


def _step(minutes: Sequence[int]) -> int:
    """`*/n` with n a divisor of 60, else 0: only then the distance over the hour is the same."""
    apart = _apart(minutes)
    return apart if apart and minutes[0] == 0 and minutes[-1] + apart == 60 else 0


def _apart(numbers: Sequence[int]) -> int:
    distances = {second - first for first, second in pairwise(numbers)}
    return distances.pop() if len(distances) == 1 else 0


def _list(numbers: Sequence[int], say: Callable[[int], str]) -> str:
    """Runs of three and more as “a to b”."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    spoken = []
    for run in runs:
        spoken += [f"{say(run[0])} to {say(run[-1])}"] if len(run) > 2 else [say(number) for number in run]
    return listed(spoken)


def listed(words: Sequence[str]) -> str:
    """“a”, “a and b”, “a, b and c”."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
