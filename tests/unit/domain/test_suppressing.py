from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.courtesy import ENOUGH_TODAY, TOLD_ELSEWHERE
from app.domain.suppressing import (
    STOPS,
    WANTS_LESS,
    Ground,
    OnList,
    Spared,
    Why,
    is_own_stop,
    joined,
    reported,
    spared,
    spared_counts,
    weight,
    without_own_stop,
)


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


STOP, HEARD = Ground("opted_out", 5, "person"), Ground("opted_out", 6, "provider")
BOUNCE, SPAM = Ground("bounced", 1, "provider"), Ground("complained", 2, "provider")
BY_STAFF, AT_THE_DOOR = Ground("asked by phone", 3, "staff"), Ground("opted_out", 4, "staff")
LINK, WRONG = Ground("unsubscribed", 7, "person"), Ground("invalid", 0, "provider")


@pytest.mark.parametrize(
    ("came", "front", "behind"),
    [
        ([], None, None),
        ([BOUNCE, STOP], STOP, BOUNCE),
        ([STOP, BOUNCE], STOP, BOUNCE),
        ([STOP, HEARD], STOP, None),
        ([WRONG, BOUNCE, SPAM], SPAM, None),
        ([SPAM, BOUNCE], SPAM, None),
        ([BOUNCE, BY_STAFF], BY_STAFF, None),
        ([BY_STAFF, SPAM, STOP, BOUNCE], STOP, SPAM),
        ([AT_THE_DOOR, STOP], AT_THE_DOOR, None),
        ([STOP, AT_THE_DOOR], STOP, AT_THE_DOOR),
        ([STOP, LINK, BOUNCE], STOP, LINK),
        ([BOUNCE, LINK], LINK, None),
    ],
)
def test_what_a_person_wants_outweighs_what_was_found_out(
    came: list[Ground], front: Ground | None, behind: Ground | None
) -> None:
    wanted = OnList(front, behind) if front is not None else None
    assert joined(None, *came) == wanted
    one_by_one = None
    for one in came:
        one_by_one = joined(one_by_one, one)
    assert one_by_one == wanted, "in one step or in many"


@given(st.lists(st.sampled_from([STOP, HEARD, BOUNCE, SPAM, BY_STAFF, AT_THE_DOOR, LINK, WRONG]), min_size=1))
def test_a_start_takes_back_the_stop_and_nothing_else(came: list[Ground]) -> None:
    listed = joined(None, *came)
    assert listed is not None
    assert (listed.front.reason in STOPS) == any(one.reason in STOPS for one in came), "no STOP is ever hidden"
    others = [one for one in came if not is_own_stop(one.reason, one.source)]
    left = without_own_stop(listed)
    assert (left is None) == (not others)
    assert left is None or weight(left.front.reason) == max(weight(one.reason) for one in others)
