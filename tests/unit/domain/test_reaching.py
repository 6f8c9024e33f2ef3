"""Far enough ahead, and no farther."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.reaching import MOST, first_reach, next_reach


def test_a_quick_provider_with_few_senders_is_given_more_until_they_are_busy() -> None:
    first = reach = first_reach(8, 1)
    assert first == 128
    for _ in range(3):
        reach = next_reach(reach, first, waiting=0)
    assert reach == 1_024
    assert next_reach(reach, first, waiting=300) == reach
    for _ in range(50):
        reach = next_reach(reach, first, waiting=reach)
    assert reach == first


@given(st.integers(1, 200), st.integers(1, 1_000), st.lists(st.integers(0, MOST), max_size=30))
def test_a_crash_never_leaves_more_in_doubt_than_stated(senders: int, unit: int, waiting: list[int]) -> None:
    first = reach = first_reach(senders, unit)
    for number in waiting:
        reach = next_reach(reach, first, number)
        assert min(first, MOST) <= reach <= MOST
