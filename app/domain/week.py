"""A week of opening times: the usual forms of OSM opening_hours text, and a plain form, as slots per weekday."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from app.domain.reading import Reader

Slot = tuple[int, int]
"""Minutes after midnight of the day it begins on; an end above 1,440 lies on the next day."""

Week = tuple[tuple[Slot, ...], ...]
"""Monday first; the slots of a day in order."""

DAY: Final = 1_440
_DAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_PLAIN_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_ONE_DAY: Final = "(?:Mo|Tu|We|Th|Fr|Sa|Su)"
_SOME_DAYS: Final = rf"{_ONE_DAY}(?:-{_ONE_DAY})?"
_TIME: Final = r"\d{1,2}:\d\d"
_SPAN: Final = rf"{_TIME}\s*-\s*{_TIME}"
_SPANS: Final = re.compile(rf"{_SPAN}(?:\s*,\s*{_SPAN})*")
_RULE: Final = re.compile(
    rf"(?:(?P<days>{_SOME_DAYS}(?:\s*,\s*{_SOME_DAYS})*)\s+)?(?P<times>off|closed|24/7|{_SPANS.pattern})"
)
_HOLIDAYS_OFF: Final = re.compile(r"PH\s+(off|closed)", re.IGNORECASE)
_REMEDY: Final = "Write times as 09:00-12:30, past midnight as 22:00-06:00."


def read_slots(text: str) -> tuple[Slot, ...] | None:
    """The times of one day, `09:00-12:30,13:30-18:00` or `24/7`, in order; None when it is anything else.

    A slot that begins and ends at the same time is anything else: it could mean all day or never.
    """
    if text == "24/7":
        return ((0, DAY),)
    if not _SPANS.fullmatch(text):
        return None
    slots = []
    for span in text.split(","):
        first, last = (_minute(one.strip()) for one in span.split("-"))
        if first >= DAY or first == last or last > 2 * DAY or (last > DAY and last - first > DAY):
            return None
        slots.append((first, last if last > first else last + DAY))
    return tuple(sorted(slots))


@lru_cache(maxsize=1_024)
def read_week(text: str) -> Week | None:
    """What weekday lines such as `Mo-Fr 09:00-18:00; Sa 10:00-14:00` say; None when the text has other parts.

    As in OSM a rule after `;` takes the place of everything earlier on its days, a rule after `,` adds to it.
    """
    week: list[list[Slot]] = [[] for _ in _DAYS]
    for group in (part.strip() for part in text.split(";")):
        if _HOLIDAYS_OFF.fullmatch(group):  # said by the holidays of the schedule
            continue
        rules = _rules(group)
        if rules is None:
            return None
        for place, (days, slots) in enumerate(rules):
            if place == 0:
                _clear(week, days)
            for day in days:
                week[day].extend(slots)
    return tuple(tuple(sorted(slots)) for slots in week)


def overlap(week: Week) -> tuple[int, Slot, Slot] | None:
    """The first two slots of which the later begins before the earlier ends, and the weekday the later begins on."""
    for day, slots in enumerate(week):
        night = [(first - DAY, last - DAY) for first, last in week[day - 1] if last > DAY]
        for before, after in pairwise(sorted([*night, *slots])):
            if after[0] < before[1]:
                return day, before, after
    return None


def overlap_of_day(slots: Sequence[Slot]) -> tuple[Slot, Slot] | None:
    return next(((before, after) for before, after in pairwise(sorted(slots)) if after[0] < before[1]), None)


def span_text(slot: Slot) -> str:
    """`22:00-06:00`; midnight at the end of a day is 24:00."""
    first, last = (minute % DAY if minute != DAY else DAY for minute in slot)
    return f"{first // 60:02}:{first % 60:02}-{last // 60:02}:{last % 60:02}"


def day_name(day: int) -> str:
    return _DAYS[day]


def week_text(week: Week) -> str:
    """OSM text that `read_week` reads back as this week."""
    if all(slots == ((0, DAY),) for slots in week):
        return "24/7"
    days_with: dict[tuple[Slot, ...], list[int]] = {}
    for day, slots in enumerate(week):
        if slots:
            days_with.setdefault(slots, []).append(day)
    # A rule after a semicolon would end the night shift of the evening before.
    nights = any(last > DAY for slots in days_with for _, last in slots)
    lines = [f"{_days_text(days)} {','.join(map(span_text, slots))}" for slots, days in days_with.items()]
    return (", " if nights else "; ").join(lines) or "off"


def read_plain_week(read: Reader, field: str) -> str:
    """OSM text of `{"mon": ["09:00-12:30", "13:30-18:00"], "sat": []}`; a day left out is closed. Notes every fault."""
    inner = Reader(read.mapping(field), read.path(field), read.problems)
    inner.only(*_PLAIN_DAYS)
    week: list[tuple[Slot, ...]] = []
    for name in _PLAIN_DAYS:
        slots: list[Slot] = []
        for index, text in enumerate(inner.strings(name, most=20, longest=20)):
            found = read_slots(text)
            if found is None:
                inner.problem("bad_hours", f"{inner.path(name)}[{index}]", f"“{text}” is not a time span", _REMEDY)
            slots += found or ()
        week.append(tuple(sorted(slots)))
    found_overlap = overlap(tuple(week))
    if found_overlap:
        day, before, after = found_overlap
        inner.problem("overlapping_hours", inner.path(_PLAIN_DAYS[day]), _overlap_text(before, after), "Join them.")
    return week_text(tuple(week))


def overlap_fault(week: Week) -> str:
    """What overlaps, to be put behind a field's name; "" when nothing does."""
    found = overlap(week)
    return f"{_overlap_text(*found[1:])} on {day_name(found[0])}" if found else ""


def _overlap_text(before: Slot, after: Slot) -> str:
    return f"has times that overlap: {span_text(before)} and {span_text(after)}"


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes) if int(minutes) < 60 else 10 * DAY


def _rules(group: str) -> list[tuple[list[int], tuple[Slot, ...]]] | None:
    """The rules between two semicolons: the first may stand for every day, the others name theirs."""
    rules: list[tuple[list[int], tuple[Slot, ...]]] = []
    at = 0
    while found := _RULE.match(group, at):
        off = found["times"] in ("off", "closed")
        slots = () if off else read_slots(found["times"])
        if slots is None or (rules and (off or not found["days"])):
            return None
        rules.append((list(_days(found["days"] or "Mo-Su")), slots))
        if found.end() == len(group):
            return rules
        comma = re.compile(r"\s*,\s*").match(group, found.end())
        if comma is None:
            return None
        at = comma.end()
    return None


def _days(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        begin = _DAYS.index(first)
        for step in range((_DAYS.index(last or first) - begin) % 7 + 1):
            yield (begin + step) % 7


def _clear(week: list[list[Slot]], days: Iterable[int]) -> None:
    for day in days:
        week[day] = []
        week[day - 1] = [(first, min(last, DAY)) for first, last in week[day - 1]]


def _days_text(days: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(_DAYS[run[0]] if len(run) == 1 else f"{_DAYS[run[0]]}-{_DAYS[run[-1]]}" for run in runs)
