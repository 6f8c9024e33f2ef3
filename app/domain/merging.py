"""Two people write at once: what each of them changed, brought together field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Merged:
    values: Texts
    """Of every field: mine where I changed it, else theirs; where both did differently, mine."""
    taken: tuple[str, ...]
    """Fields that only they changed."""
    clashes: tuple[str, ...]
    """Fields both changed, differently: a person has to choose."""


def merge(base: Texts | None, mine: Texts, theirs: Texts) -> Merged:
    """`base`: what both began with; None = nobody knows, so whatever differs is a clash.

    A field `mine` does not name was not before me: it is as in `base`. One that stands nowhere is "".
    """
    values: dict[str, str] = {}
    taken, clashes = [], []
    for name in dict.fromkeys((*theirs, *mine)):
        other = theirs.get(name, "")
        before = other if base is None else base.get(name, "")
        own = mine.get(name, before)
        if own == other:
            values[name] = own
        elif base is not None and own == before:
            values[name] = other
            taken.append(name)
        else:
            values[name] = own
            if base is None or other != before:
                clashes.append(name)
    return Merged(values, tuple(taken), tuple(clashes))
