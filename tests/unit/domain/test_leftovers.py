from __future__ import annotations

import pytest

from app.domain.leftovers import leftovers


@pytest.mark.parametrize(
    "gap",
    [
        "{{ name }}", "${place}", "%FIRSTNAME%", "%(name)s", "*|FNAME|*", "<<time>>", "<insert time>", "[PLACE]",
        "[insert time]",
        "-name-", "TBD", "XXXX", "XX:XX", "____", "???", "{% if x %}",
    ],
)  # fmt: skip
def test_a_gap_nobody_filled_is_found(gap: str) -> None:
    assert leftovers(f"Dear customer, power is back at {gap} in the north.") == (gap,)


@pytest.mark.parametrize(
    "words",
    [
        "Power is out in the north [since 10:00].",
        "Back by {time}.",
        "A well-known-name-day in the mid-1990s, 5-10 km from here.",
        "Really? Yes! I <3 it. Temperatures < 5 and > 3.",
        "100 % of the lines; 50%-70% tomorrow.",
        "[1] See the list.",
        "[UPDATE 3] [EXERCISE] It goes on.",
        "વીજળી નથી.",
    ],
)
def test_plain_words_are_none(words: str) -> None:
    assert leftovers(words) == ()
