"""When the last one is handed over: the lanes and shares of an endpoint played forward at its pace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from app.domain.sharing import LOWER_SHARE

SEEN_SECONDS: Final = 2.0
SEEN_OUTCOMES: Final = 10
"""A rate counts as observed after so long and so many."""


class Backlog(NamedTuple):
    """What one broadcast still has at an endpoint."""

    lane: int
    broadcast: int
    waiting: float
    starts_in: float = 0.0
    """Seconds until the first of it may leave."""
    ends_in: float = 0.0
    """Seconds until the last of it may leave: later waves, texts spread over time."""
    wakes: tuple[tuple[float, int], ...] = ()
    """Beside `waiting`: in so many seconds the quiet hours of so many end, in their order."""


class Seen(NamedTuple):
    """Outcomes of one broadcast at an endpoint since so many seconds ago."""

    outcomes: int
    seconds: float


def pace_of(nominal: float, seen: Iterable[Seen | None]) -> float:
    """Recipients a second: what all who wait had together, or the configured pace while that cannot be told."""
    total = 0.0
    for one in seen:
        if one is None or one.seconds < SEEN_SECONDS or one.outcomes < SEEN_OUTCOMES:
            return nominal
        total += one.outcomes / one.seconds
    return min(total, nominal) if total else nominal


def finishing(rate: float, backlogs: Sequence[Backlog]) -> dict[int, float]:
    """Seconds until the last of each broadcast leaves; infinite at no pace."""
    left = {one.broadcast: one.waiting for one in backlogs if one.waiting > 0}
    ends = {one.broadcast: 0.0 for one in backlogs if one.waiting <= 0}
    by_id = {one.broadcast: one for one in backlogs}
    if rate <= 0:
        return {one.broadcast: float("inf") if one.waiting > 0 or one.wakes else 0.0 for one in backlogs}
    now = 0.0
    while left:
        active = [by_id[broadcast] for broadcast in left if by_id[broadcast].starts_in <= now]
        starts = [by_id[broadcast].starts_in for broadcast in left if by_id[broadcast].starts_in > now]
        rates = _rates(rate, active)
        step = min([left[one] / each for one, each in rates.items()] + [start - now for start in starts])
        now += step
        for one, each in rates.items():
            left[one] -= each * step
            if left[one] <= 1e-9:
                del left[one]
                ends[one] = max(now, by_id[one].ends_in)
    return {one: _after_the_last_wakes(end, by_id[one].wakes, rate) for one, end in ends.items()}


def _after_the_last_wakes(end: float, wakes: Sequence[tuple[float, int]], rate: float) -> float:
    for at, people in wakes:
        end = max(end, at) + people / rate
    return end


def _rates(rate: float, active: Sequence[Backlog]) -> dict[int, float]:
    best = min((one.lane for one in active), default=0)
    top = [one.broadcast for one in active if one.lane == best]
    lower = [one.broadcast for one in active if one.lane != best]
    reserve = rate * LOWER_SHARE if lower else 0.0
    shares = dict.fromkeys(lower, reserve / max(1, len(lower)))
    return {**dict.fromkeys(top, (rate - reserve) / max(1, len(top))), **shares}
