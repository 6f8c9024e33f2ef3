"""The best times to reach a contact channel, learnt from the waits that were posted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

LEAST_READINGS: Final = 3
"""An hour with fewer posted waits says nothing yet."""


@dataclass(frozen=True, slots=True)
class HourlyWait:
    hour: int
    """0 to 23 by the channel's wall clock."""
    median_minutes: float
    readings: int
    quiet: bool
    """Shorter than in the usual hour."""


def hourly_waits(waits: Iterable[tuple[datetime, int]], timezone: str) -> tuple[HourlyWait, ...]:
    """The middle wait of each hour of the day that enough is known about, in order of the hours.

    An hour is quiet when its median is below the median of all hours: where every hour is alike, none is.
    """
    zone = ZoneInfo(timezone)
    by_hour: dict[int, list[int]] = {}
    for at, minutes in waits:
        by_hour.setdefault(at.astimezone(zone).hour, []).append(minutes)
    medians = {hour: float(median(found)) for hour, found in by_hour.items() if len(found) >= LEAST_READINGS}
    usual = median(medians.values()) if medians else 0.0
    return tuple(HourlyWait(hour, medians[hour], len(by_hour[hour]), medians[hour] < usual) for hour in sorted(medians))
