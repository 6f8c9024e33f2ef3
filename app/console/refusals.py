"""Sentences of refusals in the reader's language: found in the catalogue by the message they were made from.

Use cases say what is wrong in whole English sentences, the same for every face. A catalogue holds each as it stands in
the source, its gaps in braces (`There is no {what} “{name}”.`, context `refusal`); a sentence is recognised by what it
has in common with such a message, and said again with the same values in the gaps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from app.errors import Problem

CONTEXT: Final = "refusal"
"""The msgctxt of these messages."""
_GAP: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Pattern:
    regex: re.Pattern[str]
    gaps: tuple[str, ...]
    translation: str


@dataclass(frozen=True)
class Sayings:
    """`messages`: of one catalogue, message -> translation; without any everything stays as it is."""

    messages: Mapping[str, str]

    def problem(self, problem: Problem) -> Problem:
        return replace(problem, sentence=self.say(problem.sentence), remedy=self.say(problem.remedy))

    def say(self, sentence: str) -> str:
        """The sentence itself when no message fits."""
        if not sentence or not self.messages:
            return sentence
        if sentence in self.messages:
            return self.messages[sentence]
        for pattern in self._patterns:
            found = pattern.regex.fullmatch(sentence)
            if found:
                return _filled(pattern, found.groups())
        return sentence

    @cached_property
    def _patterns(self) -> tuple[Pattern, ...]:
        """Those with most words of their own first: what fits them best is what was meant."""
        with_gaps = [message for message in self.messages if _GAP.search(message)]
        ordered = sorted(with_gaps, key=lambda message: -len(_GAP.sub("", message)))
        return tuple(_pattern(message, self.messages[message]) for message in ordered)


def _pattern(message: str, translation: str) -> Pattern:
    pieces = _GAP.split(message)
    spelt = "".join(re.escape(piece) if place % 2 == 0 else "(.*?)" for place, piece in enumerate(pieces))
    return Pattern(re.compile(spelt, re.DOTALL), tuple(pieces[1::2]), translation)


def _filled(pattern: Pattern, values: Iterable[str]) -> str:
    """A gap that stands twice gets its values in turn."""
    waiting: dict[str, list[str]] = {}
    for gap, value in zip(pattern.gaps, values, strict=True):
        waiting.setdefault(gap, []).append(value)

    def fill(found: re.Match[str]) -> str:
        left = waiting.get(found[1], [])
        return found[0] if not left else left.pop(0) if len(left) > 1 else left[0]

    return _GAP.sub(fill, pattern.translation)
