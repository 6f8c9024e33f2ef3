"""What a delivery is at any moment, and the only ways it may change (DESIGN section 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.message import ReceiptKind


class State(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    RETRY_WAIT = "retry_wait"
    UNKNOWN = "unknown"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    DEAD = "dead"


OPEN: Final = frozenset({State.QUEUED, State.SENDING, State.RETRY_WAIT, State.UNKNOWN})
"""A broadcast with a delivery in one of these is not over."""


class Event(StrEnum):
    """Everything that can happen to a delivery; the value is the reason that is stored, shown and counted."""

    ADMITTED = "admitted"
    ACCEPTED = "accepted"
    REFUSED_FOR_NOW = "refused_for_now"
    NO_ANSWER = "no_answer"
    LEASE_LOST = "lease_lost"
    RETURNED = "returned"
    ATTEMPTED_AGAIN = "attempted_again"
    FOUND_AT_PROVIDER = "found_at_provider"
    NOT_FOUND_AT_PROVIDER = "not_found_at_provider"
    REPEATED_UNDER_KEY = "repeated_under_key"
    RESENT_ONCE = "resent_once"
    DECIDED_SENT = "decided_sent"
    DECIDED_RESEND = "decided_resend"
    RECEIPT_ACCEPTED = "receipt_accepted"
    RECEIPT_DELIVERED = "receipt_delivered"
    RECEIPT_UNDELIVERED = "receipt_undelivered"
    ADDRESS_REFUSED = "address_refused"
    CONTENT_REFUSED = "content_refused"
    OPTED_OUT = "opted_out"
    ON_SUPPRESSION_LIST = "on_suppression_list"
    NEWER_UPDATE = "newer_update"
    PAST_EXPIRY = "past_expiry"
    CANCELLED_BY_STAFF = "cancelled_by_staff"
    OUR_FAULT = "our_fault"


_STOPPABLE: Final = (State.QUEUED, State.RETRY_WAIT)

TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = MappingProxyType(
    {
        (State.QUEUED, Event.ADMITTED): State.SENDING,
        (State.QUEUED, Event.ON_SUPPRESSION_LIST): State.SUPPRESSED,
        (State.RETRY_WAIT, Event.ON_SUPPRESSION_LIST): State.SUPPRESSED,
        **{(state, Event.NEWER_UPDATE): State.SUPERSEDED for state in _STOPPABLE},
        **{(state, Event.PAST_EXPIRY): State.EXPIRED for state in (*_STOPPABLE, State.SENDING)},
        **{(state, Event.CANCELLED_BY_STAFF): State.CANCELLED for state in (*_STOPPABLE, State.SENDING)},
        (State.SENDING, Event.NEWER_UPDATE): State.SUPERSEDED,
        (State.SENDING, Event.ACCEPTED): State.ACCEPTED,
        (State.SENDING, Event.REFUSED_FOR_NOW): State.RETRY_WAIT,
        (State.SENDING, Event.NO_ANSWER): State.UNKNOWN,
        (State.SENDING, Event.LEASE_LOST): State.UNKNOWN,
        (State.SENDING, Event.RETURNED): State.QUEUED,
        (State.SENDING, Event.ADDRESS_REFUSED): State.FAILED,
        (State.SENDING, Event.CONTENT_REFUSED): State.FAILED,
        (State.SENDING, Event.OPTED_OUT): State.SUPPRESSED,
        (State.SENDING, Event.OUR_FAULT): State.DEAD,
        (State.RETRY_WAIT, Event.ATTEMPTED_AGAIN): State.SENDING,
        (State.RETRY_WAIT, Event.RECEIPT_ACCEPTED): State.ACCEPTED,
        (State.RETRY_WAIT, Event.RECEIPT_DELIVERED): State.DELIVERED,
        (State.RETRY_WAIT, Event.RECEIPT_UNDELIVERED): State.UNDELIVERED,
        (State.UNKNOWN, Event.FOUND_AT_PROVIDER): State.ACCEPTED,
        (State.UNKNOWN, Event.NOT_FOUND_AT_PROVIDER): State.RETRY_WAIT,
        (State.UNKNOWN, Event.REPEATED_UNDER_KEY): State.RETRY_WAIT,
        (State.UNKNOWN, Event.RESENT_ONCE): State.RETRY_WAIT,
        (State.UNKNOWN, Event.DECIDED_RESEND): State.RETRY_WAIT,
        (State.FAILED, Event.DECIDED_RESEND): State.RETRY_WAIT,
        (State.DEAD, Event.DECIDED_RESEND): State.RETRY_WAIT,
        (State.UNKNOWN, Event.DECIDED_SENT): State.ACCEPTED,
        (State.UNKNOWN, Event.ACCEPTED): State.ACCEPTED,
        (State.UNKNOWN, Event.RECEIPT_ACCEPTED): State.ACCEPTED,
        (State.UNKNOWN, Event.RECEIPT_DELIVERED): State.DELIVERED,
        (State.UNKNOWN, Event.RECEIPT_UNDELIVERED): State.UNDELIVERED,
        (State.ACCEPTED, Event.RECEIPT_DELIVERED): State.DELIVERED,
        (State.ACCEPTED, Event.RECEIPT_UNDELIVERED): State.UNDELIVERED,
        (State.UNDELIVERED, Event.RECEIPT_DELIVERED): State.DELIVERED,
        (State.DELIVERED, Event.RECEIPT_UNDELIVERED): State.UNDELIVERED,
    }
)
"""The last row needs a receipt of a higher rank (a bounce after delivery); see `fold`."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """The event does not apply to a delivery in this state; nothing changes."""

    state: State
    event: Event


def apply(state: State, event: Event) -> State | Ignored:
    """The next state, or Ignored when the table has no such row."""
    return TRANSITIONS.get((state, event), Ignored(state, event))


class Result(StrEnum):
    """What one attempt came to: the `result` of an outcome row."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    DEAD = "dead"


FINAL: Final = frozenset(Result) - {Result.REFUSED, Result.UNKNOWN}
"""Results after which the delivery is settled and counted on its shard."""


class Why(StrEnum):
    """Why a delivery stands in `due`."""

    RETRY = "retry"
    RETURNED = "returned"
    UNKNOWN = "unknown"


RECEIPT_RANK: Final[Mapping[ReceiptKind, int]] = MappingProxyType(
    {
        ReceiptKind.ACCEPTED: 1,
        ReceiptKind.SENT: 2,
        ReceiptKind.DEFERRED: 3,
        ReceiptKind.UNDELIVERED: 4,
        ReceiptKind.FILTERED: 5,
        ReceiptKind.DELIVERED: 6,
        ReceiptKind.READ: 7,
        ReceiptKind.BOUNCED: 8,
    }
)
"""Receipts come repeated and in any order; the highest rank ever seen is the truth, so every order ends the same."""

SUPPRESSING: Final = frozenset({ReceiptKind.BOUNCED, ReceiptKind.OPTED_OUT, ReceiptKind.COMPLAINED})

_RECEIPT_STATES: Final[Mapping[ReceiptKind, State]] = MappingProxyType(
    {
        ReceiptKind.UNDELIVERED: State.UNDELIVERED,
        ReceiptKind.FILTERED: State.UNDELIVERED,
        ReceiptKind.BOUNCED: State.UNDELIVERED,
        ReceiptKind.DELIVERED: State.DELIVERED,
        ReceiptKind.READ: State.DELIVERED,
    }
)


def fold(known: ReceiptKind | None, heard: ReceiptKind) -> ReceiptKind | None:
    """The higher of the two; None when neither has a rank (an unknown word, an opt-out)."""
    if heard not in RECEIPT_RANK:
        return known
    if known is None or RECEIPT_RANK[heard] > RECEIPT_RANK[known]:
        return heard
    return known


def accepted_state(receipt: ReceiptKind | None) -> State:
    """The state of a delivery the provider accepted, given the highest receipt."""
    return _RECEIPT_STATES.get(receipt, State.ACCEPTED) if receipt else State.ACCEPTED


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the ledger holds about one delivery."""

    admitted: bool
    rest_state: State | None = None
    outcomes: Sequence[tuple[int, Result]] = ()
    due: Why | None = None
    receipt: ReceiptKind | None = None


def state_of(facts: Facts) -> State:
    """The delivery's state; store.deliveries computes the same in SQL (a property test compares them)."""
    if not facts.admitted:
        return facts.rest_state or State.QUEUED
    if facts.due is not None:
        return {Why.RETRY: State.RETRY_WAIT, Why.RETURNED: State.QUEUED, Why.UNKNOWN: State.UNKNOWN}[facts.due]
    results = {result for _, result in facts.outcomes}
    if Result.ACCEPTED in results:
        return accepted_state(facts.receipt)
    for result in (
        Result.SUPPRESSED,
        Result.FAILED,
        Result.DEAD,
        Result.SUPERSEDED,
        Result.EXPIRED,
        Result.CANCELLED,
    ):
        if result in results:
            return State(result.value)
    return State.SENDING
