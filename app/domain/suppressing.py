"""Why nobody may write to an address, who said so, and who may take it back."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Source(StrEnum):
    PERSON = "person"
    """The reader themselves: STOP, or the link of an e-mail."""
    PROVIDER = "provider"
    """A bounce, a complaint, a refusal, an opt-out it knows of."""
    STAFF = "staff"


class Why(StrEnum):
    """The reasons the service gives by itself; staff may write others of their own."""

    OPTED_OUT = "opted_out"
    """STOP, heard by us or by the provider."""
    UNSUBSCRIBED = "unsubscribed"
    """By the personal link of an e-mail."""
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    """Reported as spam."""
    INVALID = "invalid"
    """Refused as no usable address."""


def is_own_stop(reason: str, source: str | None) -> bool:
    """Whether it came from the person's own STOP, so that their START takes it back."""
    return reason == Why.OPTED_OUT and source in {Source.PERSON, Source.PROVIDER}


WANTS_LESS: Final = "wants_less"
"""Stands where a suppression's reason would, for news that is not big; nobody else may use the word."""
REPORTED: Final = frozenset(Why)


def reported(reason: str) -> str:
    """What the report says of a delivery that is held back: one of few words, never what staff typed freely."""
    if reason == WANTS_LESS:
        return WANTS_LESS
    return f"on_suppression_list:{reason}" if reason in REPORTED else "on_suppression_list"
