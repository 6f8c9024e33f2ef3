"""Why nobody may write to an address, who said so, and who may take it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Ground:
    """One reason for which an address is on the list."""

    reason: str
    at_ms: int
    source: str | None
    """None = nobody noted it, long ago."""


@dataclass(frozen=True, slots=True)
class OnList:
    """As an address stands on the list: what weighs most, and what is left when the person takes their STOP back."""

    front: Ground
    behind: Ground | None = None
    """Only ever beside the person's own STOP, and never one itself."""


STOPS: Final = frozenset({Why.OPTED_OUT, Why.UNSUBSCRIBED})
"""What a person wants, whoever heard it."""
_OF_STAFF: Final = 2
_WEIGHTS: Final[Mapping[str, int]] = {
    Why.INVALID: 0,
    Why.BOUNCED: 1,
    Why.COMPLAINED: 3,
    Why.OPTED_OUT: 4,
    Why.UNSUBSCRIBED: 4,
}


def weight(reason: str) -> int:
    """What a person wants outweighs what staff noted, and that what a machine found out about the address."""
    return _WEIGHTS.get(reason, _OF_STAFF)


def joined(before: OnList | None, *more: Ground) -> OnList | None:
    """With more reasons, in the order in which they came; of equal ones the first stays. None without any."""
    grounds = [*_grounds(before), *more]
    if not grounds:
        return None
    front = _heaviest(grounds)
    others = [one for one in grounds if not is_own_stop(one.reason, one.source)]
    own = is_own_stop(front.reason, front.source)
    return OnList(front, _heaviest(others) if own and others else None)


def without_own_stop(before: OnList) -> OnList | None:
    """After a START: None when nothing else holds it."""
    if not is_own_stop(before.front.reason, before.front.source):
        return before
    return OnList(before.behind) if before.behind is not None else None


def _grounds(listed: OnList | None) -> Iterable[Ground]:
    if listed is None:
        return ()
    return (listed.front,) if listed.behind is None else (listed.front, listed.behind)


def _heaviest(grounds: Iterable[Ground]) -> Ground:
    return max(grounds, key=lambda one: weight(one.reason))


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
