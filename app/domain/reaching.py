"""How far ahead an endpoint is admitted: far enough that its senders never wait for the next commit, and no farther,
since what is admitted but not answered when a process dies has to be asked about.
"""

from __future__ import annotations

from typing import Final

MOST: Final = 2_000
"""Recipients, whatever the endpoint: what a crash may leave in doubt."""
CALLS: Final = 16
"""To begin with, in calls for each sender."""


def first_reach(senders: int, unit: int) -> int:
    """Recipients admitted ahead before anything is known of an endpoint's speed; `unit` recipients a call."""
    return min(MOST, max(2 * unit, CALLS * senders * unit))


def next_reach(reach: int, first: int, waiting: int) -> int:
    """For the next turn, when so many recipients still wait for a sender in this one.

    Twice as far when nobody does, so that the senders stand idle; a tenth back towards the beginning when it is more
    than half of what was admitted.
    """
    if waiting == 0:
        return min(MOST, 2 * reach)
    return max(first, reach - reach // 10) if waiting > reach // 2 else reach
