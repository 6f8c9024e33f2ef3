"""Slices of one endpoint's pace, dealt to several broadcasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from app.domain.sharing import LOWER_SHARE, Shares, Waiting, after, divide

URGENT, BULK, ROUTINE, OTHER = Waiting(0, 1), Waiting(2, 2), Waiting(3, 3), Waiting(2, 4)


def play(waiting: Sequence[Waiting], rooms: Sequence[int], unit: int = 1) -> Counter[int]:
    """What each got when all of them always had more than they were offered."""
    shares, total = Shares(), Counter[int]()
    for room in rooms:
        dealt = Counter(dict(divide(room, unit, waiting, shares)))
        assert sum(dealt.values()) == room
        shares = after(room, unit, waiting, shares, dealt)
        total.update(dealt)
    return total


def test_one_alone_gets_everything() -> None:
    assert divide(7, 1, [BULK], Shares()) == [(2, 7)]
    assert divide(7, 1, [], Shares()) == []


@pytest.mark.parametrize("room", [1, 2, 5, 40, 1_000])
@pytest.mark.parametrize("unit", [1, 10])
def test_the_lanes_below_the_best_get_a_twentieth_whatever_the_slices(room: int, unit: int) -> None:
    slices = [room] * (20_000 // room)
    got = play([URGENT, BULK, ROUTINE], slices, unit)
    share = (got[2] + got[3]) / sum(got.values())
    assert share == pytest.approx(LOWER_SHARE, abs=0.02)
    assert got[3] > 0, "routine is never starved"


def test_the_urgent_is_served_first_in_every_slice() -> None:
    shares = Shares()
    for _ in range(50):
        dealt = divide(10, 1, [ROUTINE, URGENT, BULK], shares)
        assert dealt[0][0] == URGENT.broadcast
        shares = after(10, 1, [ROUTINE, URGENT, BULK], shares, dict(dealt))


@pytest.mark.parametrize("rooms", [[1] * 300, [3] * 100, [100] * 3])
def test_two_broadcasts_of_a_lane_get_the_same(rooms: list[int]) -> None:
    got = play([BULK, OTHER], rooms)
    assert abs(got[2] - got[4]) <= 1


def test_a_newcomer_is_neither_starved_nor_first_until_it_has_caught_up() -> None:
    shares = Shares()
    for _ in range(100):
        shares = after(50, 1, [BULK], shares, {2: 50})
    got = Counter[int]()
    for _ in range(40):
        dealt = dict(divide(1, 1, [BULK, OTHER], shares))
        shares = after(1, 1, [BULK, OTHER], shares, dealt)
        got.update(dealt)
    assert abs(got[2] - got[4]) <= 3


def test_what_lower_lanes_did_not_want_is_not_saved_up() -> None:
    shares = Shares()
    for _ in range(100):
        shares = after(100, 1, [URGENT, BULK], shares, {1: 100})
    assert dict(divide(100, 1, [URGENT, BULK], shares))[2] <= 6


@pytest.mark.parametrize("unit", [1, 250])
def test_whoever_was_alone_is_owed_nothing_when_something_urgent_comes(unit: int) -> None:
    """A few urgent ones would else wait behind a whole call of the bulk's."""
    shares = Shares()
    for _ in range(1_000):
        shares = after(unit, unit, [BULK], shares, {2: unit})
    for _ in range(int(1 / LOWER_SHARE) - 2):
        dealt = dict(divide(unit, unit, [URGENT, BULK], shares))
        assert dealt == {1: unit}
        shares = after(unit, unit, [URGENT, BULK], shares, dealt)


def test_batches_are_dealt_whole() -> None:
    for broadcast, share in divide(1_000, 250, [BULK, OTHER], Shares()):
        assert share % 250 == 0, broadcast
