from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.stepping import AIM_SECONDS, Sizes, next_size

SIZES = Sizes(10, 1_000)


@given(size=st.integers(1, 5_000), seconds=st.floats(0, 100))
def test_a_step_is_never_more_than_twice_the_last_one_and_stays_within_its_bounds(size: int, seconds: float) -> None:
    found = next_size(size, seconds, SIZES)
    assert SIZES.least <= found <= max(SIZES.least, min(SIZES.most, 2 * size))


def test_what_took_too_long_is_cut_at_once() -> None:
    assert next_size(800, AIM_SECONDS * 4, SIZES) == 200
    assert next_size(200, AIM_SECONDS / 100, SIZES) == 400
    assert next_size(200, AIM_SECONDS, SIZES) == 200
