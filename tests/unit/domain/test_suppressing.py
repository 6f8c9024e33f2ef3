from __future__ import annotations

import pytest

from app.domain.courtesy import ENOUGH_TODAY, TOLD_ELSEWHERE
from app.domain.suppressing import WANTS_LESS, Spared, Why, reported, spared, spared_counts


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        *((reported(why), Spared(why.value)) for why in Why),
        (reported("asked by phone"), Spared.LISTED),
        (reported(WANTS_LESS), Spared.WANTS_LESS),
        ("opted_out:21610", Spared.OPTED_OUT),
        (ENOUGH_TODAY, Spared.ENOUGH_FOR_TODAY),
        (TOLD_ELSEWHERE, Spared.TOLD_ELSEWHERE),
        ("first_message_never_left", Spared.FIRST_NEVER_LEFT),
        ("address_erased", Spared.ERASED),
        ("of a later version", Spared.NOT_KNOWN),
        ("", Spared.NOT_KNOWN),
    ],
)
def test_every_reason_is_one_of_few(reason: str, why: Spared) -> None:
    assert spared(reason) is why


def test_the_counts_add_up_to_the_counted_ones() -> None:
    stored = {"on_suppression_list:bounced": 2, "on_suppression_list:opted_out": 3, "opted_out:21610": 4}
    assert spared_counts(stored, 9) == {Spared.OPTED_OUT: 7, Spared.BOUNCED: 2}
    assert spared_counts(stored, 10) == {Spared.OPTED_OUT: 7, Spared.BOUNCED: 2, Spared.NOT_KNOWN: 1}
    assert spared_counts({}, 5) == {Spared.NOT_KNOWN: 5}, "forgotten, and still in the total"
    assert spared_counts({}, 0) == {}
