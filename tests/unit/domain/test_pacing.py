from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.pacing import FLOOR_SHARE, SLICE_SECONDS, Pace, seconds_left

STEPS = st.lists(st.tuples(st.floats(0, 3), st.integers(0, 500), st.booleans()), max_size=40)


@given(st.floats(0.5, 2_000), STEPS)
def test_the_pace_is_never_exceeded(nominal: float, steps: list[tuple[float, int, bool]]) -> None:
    """Over any stretch: what the rate allows, and one slice that was saved up."""
    pace = Pace.full(nominal, 0.0)
    used: list[tuple[float, int]] = []
    now = 0.0
    for passed, wanted, throttled in steps:
        now += passed
        pace = pace.refilled(now)
        taken = max(0, min(wanted, int(pace.tokens)))
        pace = pace.spent(taken)
        used.append((now, taken))
        if throttled:
            pace = pace.throttled()
        assert nominal * FLOOR_SHARE * 0.999 <= pace.rate <= nominal
    burst = max(1.0, nominal * SLICE_SECONDS)
    for begin in range(len(used)):
        for end in range(begin, len(used)):
            taken = sum(number for _, number in used[begin : end + 1])
            assert taken <= burst + nominal * (used[end][0] - used[begin][0]) + 1e-6 * nominal + 1e-6


def test_a_quiet_hour_is_not_saved_up() -> None:
    assert Pace.full(100, 0).spent(25).refilled(3_600).tokens == 25


def test_a_slow_endpoint_still_gets_whole_recipients() -> None:
    pace = Pace.full(0.5, 0).spent(1)
    assert int(pace.refilled(1.9).tokens) == 0
    assert int(pace.refilled(2.0).tokens) == 1


def test_throttled_halves_and_recovers_within_seconds() -> None:
    pace = Pace.full(100, 0).throttled()
    assert (pace.rate, pace.tokens) == (50, 0)
    assert pace.refilled(1).rate == pytest.approx(60)
    assert pace.refilled(60).rate == 100
    for _ in range(20):
        pace = pace.throttled()
    assert pace.rate == pytest.approx(100 * FLOOR_SHARE)


def test_a_clock_that_goes_back_gives_nothing() -> None:
    assert Pace.full(100, 10).spent(20).refilled(9).tokens == 5


def test_the_estimate_never_divides_by_nothing() -> None:
    assert seconds_left(600, 10) == 60
    assert math.isinf(seconds_left(1, 0))
