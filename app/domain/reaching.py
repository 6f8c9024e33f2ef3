"""How far ahead an endpoint is admitted: far enough that its senders never wait for the next commit, and no farther,
since what is admitted but not answered when a process dies has to be asked about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST: Final = 2_000
"""Recipients, whatever the endpoint: what a crash may leave in doubt."""
MOST_UNASKABLE: Final = 400
"""Where nobody could ever tell us how a doubt ended, so that each one left costs a person a decision."""
CALLS: Final = 16
"""To begin with, in calls for each sender."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How many recipients are admitted ahead of their calls, and within what bounds that moves."""

    now: int
    first: int
    most: int

    def after(self, waiting: int) -> Reach:
        """For the next turn, when so many recipients still wait for a sender in this one.

        Twice as far when half was used up, so that commits are few and senders never idle; a tenth back towards the
        beginning when it was less than a quarter.
        """
        if 2 * waiting <= self.now:
            return Reach(min(self.most, 2 * self.now), self.first, self.most)
        if 4 * waiting > 3 * self.now:
            return Reach(max(self.first, self.now - self.now // 10), self.first, self.most)
        return self


def first_reach(senders: int, unit: int, *, askable: bool) -> Reach:
    """Before anything is known of an endpoint's speed; `unit` recipients a call.

    `askable`: the provider reports later or can be searched, so that a doubt ends by itself.
    """
    most = MOST if askable else max(MOST_UNASKABLE, unit)
    first = min(most, max(2 * unit, CALLS * senders * unit))
    return Reach(first, first, most)
