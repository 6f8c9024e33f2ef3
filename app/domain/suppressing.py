"""Why nobody may write to an address, who said so, and who may take it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from app.domain.message import Medium


class Source(StrEnum):
    PERSON = "person"
    """The reader themselves: STOP, or the link of an e-mail."""
    PROVIDER = "provider"
    """A bounce, a complaint, a refusal, an opt-out it knows of."""
    STAFF = "staff"


class Why(StrEnum):
    """The reasons the service gives by itself; staff may write others of their own."""

    OPTED_OUT = "opted_out"
    """STOP, heard by us or by the provider; or the personal link of a telephone or a chat."""
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


def left_by_link(medium: Medium) -> Why:
    """The reason when somebody leaves by their personal link: where a START is heard it is a STOP, taken back by it."""
    return Why.OPTED_OUT if medium in {Medium.SMS, Medium.CHAT} else Why.UNSUBSCRIBED


WANTS_LESS: Final = "wants_less"
"""Stands where a suppression's reason would, for news that is not big; nobody else may use the word."""
REPORTED: Final = frozenset(Why)
_LIST: Final = "on_suppression_list"


def reported(reason: str) -> str:
    """What the report says of a delivery that is held back: one of few words, never what staff typed freely."""
    if reason == WANTS_LESS:
        return WANTS_LESS
    return f"{_LIST}:{reason}" if reason in REPORTED else _LIST


class Spared(StrEnum):
    """Why nothing was sent to somebody of the audience: what a report counts `suppressed` deliveries by."""

    OPTED_OUT = "opted_out"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    INVALID = "invalid"
    LISTED = "listed"
    """On the suppression list for what staff wrote."""
    WANTS_LESS = WANTS_LESS
    ENOUGH_FOR_TODAY = "enough_for_today"
    TOLD_ELSEWHERE = "told_by_another_medium"
    FIRST_NEVER_LEFT = "first_message_never_left"
    """Of a correction: they never got what it corrects."""
    ERASED = "address_erased"
    NOT_KNOWN = "not_known"
    """Forgotten since, with the rows: only the totals are left."""


_SPARED: Final = frozenset(Spared)


def spared(reason: str) -> Spared:
    """Of a suppressed delivery's stored reason: ours, or the list's, or a provider's with its code behind a colon."""
    head, _, rest = reason.partition(":")
    word = (rest or Spared.LISTED) if head == _LIST else head
    return Spared(word) if word in _SPARED else Spared.NOT_KNOWN


def spared_counts(stored: Mapping[str, int], whole: int) -> dict[Spared, int]:
    """By reason, most first; together `whole`, the counted ones, also when rows are forgotten."""
    counts: Counter[Spared] = Counter()
    for reason, number in stored.items():
        counts[spared(reason)] += number
    missing = whole - counts.total()
    if missing > 0:
        counts[Spared.NOT_KNOWN] += missing
    return dict(counts.most_common())
