"""Expectations with time windows; a message nobody expected is a failure too."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from tests.rig.ledger import Accepted
from tests.rig.virtual import fitting_clock

ANY: Final = "any provider"


@dataclass(slots=True)
class Expectation:
    provider: str
    to: str
    earliest: float
    latest: float
    contains: str
    met_by: Accepted | None = field(default=None)

    def fits(self, entry: Accepted) -> bool:
        provider = self.provider in (entry.provider, ANY)
        return provider and entry.to == self.to and self.contains in (entry.body or "")

    def __str__(self) -> str:
        words = f" with {self.contains!r}" if self.contains else ""
        return f"{self.provider} to {self.to}{words} between {self.earliest:.3f} and {self.latest:.3f} s"


class Collector:
    """Reads a ledger from now on: `Collector(rig.ledger.entries)` or `Collector(process.control.entries)`.

    Seconds count from when the collector was made.
    """

    def __init__(self, entries: Callable[[], Iterable[Accepted]]) -> None:
        self._entries = entries
        self._start = fitting_clock().monotonic()
        self._expected: list[Expectation] = []

    def expect(
        self, provider: str, to: str, *, within: tuple[float, float] = (0.0, math.inf), contains: str = ""
    ) -> None:
        """Exactly one more message to this address, accepted in the window."""
        self._expected.append(Expectation(provider, to, *within, contains))

    def expect_anywhere(self, to: str, *, contains: str = "") -> None:
        """Exactly one more message to this address, whichever provider accepts it."""
        self.expect(ANY, to, contains=contains)

    def faults(self) -> list[str]:
        """One sentence for each message that is missing, early, late or extra, as of now."""
        for expectation in self._expected:
            expectation.met_by = None
        found: list[str] = []
        for entry in self._entries():
            at = entry.at - self._start
            if at < 0:
                continue
            open_ones = [one for one in self._expected if one.met_by is None and one.fits(entry)]
            timely = [one for one in open_ones if one.earliest <= at <= one.latest]
            if not open_ones:
                found.append(f"extra: {entry.provider} to {entry.to} at {at:.3f} s (seq {entry.seq})")
                continue
            one = min(timely or open_ones, key=lambda one: one.latest)
            one.met_by = entry
            if not timely:
                found.append(f"{'early' if at < one.earliest else 'late'}: {one}, came at {at:.3f} s")
        return found + [f"missing: {one}" for one in self._expected if one.met_by is None]

    def finish(self) -> None:
        """Raises AssertionError unless exactly what was expected has come."""
        faults = self.faults()
        if faults:
            raise AssertionError("\n".join(faults))
