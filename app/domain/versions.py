"""What changed between two versions of a document, place by place and word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

_WORDS: Final = re.compile(r"\S+\s*|\s+")
MOST_WORDS: Final = 2_000
"""Of one text: comparing longer ones word by word would take a while, and nobody reads it."""


class Piece(StrEnum):
    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Change:
    """`before` or `after` empty: there was nothing, there is nothing any more."""

    path: str
    before: str
    after: str

    @property
    def pieces(self) -> tuple[tuple[Piece, str], ...]:
        """Both in one text, in reading order: what goes stands before what comes."""
        return tuple(_pieces(self.before, self.after))


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[Change, ...]:
    """Every place that reads otherwise, in the order of `after`, then what is gone. Empty and absent are the same."""
    old, new = dict(_flat(before, "")), dict(_flat(after, ""))
    places = dict.fromkeys((*new, *old))
    return tuple(
        Change(place, old.get(place, ""), new.get(place, ""))
        for place in places
        if old.get(place, "") != new.get(place, "")
    )


def _flat(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _flat(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple) and not all(isinstance(part, str | int | float) for part in value):
        for place, part in enumerate(value):
            yield from _flat(part, f"{path}[{place}]")
    elif isinstance(value, list | tuple):
        yield path, ", ".join(map(str, value))
    elif value is not None:
        yield path, str(value)


def _pieces(before: str, after: str) -> Iterator[tuple[Piece, str]]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if not old or not new or len(old) > MOST_WORDS or len(new) > MOST_WORDS:
        yield from ((kind, text) for kind, text in ((Piece.GONE, before), (Piece.NEW, after)) if text)
        return
    plain_old, plain_new = [word.rstrip() for word in old], [word.rstrip() for word in new]
    matcher = SequenceMatcher(None, plain_old, plain_new, autojunk=False)
    for move, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if move == "equal":
            yield Piece.SAME, "".join(new[new_from:new_to])
            continue
        gone, came = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        yield from ((kind, text) for kind, text in ((Piece.GONE, gone), (Piece.NEW, came)) if text)
