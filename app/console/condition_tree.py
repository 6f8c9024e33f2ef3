"""The builder of audiences as the fields of a form: groups of conditions, each under the number of its place.

`c` is the outermost group, `c.0` what stands first in it, `c.1.0` what stands first in the group that is second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.errors import Invalid, Problem

ROOT: Final = "c"
DEEPEST_GROUP: Final = 3
"""Groups in one another, the outermost counted: more does not fit on a phone, and is said as text."""
MOST_CONDITIONS: Final = 60
_NODE: Final = re.compile(r"c((?:\.\d{1,3})*)\.(kind|join)", re.ASCII)
NOTHING: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})
Place = tuple[int, ...]


class Join(StrEnum):
    ALL = "and"
    ANY = "or"


class Kind(StrEnum):
    """Of a condition: it decides which fields there are."""

    LANGUAGE = "language"
    AREA = "area"
    POSTCODE = "postcode"
    CUSTOMER = "customer"
    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    KNOWN = "known"
    TOPIC = "topic"
    CONSENT = "consent"
    REACHABLE = "reachable"
    UPDATE = "update"
    AUDIENCE = "audience"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Row:
    kind: Kind
    negated: bool = False
    fields: Mapping[str, Sequence[str]] = field(default_factory=lambda: NOTHING)
    """What stands in its own fields, as typed."""


@dataclass(frozen=True, slots=True)
class Group:
    join: Join = Join.ALL
    parts: tuple[Row | Group, ...] = ()
    negated: bool = False


Node = Row | Group


def name_of(place: Place) -> str:
    return ".".join([ROOT, *map(str, place)])


def place_of(name: str) -> Place:
    """Raise Invalid for what is no name of a place."""
    if not re.fullmatch(r"c(\.\d{1,3})*", name, re.ASCII):
        raise _broken()
    return tuple(map(int, name.split(".")[1:]))


def group_in(fields: Mapping[str, Sequence[str]]) -> Group:
    """The conditions of a form that was sent. Raise Invalid for one of which a part is missing: less conditions could
    mean more people.
    """
    known: dict[Place, str] = {}
    for name in fields:
        if found := _NODE.fullmatch(name):
            known[tuple(map(int, found[1].split(".")[1:]))] = found[2]
    known[()] = "join"
    owned: dict[Place, dict[str, Sequence[str]]] = {place: {} for place in known}
    for name, values in fields.items():
        start, _, own = name.rpartition(".")
        if re.fullmatch(r"c(\.\d{1,3})*", start, re.ASCII):
            place = place_of(start)
            if place not in owned:  # what it was about has not come with it
                raise _broken()
            owned[place][own] = values
    inside: dict[Place, list[Place]] = {place: [] for place in known}
    for place in sorted(known):
        if place and known.get(place[:-1]) != "join":
            raise _broken()
        if place:
            inside[place[:-1]].append(place)

    def node(place: Place) -> Node:
        mine = owned[place]
        negated = bool(_first(mine, "not"))
        if known[place] == "kind":
            kind = _first(mine, "kind")
            if kind not in set(Kind):
                raise _broken()
            own = {name: tuple(values) for name, values in mine.items() if name not in ("kind", "not")}
            return Row(Kind(kind), negated, own)
        join = Join.ANY if _first(mine, "join") == Join.ANY else Join.ALL
        return Group(join, tuple(node(one) for one in inside[place]), negated)

    found_root = node(())
    if not isinstance(found_root, Group) or depth(found_root) > DEEPEST_GROUP or len(known) > 2 * MOST_CONDITIONS:
        raise _broken()
    return found_root


def fields_of(node: Node, place: Place = ()) -> dict[str, list[str]]:
    """The fields `group_in` reads back to the same."""
    at = name_of(place)
    marked = {f"{at}.not": ["yes"]} if node.negated else {}
    if isinstance(node, Row):
        own = {f"{at}.{name}": list(values) for name, values in node.fields.items()}
        return {f"{at}.kind": [node.kind.value], **marked, **own}
    found = {f"{at}.join": [node.join.value], **marked}
    for number, part in enumerate(node.parts):
        found |= fields_of(part, (*place, number))
    return found


def everything(node: Node, place: Place = ()) -> Iterator[tuple[Place, Node]]:
    """It and what is in it, each with its place, in the order of the page."""
    yield place, node
    if isinstance(node, Group):
        for number, part in enumerate(node.parts):
            yield from everything(part, (*place, number))


def depth(node: Node) -> int:
    return 1 + max(map(depth, node.parts), default=0) if isinstance(node, Group) else 0


def added(group: Group, place: Place, part: Node) -> tuple[Group, Place]:
    """With `part` at the end of the group at `place`, and where it is now. Raise Invalid where there is no room."""
    within = find(group, place)
    if not isinstance(within, Group):
        raise _broken()
    if isinstance(part, Group) and len(place) + 1 >= DEEPEST_GROUP:
        sentence = "Groups stand at most three deep here."
        raise Invalid(Problem("too_deep", sentence, "", "Save a part as an audience of its own, or write it as text."))
    if sum(isinstance(one, Row) for _, one in everything(group)) >= MOST_CONDITIONS:
        sentence = f"There are {MOST_CONDITIONS} conditions already."
        raise Invalid(Problem("too_many", sentence, "", "Save a part as an audience of its own, or write it as text."))
    new = (*place, len(within.parts))
    return _with(group, place, replace(within, parts=(*within.parts, part))), new


def removed(group: Group, place: Place) -> Group:
    """Without what stands at `place`."""
    outer = find(group, place[:-1]) if place else None
    if not isinstance(outer, Group) or place[-1] >= len(outer.parts):
        raise _broken()
    left = tuple(part for number, part in enumerate(outer.parts) if number != place[-1])
    return _with(group, place[:-1], replace(outer, parts=left))


def find(group: Group, place: Place) -> Node | None:
    node: Node = group
    for number in place:
        if not isinstance(node, Group) or number >= len(node.parts):
            return None
        node = node.parts[number]
    return node


def _with(group: Group, place: Place, new: Group) -> Group:
    """With `new` in the place of a group that is there."""
    if not place:
        return new
    number, *rest = place
    parts = [
        _with(part, tuple(rest), new) if at == number and isinstance(part, Group) else part
        for at, part in enumerate(group.parts)
    ]
    return replace(group, parts=tuple(parts))


def _first(fields: Mapping[str, Sequence[str]], name: str) -> str:
    values = fields.get(name) or ("",)
    return values[0]


def _broken() -> Invalid:
    return Invalid(Problem("form_incomplete", "This form is incomplete.", "", "Open the page again."))
