"""What counts as an anomaly, and what a list of people is like on an ordinary day."""

from __future__ import annotations

import pytest

from app.domain.halting import (
    ORDINARY,
    Counts,
    Limits,
    Marks,
    Sign,
    check_limits,
    look,
    look_at_canary,
    portion,
    slide,
)

FRESH = Marks()


@pytest.mark.parametrize(
    ("counts", "sign"),
    [
        (Counts(), Sign.FINE),
        (Counts(1, words=1), Sign.FINE),
        (Counts(10_000, words=1, addresses=1), Sign.FINE),
        (Counts(200, words=2), Sign.FINE),
        (Counts(200, words=3), Sign.WORDS_REFUSED),
        (Counts(3, words=3), Sign.WORDS_REFUSED),
        (Counts(1_000, words=10), Sign.FINE),
        (Counts(1_000, words=11), Sign.WORDS_REFUSED),
        (Counts(60, addresses=40), Sign.FINE),
        (Counts(60, addresses=41), Sign.ADDRESSES_REFUSED),
        (Counts(1_000, addresses=200), Sign.FINE),
        (Counts(1_000, addresses=201), Sign.ADDRESSES_REFUSED),
        (Counts(1_000, undelivered=501), Sign.UNDELIVERED),
    ],
)
def test_shares_are_of_the_first_two_hundred_or_of_all_that_came(counts: Counts, sign: Sign) -> None:
    assert look(counts, FRESH, ORDINARY) is sign


def test_trouble_after_a_long_good_time_is_seen_in_the_window() -> None:
    marks = FRESH
    for settled in range(0, 100_001, 250):
        counts = Counts(settled)
        assert look(counts, marks, ORDINARY) is Sign.FINE
        marks = slide(counts, marks, ORDINARY)
    assert marks.begin.settled >= 100_000 - 2 * ORDINARY.window
    bad = 0
    while look(Counts(100_000 + bad, words=bad), marks, ORDINARY) is Sign.FINE:
        bad += 1
        assert bad < 50, "one in a hundred of the whole would have been 1,000"


def test_what_somebody_has_looked_at_is_not_held_against_it_again() -> None:
    known = Counts(300, words=30)
    assert look(known, FRESH, ORDINARY) is Sign.WORDS_REFUSED
    looked = Marks(known, known)
    assert look(known, looked, ORDINARY) is Sign.FINE
    assert look(Counts(310, words=33), looked, ORDINARY) is Sign.WORDS_REFUSED


@pytest.mark.parametrize(
    ("counts", "accepted", "waited", "sign"),
    [
        (Counts(50), 50, 0.0, Sign.WAIT),
        (Counts(50), 50, 15.0, Sign.FINE),
        (Counts(46), 46, 15.0, Sign.FINE),
        (Counts(40), 40, 15.0, Sign.WAIT),
        (Counts(40), 40, 60.0, Sign.CANARY_SILENT),
        (Counts(0), 0, 60.0, Sign.CANARY_SILENT),
        (Counts(50, words=1), 49, 15.0, Sign.FINE),
        (Counts(50, words=2), 48, 0.0, Sign.WORDS_REFUSED),
        (Counts(50, addresses=11), 39, 1.0, Sign.ADDRESSES_REFUSED),
    ],
)
def test_a_first_portion_of_fifty_is_judged_by_itself(counts: Counts, accepted: int, waited: float, sign: Sign) -> None:
    assert look_at_canary(counts, accepted, 50, ORDINARY, waited=waited, wait=15.0) is sign


def test_a_first_portion_of_one_that_nobody_takes_is_no_good_sign() -> None:
    assert look_at_canary(Counts(1, words=1), 0, 1, ORDINARY, waited=0, wait=15) is Sign.CANARY_REFUSED


def test_a_portion_is_a_count_or_a_share() -> None:
    assert [portion(canary, 1_000) for canary in (0, 1, 200, 5_000, 0.02, 0.0001)] == [0, 1, 200, 1_000, 20, 1]
    assert portion(200, 0) == 0


def test_a_playbook_sets_its_own_limits_and_hears_what_is_wrong_with_them() -> None:
    assert Limits.of({"first": 50, "addresses": 0.5}) == Limits(first=50, addresses=0.5)
    assert check_limits({"first": 50, "addresses": 0.5}, "halt") == []
    wrong = check_limits({"first": 0, "addresses": 2, "words": "1", "other": 1}, "halt")
    assert [problem.field for problem in wrong] == ["halt.first", "halt.addresses", "halt.words", "halt.other"]
