"""Whether an endpoint is worth asking: closed for a while after a refusal, then one call at a time until it answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.domain.retrying import Backoff


@dataclass(frozen=True, slots=True)
class Health:
    """`closed_until` in monotonic seconds; `refusals` in a row."""

    refusals: int = 0
    closed_until: float = 0.0

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

    def refused(self, now: float, retry_after: float | None, backoff: Backoff, jitter: float) -> Health:
        """Calls that were in flight together count as one refusal."""
        refusals = self.refusals if now < self.closed_until else self.refusals + 1
        wait = max(retry_after or 0.0, backoff.delay(refusals, jitter))
        return replace(self, refusals=refusals, closed_until=max(self.closed_until, now + wait))


HEALTHY = Health()
