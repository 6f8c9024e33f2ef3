"""Hours posted and hours kept: how much of the time a contact channel said it was open somebody was there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.hours import Interval


@dataclass(frozen=True, slots=True)
class Run:
    """A time in which every report said the same."""

    begins: datetime
    ends: datetime
    """The last report."""
    staffed: bool


def kept_share(posted: Sequence[Interval], runs: Iterable[Run], max_age: timedelta) -> float | None:
    """Staffed time in posted hours as a share of the posted time there are reports about; None without any.

    A report stands until the next one, at most for `max_age`. Both in order of time.
    """
    known = kept = timedelta()
    for begins, ends, staffed in _stretches(list(runs), max_age):
        for opens, closes in posted:
            shared = max(min(ends, closes) - max(begins, opens), timedelta())
            known += shared
            kept += shared if staffed else timedelta()
    return kept / known if known else None


def _stretches(runs: Sequence[Run], max_age: timedelta) -> Iterable[tuple[datetime, datetime, bool]]:
    for place, run in enumerate(runs):
        stands = run.ends + max_age
        following = runs[place + 1].begins if place + 1 < len(runs) else stands
        yield run.begins, min(stands, following), run.staffed
