"""What to do about a delivery we are unsure of, after asking the provider."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from app.domain.message import Found
from app.domain.planning import Lane

SEARCHES: Final = 2
"""A provider's list may lag, so "not there" counts when it was said twice; in an emergency once is enough."""


class Next(StrEnum):
    """The value is the reason that is stored and shown."""

    SENT = "found_at_provider"
    SEND_AGAIN = "not_found_at_provider"
    REPEAT = "repeated_under_key"
    ASK_AGAIN = "asked_provider"
    RESEND_ONCE = "resent_once"
    LEAVE_TO_PERSON = "waits_for_decision"


def next_step(found: Found, *, asked: int, lane: int, attempts: int, key_is_fresh: bool, stopped: bool) -> Next:
    """`asked`: searches made before this one; `attempts`: calls made so far; `key_is_fresh`: the provider knows a
    repeated call for what it is; `stopped`: the broadcast has ended, no call may start any more.
    """
    urgent = lane <= Lane.EMERGENCY and not stopped
    if found is Found.YES:
        return Next.SENT
    if key_is_fresh and not stopped:
        return Next.REPEAT
    if found is Found.NO:
        return Next.SEND_AGAIN if urgent or asked + 1 >= SEARCHES else Next.ASK_AGAIN
    return Next.RESEND_ONCE if urgent and attempts < 2 else Next.LEAVE_TO_PERSON
