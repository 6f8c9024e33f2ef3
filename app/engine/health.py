"""The breaker of one endpoint inside this process: closed, open for a while, then half-open for one probe at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from app.domain.retrying import Backoff

DOUBTS_IN_A_ROW: Final = 5
"""So many calls without an answer, and none accepted between them, and the endpoint counts as silent."""


class Phase(StrEnum):
    """What is shown of a breaker."""

    CLOSED = "closed"
    """All is well: everything may go."""
    OPEN = "open"
    """Nothing is tried."""
    HALF_OPEN = "half_open"
    """One delivery at a time is tried; the first that is accepted closes the breaker."""


@dataclass(frozen=True, slots=True)
class Health:
    """`closed_until` (to calls: the breaker is open) in monotonic seconds; `refusals` and `doubts` in a row."""

    refusals: int = 0
    closed_until: float = 0.0
    doubts: int = 0
    reason: str = ""

    def phase(self, now: float) -> Phase:
        if not self.refusals:
            return Phase.CLOSED
        return Phase.OPEN if now < self.closed_until else Phase.HALF_OPEN

    def allowed(self, most: int, now: float) -> int:
        """How many recipients may be tried now: all, one as a probe, or none."""
        if not self.refusals:
            return most
        return min(1, most) if now >= self.closed_until else 0

    def seconds_closed(self, now: float) -> float:
        return max(0.0, self.closed_until - now)

    def succeeded(self, now: float) -> Health:
        """A call that was on its way before the refusal proves nothing about the time after it."""
        return self if now < self.closed_until else HEALTHY

    def refused(
        self, now: float, retry_after: float | None, backoff: Backoff, jitter: float, reason: str = ""
    ) -> Health:
        """Calls that were in flight together count as one refusal."""
        refusals = self.refusals if now < self.closed_until else self.refusals + 1
        wait = max(retry_after or 0.0, backoff.delay(refusals, jitter))
        until = max(self.closed_until, now + wait)
        return replace(self, refusals=refusals, closed_until=until, reason=reason or self.reason)

    def doubted(self, now: float, backoff: Backoff, jitter: float, reason: str) -> Health:
        """A call nobody answered: one is bad luck, several in a row or a probe are a silent provider."""
        doubted = replace(self, doubts=self.doubts + 1)
        if doubted.doubts < DOUBTS_IN_A_ROW and not self.refusals:
            return doubted
        return doubted.refused(now, None, backoff, jitter, reason)


HEALTHY = Health()
