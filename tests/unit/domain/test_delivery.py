from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.delivery import (
    FINAL,
    OPEN,
    RECEIPT_RANK,
    SUPPRESSING,
    TRANSITIONS,
    Event,
    Facts,
    Ignored,
    Result,
    State,
    Why,
    accepted_state,
    apply,
    fold,
    state_of,
)
from app.domain.message import ReceiptKind

ENDED_BY_US = {State.FAILED, State.SUPPRESSED, State.SUPERSEDED, State.EXPIRED, State.CANCELLED, State.DEAD}
STORIES = [
    ([Event.ADMITTED, Event.ACCEPTED, Event.RECEIPT_DELIVERED], State.DELIVERED),
    ([Event.ADMITTED, Event.REFUSED_FOR_NOW, Event.ATTEMPTED_AGAIN, Event.ACCEPTED], State.ACCEPTED),
    ([Event.ADMITTED, Event.NO_ANSWER, Event.FOUND_AT_PROVIDER], State.ACCEPTED),
    ([Event.ADMITTED, Event.LEASE_LOST, Event.RESENT_ONCE, Event.ATTEMPTED_AGAIN, Event.ACCEPTED], State.ACCEPTED),
    ([Event.ADMITTED, Event.LEASE_LOST, Event.REPEATED_UNDER_KEY, Event.ATTEMPTED_AGAIN], State.SENDING),
    ([Event.ADMITTED, Event.NO_ANSWER, Event.RECEIPT_DELIVERED], State.DELIVERED),
    ([Event.ADMITTED, Event.RETURNED, Event.NEWER_UPDATE], State.SUPERSEDED),
    ([Event.ON_SUPPRESSION_LIST], State.SUPPRESSED),
    ([Event.ADMITTED, Event.ACCEPTED, Event.RECEIPT_DELIVERED, Event.RECEIPT_UNDELIVERED], State.UNDELIVERED),
]


@given(st.sampled_from(State), st.sampled_from(Event))
def test_every_event_in_every_state_has_an_answer(state: State, event: Event) -> None:
    answer = apply(state, event)
    assert answer == Ignored(state, event) or answer is TRANSITIONS[state, event]


@pytest.mark.parametrize(("events", "end"), STORIES)
def test_a_delivery_goes_its_way(events: list[Event], end: State) -> None:
    state: State | Ignored = State.QUEUED
    for event in events:
        assert isinstance(state, State)
        state = apply(state, event)
    assert state is end


def test_every_event_has_a_use_and_every_state_can_be_reached() -> None:
    assert {event for _, event in TRANSITIONS} == set(Event)
    assert set(TRANSITIONS.values()) | {State.QUEUED} == set(State)


def test_what_was_ended_by_us_stays_ended() -> None:
    again = {(state, event) for state, event in TRANSITIONS if state in ENDED_BY_US}
    assert again == {(State.FAILED, Event.DECIDED_RESEND), (State.DEAD, Event.DECIDED_RESEND)}


def test_what_the_provider_took_is_never_sent_again() -> None:
    seen, todo = set(), [State.ACCEPTED]
    while todo:
        state = todo.pop()
        seen.add(state)
        todo += [after for (before, _), after in TRANSITIONS.items() if before is state and after not in seen]
    assert seen == {State.ACCEPTED, State.DELIVERED, State.UNDELIVERED}
    assert not seen & OPEN


def test_nothing_unknown_is_sent_again_without_a_named_reason() -> None:
    again = {event for (state, event), after in TRANSITIONS.items() if state is State.UNKNOWN and after in OPEN}
    assert again == {
        Event.NOT_FOUND_AT_PROVIDER,
        Event.REPEATED_UNDER_KEY,
        Event.RESENT_ONCE,
        Event.DECIDED_RESEND,
    }


@given(st.lists(st.sampled_from(ReceiptKind), max_size=5))
def test_receipts_in_any_order_end_the_same(heard: list[ReceiptKind]) -> None:
    ends = set()
    for order in permutations(heard):
        known = None
        for kind in (*order, *order):  # and twice
            known = fold(known, kind)
        ends.add(known)
    assert len(ends) == 1
    ranked = [kind for kind in heard if kind in RECEIPT_RANK]
    assert ends == {max(ranked, key=RECEIPT_RANK.__getitem__) if ranked else None}


def test_words_without_a_rank_change_no_state() -> None:
    unranked = set(ReceiptKind) - set(RECEIPT_RANK)
    assert unranked == {ReceiptKind.UNKNOWN, ReceiptKind.OPTED_OUT, ReceiptKind.COMPLAINED}
    assert {fold(ReceiptKind.SENT, kind) for kind in unranked} == {ReceiptKind.SENT}
    assert SUPPRESSING - set(RECEIPT_RANK) == {ReceiptKind.OPTED_OUT, ReceiptKind.COMPLAINED}


@pytest.mark.parametrize(
    ("receipt", "state"),
    [
        (None, State.ACCEPTED),
        (ReceiptKind.SENT, State.ACCEPTED),
        (ReceiptKind.DEFERRED, State.ACCEPTED),
        (ReceiptKind.DELIVERED, State.DELIVERED),
        (ReceiptKind.READ, State.DELIVERED),
        (ReceiptKind.UNDELIVERED, State.UNDELIVERED),
        (ReceiptKind.BOUNCED, State.UNDELIVERED),
    ],
)
def test_a_receipt_says_how_far_it_got(receipt: ReceiptKind | None, state: State) -> None:
    assert accepted_state(receipt) is state


def test_who_was_never_admitted_has_the_state_of_the_rest() -> None:
    assert state_of(Facts(admitted=False)) is State.QUEUED
    assert state_of(Facts(admitted=False, rest_state=State.CANCELLED)) is State.CANCELLED
    assert state_of(Facts(admitted=True, rest_state=State.CANCELLED)) is State.SENDING


def test_an_acceptance_outweighs_every_other_outcome() -> None:
    for other in Result:
        assert state_of(Facts(True, outcomes=[(1, Result.ACCEPTED), (2, other)])) is State.ACCEPTED
    assert state_of(Facts(True, outcomes=[(1, Result.ACCEPTED)], due=Why.UNKNOWN)) is State.UNKNOWN


@given(st.sampled_from(sorted(FINAL)))
def test_a_final_outcome_is_the_state(result: Result) -> None:
    assert state_of(Facts(True, outcomes=[(1, Result.REFUSED), (2, Result.UNKNOWN), (3, result)])) == result.value
