"""When a broadcast must stop by itself: too many refusals among its first outcomes, then in a window that slides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from app.errors import Problem

CANARY_WAIT_SECONDS: Final = 15
"""How long the first portion is watched when the playbook does not say."""
PATIENCE: Final = 4
"""A canary whose outcomes are missing is waited for so many times its wait, then it counts as silent."""
MOST_SILENT: Final = 0.1
"""This share of a canary may still be without an outcome when the rest is let go: a full mailbox is no alarm."""


class Sign(StrEnum):
    """What the outcomes so far say; the value is the reason that is stored and shown."""

    FINE = "fine"
    WORDS_REFUSED = "words_refused"
    """Providers or carriers refuse these words: filtered, blocked, malformed."""
    ADDRESSES_REFUSED = "addresses_refused"
    """Far more addresses fail than in any list that is kept: probably the wrong list."""
    UNDELIVERED = "undelivered"
    """Taken by the provider, and then far too many never arrive."""
    CANARY_REFUSED = "canary_refused"
    """Nobody at all of the first portion was accepted."""
    CANARY_SILENT = "canary_silent"
    """The first portion has no outcomes after `PATIENCE` waits."""
    WAIT = "wait"
    """Of a canary: too early to tell."""


@dataclass(frozen=True)
class Limits:
    """What is still ordinary; a playbook's `halt` may set each. Shares are of the outcomes looked at."""

    first: int = 200
    """Shares are of at least so many outcomes, so that two bad rows at the start are no alarm."""
    window: int = 2_000
    """Outcomes looked at after that: the last half to one and a half of this."""
    words: float = 0.01
    addresses: float = 0.2
    undelivered: float = 0.5
    """High, because in a power cut many phones are off."""

    @classmethod
    def of(cls, document: Mapping[str, object]) -> Limits:
        """From a checked playbook's `halt`; what is missing or wrong keeps its default."""
        given = {
            name: value
            for name, value in document.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        return cls(
            first=int(given.get("first", cls.first)),
            window=int(given.get("window", cls.window)),
            words=given.get("words", cls.words),
            addresses=given.get("addresses", cls.addresses),
            undelivered=given.get("undelivered", cls.undelivered),
        )


ORDINARY: Final = Limits()


def check_limits(document: Mapping[str, object], field: str) -> list[Problem]:
    """One Problem per fault of a playbook's `halt`."""
    problems = []
    for name, value in document.items():
        shares = name in ("words", "addresses", "undelivered")
        if name not in asdict(ORDINARY):
            problems.append(_fault(f"{field}.{name}", "is not known here", f"Use {', '.join(asdict(ORDINARY))}."))
        elif isinstance(value, bool) or not isinstance(value, int | float):
            problems.append(_fault(f"{field}.{name}", "must be a number", "Give a number without quotes."))
        elif shares and not 0 < value <= 1:
            problems.append(_fault(f"{field}.{name}", "must be above 0 and at most 1", "0.01 is one in a hundred."))
        elif not shares and not 1 <= value <= 1_000_000:
            problems.append(_fault(f"{field}.{name}", "must be from 1 to 1,000,000", "It counts outcomes."))
    return problems


class Counts(NamedTuple):
    """Outcomes of one broadcast at one endpoint. The last three are failures; `settled` includes them."""

    settled: int = 0
    words: int = 0
    addresses: int = 0
    undelivered: int = 0

    def since(self, before: Counts) -> Counts:
        return Counts(*(now - then for now, then in zip(self, before, strict=True)))


class Marks(NamedTuple):
    """Where the window begins and where its half was: it slides by halves."""

    begin: Counts = Counts()
    half: Counts = Counts()


def look(counts: Counts, marks: Marks, limits: Limits) -> Sign:
    """What the outcomes since the marks say."""
    recent = counts.since(marks.begin)
    return _judge(recent, max(limits.first, recent.settled), limits)


def slide(counts: Counts, marks: Marks, limits: Limits) -> Marks:
    """The marks after a look that was fine; the same object when nothing moves on."""
    if counts.settled - marks.half.settled < max(limits.first, limits.window // 2):
        return marks
    return Marks(marks.half, counts)


def look_at_canary(counts: Counts, accepted: int, size: int, limits: Limits, *, waited: float, wait: float) -> Sign:
    """Of the first portion of one endpoint: `size` deliveries, watched for `waited` of `wait` seconds.

    FINE = the rest may go; WAIT = look again; everything else stops the broadcast.
    """
    sign = _judge(counts, max(1, min(limits.first, size), counts.settled), limits)
    if sign is not Sign.FINE:
        return sign
    if size and counts.settled >= size and accepted == 0:
        return Sign.CANARY_REFUSED
    if waited < wait:
        return Sign.WAIT
    if size - counts.settled <= MOST_SILENT * size:
        return Sign.FINE
    return Sign.CANARY_SILENT if waited >= PATIENCE * wait else Sign.WAIT


def portion(canary: float, audience: int) -> int:
    """How many go first: a count from 1 up, a share below 1; never more than there are."""
    wanted = canary if canary >= 1 else canary * audience
    return min(audience, max(1, round(wanted))) if canary > 0 and audience else 0


def _judge(counts: Counts, of: int, limits: Limits) -> Sign:
    """Two failures at least: a single poisoned row costs only itself."""
    for number, share, sign in (
        (counts.words, limits.words, Sign.WORDS_REFUSED),
        (counts.addresses, limits.addresses, Sign.ADDRESSES_REFUSED),
        (counts.undelivered, limits.undelivered, Sign.UNDELIVERED),
    ):
        if number > max(1.0, share * of):
            return sign
    return Sign.FINE


def _fault(field: str, what: str, remedy: str) -> Problem:
    return Problem("bad_limit", f"“{field}” {what}.", field, remedy)
