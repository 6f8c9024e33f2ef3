"""How fast one endpoint may be used: slices of a rate that falls on 429 and recovers (AIMD)."""

from __future__ import annotations

from dataclasses import dataclass, replace

SLICE_SECONDS = 0.25
"""Unused pace is worth at most this long: a quiet minute must not become a burst."""
RECOVERY_SHARE = 0.1
FLOOR_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Pace:
    """`nominal` and `rate` in recipients a second; `tokens` in recipients; `at` in monotonic seconds."""

    nominal: float
    rate: float
    tokens: float
    at: float

    @classmethod
    def full(cls, nominal: float, at: float) -> Pace:
        return cls(nominal, nominal, max(1.0, nominal * SLICE_SECONDS), at)

    def refilled(self, now: float) -> Pace:
        """The rate also creeps back towards nominal, a tenth of it each second."""
        passed = max(0.0, now - self.at)
        rate = min(self.nominal, self.rate + self.nominal * RECOVERY_SHARE * passed)
        most = max(1.0, rate * SLICE_SECONDS)
        return replace(self, rate=rate, tokens=min(most, self.tokens + rate * passed), at=now)

    def spent(self, recipients: int) -> Pace:
        return replace(self, tokens=self.tokens - recipients)

    def throttled(self) -> Pace:
        """The provider said 429: half the rate, nothing saved up."""
        return replace(self, rate=max(self.nominal * FLOOR_SHARE, self.rate / 2), tokens=min(0.0, self.tokens))


def seconds_left(remaining: int, rate: float) -> float:
    """Until the last of `remaining` recipients is handed over at this rate."""
    return remaining / rate if rate > 0 else float("inf")
