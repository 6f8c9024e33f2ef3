"""What is different between two announcements, word by word, so that a second person sees what is new at a glance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

from app.domain.content import Content

PARTS: Final = (
    "headline", "acknowledgement", "impact", "duration", "explanation", "complications", "options", "perspective",
    "reassurance", "links",
)  # fmt: skip
_WORD: Final = re.compile(r"\s*\S+")


class Change(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words in a row of which the same is true."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True)
class PartChange:
    """One part of the content that differs."""

    part: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class LanguageChange:
    """`change` of the whole language: ADDED when it was not there before, REMOVED when it is gone."""

    language: str
    change: Change
    parts: tuple[PartChange, ...]
    """Those that differ; empty = word for word the same."""


def compare(before: Mapping[str, Content], after: Mapping[str, Content]) -> tuple[LanguageChange, ...]:
    """Every language of either, by code."""
    found = []
    for language in sorted({*before, *after}):
        old, new = before.get(language), after.get(language)
        change = Change.ADDED if old is None else Change.REMOVED if new is None else Change.SAME
        parts = [
            PartChange(part, compare_words(_text(old, part), _text(new, part)))
            for part in PARTS
            if _text(old, part) != _text(new, part)
        ]
        found.append(LanguageChange(language, change, tuple(parts)))
    return tuple(found)


def compare_texts(
    before: Mapping[str, Mapping[str, Content]], after: Mapping[str, Mapping[str, Content]]
) -> tuple[tuple[str, tuple[LanguageChange, ...]], ...]:
    """Of texts for parts of an audience, by its name, those of `after` first in their order: who reads first wins."""
    audiences = dict.fromkeys((*after, *before))
    return tuple((each, compare(before.get(each, {}), after.get(each, {}))) for each in audiences)


def compare_words(before: str, after: str) -> tuple[Piece, ...]:
    """What was taken away stands before what came in its place. Whole words: no cluster of marks is torn apart."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    matcher = SequenceMatcher(None, [word.strip() for word in old], [word.strip() for word in new], autojunk=False)
    pieces: list[Piece] = []
    for kind, from_old, to_old, from_new, to_new in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(Piece(Change.SAME, _join(new[from_new:to_new])))
            continue
        if to_old > from_old:
            pieces.append(Piece(Change.REMOVED, _join(old[from_old:to_old])))
        if to_new > from_new:
            pieces.append(Piece(Change.ADDED, _join(new[from_new:to_new])))
    return tuple(pieces)


def _text(content: Content | None, part: str) -> str:
    if content is None:
        return ""
    if part == "options":
        return "\n".join(" ".join(filter(None, (one.text, one.need, one.url))) for one in content.options)
    if part == "links":
        return "\n".join(f"{link.text} {link.url}" for link in content.links)
    value = getattr(content, part)
    return value if isinstance(value, str) else "\n".join(value)


def _join(words: Sequence[str]) -> str:
    return "".join(words).strip()
