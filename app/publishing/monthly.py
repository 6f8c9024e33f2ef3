"""A long list cut into months, and long months into pages; an old page changes only when what is on it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from app.publishing.reuse import source_of
from app.publishing.tongue import Tongue, View

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sheet(Generic[T]):
    """One page of one month."""

    address: str
    """Below the room: "2026-11", the second page of a long month "2026-11/2"."""
    at: datetime
    """A moment of the month."""
    number: int
    entries: tuple[T, ...]
    older: str = ""
    """Address of the next older page, "" at the end; likewise `newer`."""
    newer: str = ""
    stamp: str = ""
    """Changes with anything that is on it."""


def sheets(
    entries: Sequence[T],
    when: Callable[[T], datetime],
    facts: Callable[[T], object],
    timezone: str,
    most: int,
) -> tuple[Sheet[T], ...]:
    """`entries` newest first, at most `most` on a page; the sheets newest first. `facts`: plain ones, of one entry."""
    zone = ZoneInfo(timezone)
    cut: list[Sheet[T]] = []
    for month, members in groupby(entries, key=lambda entry: when(entry).astimezone(zone).strftime("%Y-%m")):
        inside = tuple(members)
        for number, start in enumerate(range(0, len(inside), most), start=1):
            part = inside[start : start + most]
            cut.append(Sheet(month if number == 1 else f"{month}/{number}", when(part[0]), number, part))
    addresses = ["", *(sheet.address for sheet in cut), ""]
    finished = []
    for place, sheet in enumerate(cut):
        older, newer = addresses[place + 2], addresses[place]
        stamp = source_of(sheet.address, older, newer, [facts(entry) for entry in sheet.entries])
        finished.append(replace(sheet, older=older, newer=newer, stamp=stamp))
    return tuple(finished)


def months_view(tongue: Tongue, cut: Sequence[Sheet[T]], room: str) -> list[View]:
    """The first page of each month: {href, text, count}; `room`: the address they stand below, no slash at its end."""
    counts: dict[str, int] = {}
    for sheet in cut:
        month = sheet.address.partition("/")[0]
        counts[month] = counts.get(month, 0) + len(sheet.entries)
    return [
        {
            "href": f"{room}/{sheet.address}",
            "text": tongue.month(sheet.at),
            "count": tongue.number(counts[sheet.address]),
        }
        for sheet in cut
        if sheet.number == 1
    ]


def turning_view(sheet: Sheet[T], room: str) -> View:
    """{older, newer}: addresses, "" where there is none."""
    return {name: f"{room}/{page}" if page else "" for name, page in (("older", sheet.older), ("newer", sheet.newer))}
