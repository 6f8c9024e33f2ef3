"""Audience rules: who is meant, as a typed tree.

As JSON documents they are in audience_documents.py, as text in audience_text.py; what they mean is said in SQL in
store/membership.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from app.domain.delivery import State
from app.domain.message import PERSONAL_MEDIA, Medium

DEEPEST_RULE: Final = 8
LONGEST_LIST: Final = 5_000
"""Entries of one list in a rule: below what one SQL statement can bind."""
LONGEST_WORD: Final = 500
MOST_UPDATE: Final = 2**53
MEDIA: Final = tuple(sorted(medium.value for medium in PERSONAL_MEDIA))

GOT: Final = (State.ACCEPTED, State.DELIVERED)
"""A provider took it, and nobody said that it did not arrive."""
CONFIRMED: Final = (State.DELIVERED,)
MISSED: Final = tuple(state for state in State if state not in GOT)
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DIGITS: Final = 15
"""So many a number may have: what both databases compare exactly."""


class Sign(StrEnum):
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class All:
    """Everyone; only ever by saying so: {"all": true}."""


@dataclass(frozen=True, slots=True)
class Languages:
    """People with one of these among their languages; pt means pt-BR too."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Areas:
    """People of one of these areas; somebody without an area belongs to the one their postcode falls into."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Postcodes:
    """People whose postcode begins with one of these; blanks, hyphens and case count for nothing."""

    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExternalIds:
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """People whose own column `name` holds exactly one of `values`."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """People whose own column holds `part` somewhere, letter for letter."""

    name: str
    part: str


@dataclass(frozen=True, slots=True)
class Known:
    """People who have that own column at all."""

    name: str


@dataclass(frozen=True, slots=True)
class Compared:
    """People whose own column is a number (a day) on that side of `limit`; other values meet no comparison."""

    name: str
    sign: Sign
    limit: str
    """A number as `canonical_number` writes it, or a day as 2026-11-22; which of them says how to compare."""

    @property
    def is_day(self) -> bool:
        return _DAY.fullmatch(self.limit) is not None


@dataclass(frozen=True, slots=True)
class Topics:
    """People who chose one of these topics on some medium."""

    slugs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Consent:
    """People who may be written to on that medium about that topic ("" = whatever it is about)."""

    medium: Medium
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Reachable:
    """People with an address of one of these media that is neither erased nor suppressed."""

    media: tuple[Medium, ...]


@dataclass(frozen=True, slots=True)
class Deliveries:
    """People to whom `update` was to go, by one of `media` (none = any), and whose delivery is in one of `states`.

    No states = any: they were meant.
    """

    update: int
    media: tuple[Medium, ...] = ()
    states: tuple[State, ...] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """Whoever another saved audience means at that moment."""

    slug: str


@dataclass(frozen=True, slots=True)
class And:
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Or:
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    rule: Rule


Condition = (
    All
    | Languages
    | Areas
    | Postcodes
    | ExternalIds
    | Attribute
    | Contains
    | Known
    | Compared
    | Topics
    | Consent
    | Reachable
    | Deliveries
    | Saved
)
Rule = Condition | And | Or | Not


def everything_in(rule: Rule) -> Iterator[Condition]:
    """Its conditions, in the order in which they stand."""
    match rule:
        case And(rules) | Or(rules):
            for part in rules:
                yield from everything_in(part)
        case Not(inner):
            yield from everything_in(inner)
        case _:
            yield rule


def replaced(rule: Rule, change: Callable[[Condition], Rule]) -> Rule:
    """The same tree with `change` of every condition in its place."""
    match rule:
        case And(rules):
            return And(tuple(replaced(part, change) for part in rules))
        case Or(rules):
            return Or(tuple(replaced(part, change) for part in rules))
        case Not(inner):
            return Not(replaced(inner, change))
        case _:
            return change(rule)


def canonical_number(text: str) -> str | None:
    """`text` without needless zeros; None when it is no number, or one of more than 15 digits."""
    if not _NUMBER.fullmatch(text):
        return None
    whole, _, part = text.lstrip("-").partition(".")
    whole, part = whole.lstrip("0") or "0", part.rstrip("0")
    if len(whole) + len(part) > _DIGITS:
        return None
    number = f"{whole}.{part}" if part else whole
    return f"-{number}" if text.startswith("-") and number != "0" else number


def is_day(text: str) -> bool:
    """Whether it is a day of the calendar, written 2026-11-22."""
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def plain_postcode(text: str) -> str:
    """As postcodes are compared: letters and digits only, in upper case."""
    return "".join(each for each in text.upper() if each.isalnum())
