"""The last recipient's time, held against slices that are really dealt."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from app.domain.eta import Backlog, Seen, finishing, pace_of
from app.domain.pacing import Pace
from app.domain.sharing import Shares, Waiting, after, divide

TICK = 0.02


def play(rate: float, backlogs: Sequence[Backlog], unit: int = 1) -> Mapping[int, float]:
    """Turn by turn as the engine does it, with a clock that is only a number."""
    pace, shares, now = Pace.full(rate, 0.0), Shares(), 0.0
    left = Counter({one.broadcast: int(one.waiting) for one in backlogs})
    ends: dict[int, float] = {}
    while any(left.values()):
        now += TICK
        pace = pace.refilled(now)
        hungry = [Waiting(one.lane, one.broadcast) for one in backlogs if left[one.broadcast] and one.starts_in <= now]
        room, got, everybody = int(pace.tokens), Counter[int](), list(hungry)
        spare = room
        while spare > 0 and hungry:
            for broadcast, offered in divide(spare, unit, hungry, shares):
                taken = min(offered, left[broadcast])
                got[broadcast] += taken
                left[broadcast] -= taken
                spare -= taken
                if taken < offered:
                    hungry = [one for one in hungry if one.broadcast != broadcast]
                if not left[broadcast]:
                    ends.setdefault(broadcast, now)
        shares = after(room, unit, everybody, shares, got)
        pace = pace.spent(sum(got.values()))
    return ends


@pytest.mark.parametrize(
    ("rate", "backlogs"),
    [
        (10.0, [Backlog(2, 1, 600)]),
        (500.0, [Backlog(2, 1, 20_000)]),
        (50.0, [Backlog(2, 1, 4_000), Backlog(0, 2, 500)]),
        (50.0, [Backlog(2, 1, 3_000), Backlog(2, 2, 300), Backlog(3, 3, 1_000)]),
        (200.0, [Backlog(3, 1, 5_000), Backlog(1, 2, 4_000, 10.0), Backlog(2, 3, 1_000, 3.0)]),
    ],
)
def test_within_a_tenth_of_what_then_happens(rate: float, backlogs: list[Backlog]) -> None:
    promised, happened = finishing(rate, backlogs), play(rate, backlogs)
    for broadcast, at in happened.items():
        assert promised[broadcast] == pytest.approx(at, rel=0.1, abs=0.5)


def test_one_that_may_not_leave_yet_ends_no_sooner() -> None:
    assert finishing(100.0, [Backlog(2, 1, 10, 0.0, 3_600.0)]) == {1: 3_600.0}
    assert finishing(100.0, [Backlog(2, 1, 0)]) == {1: 0.0}
    assert math.isinf(finishing(0.0, [Backlog(2, 1, 1)])[1])


def test_the_pace_is_what_was_seen_of_all_who_wait_and_never_more_than_configured() -> None:
    assert pace_of(100.0, []) == 100.0
    assert pace_of(100.0, [Seen(400, 10.0)]) == 40.0
    assert pace_of(100.0, [Seen(400, 10.0), Seen(100, 10.0)]) == 50.0
    assert pace_of(100.0, [Seen(400, 10.0), None]) == 100.0
    assert pace_of(100.0, [Seen(400, 0.5)]) == 100.0
    assert pace_of(100.0, [Seen(9_000, 10.0)]) == 100.0
