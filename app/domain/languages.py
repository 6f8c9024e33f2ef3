"""Which language a reader gets: the first they read that an update has, else what its policy says."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from app.domain.audience import choose_language

JOINED: Final = "+"
"""Between two languages whose texts make one message."""
NOTHING: Final = ""
"""Stands for the language of somebody who gets no message, because none of theirs is there."""
LONGEST: Final = 16
"""Characters of what is kept of a recipient's language."""


class LanguagePolicy(StrEnum):
    """For people who read none of an update's languages."""

    DEFAULT = "default"
    """They get the organisation's language."""
    BILINGUAL = "bilingual"
    """They get it with English (with another language, where the organisation's is English) in one message."""
    SKIP = "skip"
    """They get nothing; staff see who they are."""


def main_language(ready: Sequence[str], default: str = "en") -> str:
    """Of an update's finished languages the organisation's, else English, else the first."""
    return choose_language([default], ready, "en" if "en" in ready else ready[0])


def fallback(policy: LanguagePolicy | None, ready: Sequence[str], default: str = "en") -> str:
    """What somebody gets who reads none of these: a language, two of them joined, or NOTHING."""
    first = main_language(ready, default)
    if policy is LanguagePolicy.SKIP:
        return NOTHING
    if policy is not LanguagePolicy.BILINGUAL:
        return first
    others = [code for code in ("en", *sorted(ready)) if code in ready and _root(code) != _root(first)]
    joined = f"{first}{JOINED}{others[0]}" if others else first
    return joined if len(joined) <= LONGEST else first


def parts_of(language: str) -> tuple[str, ...]:
    """The languages in one message, best first."""
    return tuple(part for part in language.split(JOINED) if part)


def shared_language(readers: Sequence[Sequence[str]], available: Sequence[str], other: str) -> str:
    """One address, several people: the first available language all of them read, else the first person's who reads
    any of them, else `other`.

    `readers` holds each person's languages in their order, lowest subscriber first.
    """
    understood = [_understood(wanted, available) for wanted in readers]
    able = [mine for mine in understood if mine]
    if not able:
        return other
    together = (one for one in able[0] if all(one in mine for mine in understood))
    return next(together, able[0][0])


def _understood(wanted: Sequence[str], available: Sequence[str]) -> list[str]:
    found = (choose_language([one], available, NOTHING) for one in wanted)
    return list(dict.fromkeys(language for language in found if language))


def _root(code: str) -> str:
    return code.lower().split("-", 1)[0]
