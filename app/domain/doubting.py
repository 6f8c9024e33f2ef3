"""What to do about a delivery we are unsure of, after asking the provider."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.message import Found
from app.domain.planning import Lane

SEARCHES: Final = 2
"""A provider's list may lag, so "not there" counts when it was said twice; in an emergency once is enough."""
PATIENCE: Final = 5
"""A search may fail by itself (a provider in trouble): asked so often before a person must decide."""


class Next(StrEnum):
    """The value is the reason that is stored and shown."""

    SENT = "found_at_provider"
    SEND_AGAIN = "not_found_at_provider"
    REPEAT = "repeated_under_key"
    ASK_AGAIN = "asked_provider"
    RESEND_ONCE = "resent_once"
    LEAVE_TO_PERSON = "waits_for_decision"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A delivery nobody is sure of. `asked`: searches made before this one; `attempts`: calls made so far."""

    asked: int
    lane: int
    attempts: int
    searchable: bool
    """Its channel can ask the provider."""
    key_is_fresh: bool
    """The provider knows a repeated call for what it is."""
    stopped: bool
    """The broadcast has ended: no call may start any more."""


def next_step(found: Found, doubt: Doubt) -> Next:
    urgent = doubt.lane <= Lane.EMERGENCY and not doubt.stopped
    if found is Found.YES:
        return Next.SENT
    if doubt.key_is_fresh and not doubt.stopped:
        return Next.REPEAT
    if found is Found.NO:
        return Next.SEND_AGAIN if urgent or doubt.asked + 1 >= SEARCHES else Next.ASK_AGAIN
    if doubt.searchable and doubt.asked + 1 < (SEARCHES if urgent else PATIENCE):
        return Next.ASK_AGAIN
    return Next.RESEND_ONCE if urgent and doubt.attempts < 2 else Next.LEAVE_TO_PERSON
