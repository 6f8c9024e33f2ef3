"""What the phone or chat system, or staff, said last about a contact channel: the wait, and whether anybody is there.

A report counts only for a while: a system that has gone quiet must not keep an old number on the website.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.domain.hours import Schedule, intervals, opening

UNSTAFFED_AFTER: Final = timedelta(minutes=5)
"""So long nobody may be there in posted hours before customers are told: busy."""


@dataclass(frozen=True, slots=True)
class Live:
    wait_minutes: int | None = None
    waited_at: datetime | None = None
    """When that was so."""
    staffed: bool | None = None
    """None = never said."""
    staffed_at: datetime | None = None
    """When that was said last."""
    staffed_since: datetime | None = None
    """Since when it has been said without a break."""

    def wait(self, at: datetime, max_age: timedelta) -> int | None:
        """The posted wait; None when there is none or it is too old."""
        if self.waited_at is None or at - self.waited_at >= max_age:
            return None
        return self.wait_minutes

    def nobody_there(self, schedule: Schedule, at: datetime, max_age: timedelta) -> bool:
        """Whether, in posted hours, nobody has been there for the last 5 minutes, by a report that still counts."""
        if self.staffed is not False or self.staffed_at is None or self.staffed_since is None:
            return False
        if at - self.staffed_at >= max_age or at - self.staffed_since < UNSTAFFED_AFTER:
            return False
        return intervals(schedule, at - UNSTAFFED_AFTER, at) == ((at - UNSTAFFED_AFTER, at),)

    def turns(self, schedule: Schedule, at: datetime, max_age: timedelta) -> Iterator[datetime]:
        """When `wait` and `nobody_there` may change by themselves; some may be past."""
        if self.waited_at is not None:
            yield self.waited_at + max_age
        if self.staffed is False and self.staffed_at is not None and self.staffed_since is not None:
            yield self.staffed_at + max_age
            yield self.staffed_since + UNSTAFFED_AFTER
            state = opening(schedule, at)
            if state.opens_at is not None:
                yield state.opens_at + UNSTAFFED_AFTER
            for opened, _ in intervals(schedule, at - UNSTAFFED_AFTER, at):
                yield opened + UNSTAFFED_AFTER


NOTHING_SAID: Final = Live()
