"""Is everything that should be at work at work: named faults, from when each part was last seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.crisis import Severity

SILENT_AFTER: Final = timedelta(minutes=3)
"""Each part looks every few seconds, or every minute where cron ticks; a deploy takes its time."""
TAKEN_WITHIN: Final = {Severity.EMERGENCY: timedelta(minutes=2), Severity.MAJOR: timedelta(minutes=5)}
"""So long after its release somebody must have taken something of a critical update."""
WARN_BEFORE_EXPIRY: Final = timedelta(minutes=30)
"""Staff hear of a banner that is about to vanish so long before."""


class Part(StrEnum):
    SCHEDULER = "scheduler"
    ENGINE = "engine"
    PUBLISHER = "publisher"
    ATTENDANT = "attendant"
    """Whoever looks around for what staff must be told."""


@dataclass(frozen=True, slots=True)
class Signs:
    """When each part was last seen; None = never, and then nothing is held against it."""

    scheduler: datetime | None
    attendant: datetime | None
    engine: datetime | None
    work_waits: bool
    """Something is to be sent or listed, so that an engine is missed."""
    site_behind_since: datetime | None
    """The oldest change that the website does not show."""


@dataclass(frozen=True, slots=True)
class Silent:
    part: Part
    since: datetime


def silent(signs: Signs, now: datetime, watched_since: datetime | None = None) -> Iterator[Silent]:
    """`watched_since`: nobody looked before, as after a stop of everything; what was then is held against no part."""
    seen = {Part.SCHEDULER: signs.scheduler, Part.ATTENDANT: signs.attendant, Part.PUBLISHER: signs.site_behind_since}
    if signs.work_waits:
        seen[Part.ENGINE] = signs.engine
    for part, at in seen.items():
        if at is not None and now - max(at, watched_since or at) > SILENT_AFTER:
            yield Silent(part, at)
