"""Far enough ahead, and no farther."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.reaching import MOST, MOST_UNASKABLE, first_reach


def test_a_quick_provider_with_few_senders_is_given_more_until_half_of_it_waits() -> None:
    reach = first_reach(8, 1, askable=True)
    assert reach.now == 128
    for waiting in (0, 128, 255):
        reach = reach.after(waiting)
    assert reach.now == 1_024
    assert reach.after(waiting=513) == reach
    assert reach.after(waiting=768) == reach
    for _ in range(50):
        reach = reach.after(waiting=reach.now)
    assert reach.now == 128


@given(st.integers(1, 200), st.integers(1, 1_000), st.lists(st.integers(0, MOST), max_size=30))
def test_a_crash_never_leaves_more_in_doubt_than_stated(senders: int, unit: int, waiting: list[int]) -> None:
    reach = first_reach(senders, unit, askable=True)
    for number in waiting:
        reach = reach.after(number)
        assert reach.first <= reach.now <= MOST


@given(st.integers(1, 200), st.lists(st.integers(0, MOST), max_size=30))
def test_where_nobody_can_ever_tell_it_leaves_only_a_few(senders: int, waiting: list[int]) -> None:
    reach = first_reach(senders, 1, askable=False)
    for number in waiting:
        reach = reach.after(number)
        assert reach.now <= MOST_UNASKABLE
