from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.stepping import AIM_SECONDS, Sizes, Stride

SIZES = Sizes(10, 1_000)
SECONDS = st.floats(0, 100)


@given(size=st.integers(1, 5_000), before=SECONDS, seconds=SECONDS)
def test_a_step_is_never_more_than_twice_the_last_one_and_stays_within_its_bounds(
    size: int, before: float, seconds: float
) -> None:
    found = Stride(size, before).after(seconds, SIZES)
    assert SIZES.least <= found.size <= max(SIZES.least, min(SIZES.most, 2 * size))


@given(size=st.integers(1, 5_000), before=SECONDS, seconds=SECONDS)
def test_the_next_step_keeps_to_the_aim_at_the_speed_of_either_of_the_last_two(
    size: int, before: float, seconds: float
) -> None:
    found = Stride(size, before).after(seconds, SIZES)
    assert found.size == SIZES.least or found.size * max(before, seconds / size) <= AIM_SECONDS * 1.001


def test_what_took_too_long_is_cut_at_once_and_grows_again_when_two_were_quick() -> None:
    long = Stride(800).after(AIM_SECONDS * 4, SIZES)
    assert long.size == 200
    once = long.after(AIM_SECONDS / 100, SIZES)
    assert once.size == 200
    assert once.after(AIM_SECONDS / 100, SIZES).size == 400
    assert Stride(200).after(AIM_SECONDS, SIZES).size == 200
