from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.domain.doubting import PATIENCE, SEARCHES, Doubt, Next, next_step
from app.domain.message import Found
from app.domain.planning import Lane

CALM = Doubt(asked=0, lane=Lane.UPDATE, attempts=1, searchable=True, key_is_fresh=False, stopped=False)
URGENT = replace(CALM, lane=Lane.EMERGENCY)
DOUBTS = st.builds(
    Doubt, st.integers(0, 9), st.sampled_from(Lane), st.integers(1, 4), st.booleans(), st.booleans(), st.booleans()
)


def test_not_there_counts_when_it_was_said_twice_and_in_an_emergency_once() -> None:
    assert next_step(Found.NO, CALM) is Next.ASK_AGAIN
    assert next_step(Found.NO, replace(CALM, asked=SEARCHES - 1)) is Next.SEND_AGAIN
    assert next_step(Found.NO, URGENT) is Next.SEND_AGAIN


def test_a_search_that_fails_is_tried_again() -> None:
    assert next_step(Found.CANNOT_TELL, CALM) is Next.ASK_AGAIN
    assert next_step(Found.CANNOT_TELL, replace(CALM, asked=PATIENCE - 1)) is Next.LEAVE_TO_PERSON
    assert next_step(Found.CANNOT_TELL, URGENT) is Next.ASK_AGAIN
    assert next_step(Found.CANNOT_TELL, replace(URGENT, asked=SEARCHES - 1)) is Next.RESEND_ONCE


def test_where_nobody_can_be_asked_an_emergency_is_resent_once_and_the_rest_waits_for_a_person() -> None:
    blind = replace(CALM, searchable=False)
    assert next_step(Found.CANNOT_TELL, blind) is Next.LEAVE_TO_PERSON
    assert next_step(Found.CANNOT_TELL, replace(blind, lane=Lane.CORRECTION)) is Next.RESEND_ONCE
    assert next_step(Found.CANNOT_TELL, replace(blind, lane=Lane.EMERGENCY, attempts=2)) is Next.LEAVE_TO_PERSON


def test_a_known_key_is_repeated_unless_the_broadcast_was_stopped() -> None:
    keyed = replace(CALM, key_is_fresh=True, searchable=False)
    assert next_step(Found.CANNOT_TELL, keyed) is Next.REPEAT
    assert next_step(Found.CANNOT_TELL, replace(keyed, stopped=True)) is Next.LEAVE_TO_PERSON


@given(DOUBTS)
def test_what_was_found_is_never_sent_again(doubt: Doubt) -> None:
    assert next_step(Found.YES, doubt) is Next.SENT


@given(st.sampled_from(Found), DOUBTS)
def test_after_a_stop_nothing_is_sent_on_a_guess(found: Found, doubt: Doubt) -> None:
    step = next_step(found, replace(doubt, stopped=True))
    assert step not in {Next.RESEND_ONCE, Next.REPEAT}
    assert step is not Next.SEND_AGAIN or found is Found.NO


@given(DOUBTS.map(lambda doubt: replace(doubt, asked=PATIENCE)), st.sampled_from(Found))
def test_nobody_is_asked_about_for_ever(doubt: Doubt, found: Found) -> None:
    assert next_step(found, doubt) is not Next.ASK_AGAIN
