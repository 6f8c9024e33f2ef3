"""Sentences of refusals in the reader's language: found in the catalogue by the message they were made from.

Use cases say what is wrong in whole English sentences, the same for every face. A catalogue holds each as it stands in
the source, its gaps in braces (`There is no {what} “{name}”.`, context `refusal`); a sentence is recognised by what it
has in common with such a message, and said again with the values in the gaps: words of ours in the reader's language
(refusal_words.py), everybody's own as they wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Final

from app.domain.cldr import language_name
from app.errors import Problem
from app.templating.catalogues import read_messages
from app.templating.refusal_words import FIELDS, LABELS, NAMED_BY_PEOPLE, NAMES, OURS, PLACES, SENTENCES, WAYS, WORD

CONTEXT: Final = "refusal"
"""The msgctxt of these messages."""
_GAP: Final = re.compile(r"\{(\w+)\}")
_STEP: Final = re.compile(r"([.\[\]]+)")
_BETWEEN: Final = re.compile(r"(, | and | or )")
_CODE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Gap:
    name: str
    quoted: bool
    """Between quotation marks."""


@dataclass(frozen=True, slots=True)
class Pattern:
    regex: re.Pattern[str]
    gaps: tuple[Gap, ...]
    translation: str


@dataclass(frozen=True)
class Sayings:
    """`messages`: of one catalogue, message -> translation; without any everything stays as it is.

    `words`: what gaps may hold, by its English; `labels`: every other message of the catalogue.
    """

    messages: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"

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
                return self._filled(pattern, found.groups())
        return sentence

    @cached_property
    def _patterns(self) -> tuple[Pattern, ...]:
        """Those with most words of their own first: what fits them best is what was meant. Of messages that read alike,
        those whose gaps are ours to say: such a gap leaves alone what it does not know.
        """
        with_gaps = [message for message in self.messages if _GAP.search(message)]
        ordered = sorted(with_gaps, key=_order)
        return tuple(_pattern(message, self.messages[message]) for message in ordered)

    def _filled(self, pattern: Pattern, values: tuple[str, ...]) -> str:
        """A gap that stands twice gets its values in turn."""
        waiting: dict[str, list[str]] = {}
        for gap, value in zip(pattern.gaps, values, strict=True):
            waiting.setdefault(gap.name, []).append(self._value(gap, value))

        def fill(found: re.Match[str]) -> str:
            left = waiting.get(found[1], [])
            return found[0] if not left else left.pop(0) if len(left) > 1 else left[0]

        return _GAP.sub(fill, pattern.translation)

    def _value(self, gap: Gap, value: str) -> str:
        if gap.name in PLACES:
            return value if gap.quoted else self._place(value)
        if gap.name in LABELS:
            return self.labels.get(value, value)
        if gap.name in NAMES and not gap.quoted:
            return self._person(value)
        ours = OURS.get(gap.name, frozenset())
        if value in ours:
            return self.words.get(value, value)
        if gap.name in SENTENCES:
            return self.say(value)
        several = _BETWEEN.split(value)
        if len(several) > 1 and ours.issuperset(several[::2]):
            return ", ".join(self.words.get(one, one) for one in several[::2])
        return value

    def _person(self, name: str) -> str:
        """“ada (by link)”: the name stays."""
        whose, opened, way = name.rpartition(" (")
        known = opened and way.endswith(")") and way[:-1] in WAYS
        return f"{whose} ({self.words.get(way[:-1], way[:-1])})" if known else name

    def _place(self, path: str) -> str:
        """`content.gu.options[0]` with each step said that is ours, languages by their names."""
        if path in FIELDS:
            return self.words.get(path, path)
        said, before = "", ""
        for place, step in enumerate(_STEP.split(path)):
            if place % 2:
                said += step
                continue
            if before in NAMED_BY_PEOPLE:
                said += step
            elif step in FIELDS:
                said += self.words.get(step, step)
            else:
                said += language_name(step, self.language) if before and _CODE.fullmatch(step) else step
            before = step
        return said


def read_sayings(path: Path) -> Sayings:
    """The refusals among a catalogue's messages and the words in them, as far as they are translated."""
    said: dict[str | None, dict[str, str]] = {CONTEXT: {}, WORD: {}, None: {}}
    for message in read_messages(path):
        if message.id and message.string and isinstance(message.id, str) and message.context in said:
            said[message.context][message.id] = str(message.string)
    return Sayings(said[CONTEXT], said[WORD], said[None], path.stem)


def load_sayings(root: Path) -> Mapping[str, Sayings]:
    """Of every catalogue, by language."""
    return MappingProxyType({one.stem: read_sayings(one) for one in sorted((root / "console" / "locale").glob("*.po"))})


def _order(message: str) -> tuple[int, int, str]:
    known = sum(gap in PLACES or gap in OURS for gap in _GAP.findall(message))
    return -len(_GAP.sub("", message)), -known, message


def _pattern(message: str, translation: str) -> Pattern:
    pieces = _GAP.split(message)
    spelt = "".join(re.escape(piece) if place % 2 == 0 else "(.*?)" for place, piece in enumerate(pieces))
    gaps = (
        Gap(name, before.endswith("“") or after.startswith("”"))
        for before, name, after in zip(pieces[0::2], pieces[1::2], pieces[2::2], strict=False)
    )
    return Pattern(re.compile(spelt, re.DOTALL), tuple(gaps), translation)
