"""The promise "next update by": when it is due, who is nudged when it slips, and how many were kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.crisis import Severity

WARN_BEFORE: Final = timedelta(minutes=10)
"""The author is told so long before the promise is broken."""
NEXT_AFTER: Final = timedelta(minutes=5)
"""Nobody takes care: the next one on the list is told so long after the one before."""


USUAL_PAUSE: Final[Mapping[Severity, timedelta]] = MappingProxyType(
    {
        Severity.EMERGENCY: timedelta(minutes=30),
        Severity.MAJOR: timedelta(hours=1),
        Severity.MINOR: timedelta(hours=4),
        Severity.INFO: timedelta(hours=24),
    }
)
"""Between two updates where neither the author nor the playbook says anything else."""


class Standing(StrEnum):
    NONE = "none"
    """Nothing was promised, or the crisis is over."""
    WAITING = "waiting"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Said:
    """One update that went out, and what it promised."""

    sent_at: datetime
    promised: datetime | None


@dataclass(frozen=True, slots=True)
class Kept:
    kept: int
    broken: int


def usual_pause(severity: Severity, cadence: Mapping[str, int]) -> timedelta:
    """Until the next update is due; `cadence` is the playbook's own, minutes by severity."""
    minutes = cadence.get(severity.value)
    return timedelta(minutes=minutes) if minutes else USUAL_PAUSE[severity]


def standing(promised: datetime | None, now: datetime) -> Standing:
    if promised is None:
        return Standing.NONE
    if now >= promised:
        return Standing.OVERDUE
    return Standing.DUE_SOON if promised - now <= WARN_BEFORE else Standing.WAITING


def levels_due(promised: datetime, levels: int, now: datetime) -> int:
    """How many of the levels (the author first, then the list) are told by now; 0 before the promise is broken."""
    return min(levels, (now - promised) // NEXT_AFTER + 1) if now >= promised else 0


def count(said: Sequence[Said], ended_at: datetime | None, now: datetime) -> Kept:
    """`said` oldest first. A promise is kept by the next update, or the end of the crisis, at that time or before."""
    kept = broken = 0
    for index, one in enumerate(said):
        if one.promised is None:
            continue
        came = said[index + 1].sent_at if index + 1 < len(said) else ended_at
        if came is not None and came <= one.promised:
            kept += 1
        elif now > one.promised:
            broken += 1
    return Kept(kept, broken)
