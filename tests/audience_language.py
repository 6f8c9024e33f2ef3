"""Rules of every kind for hypothesis, and what they mean by looking at one person after the other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from app.domain.areas import Places
from app.domain.audience_rules import (
    DEEPEST_RULE,
    MEDIA,
    All,
    And,
    Areas,
    Attribute,
    Compared,
    Condition,
    Consent,
    Contains,
    Deliveries,
    ExternalIds,
    Known,
    Languages,
    Not,
    Or,
    Postcodes,
    Reachable,
    Rule,
    Saved,
    Sign,
    Topics,
    plain_postcode,
)
from app.domain.consent import Asked, Wishes, decide
from app.domain.delivery import State
from app.domain.message import Medium

NAMES = ("tier", "age", "since", "post code", 'ti"er', "area", "got", "areas", "x-1", "Straße")
VALUES = ("gold", "Gold", "go%d", "10", "9.5", "-3", "2026-01-31", "2025-12-01", "a b", "in", "“q”", "back\\slash", "é")
COLUMN_NAMES = (
    "tier", "age", "since", "post code", 'ti"er', 'x"age', "ag", "area", "got", "areas", "x-1", "Straße", "a*[b]?",
    ": ", ", ", "back\\",
)  # fmt: skip
WORDS = (
    "gold", "Gold", "go%d", "a b", "in", "“q”", "back\\slash", "é", "𝒢", "", " ", "x ", ": ", ", ", '"', '12"',
    '"age": "10"', ' "age": "10', '", "age": "10', "\\", '\\"', "u00e9", "NaN", "inf", "١٠", "10\n", "1e3", "0x10",
    "1_0", "+10", " 10",
)  # fmt: skip
TELLING = (
    "10", "9.5", "-3", "010", "-0", "0.0", "-", ".", "1.", ".5", "1.2.3", "9" * 14, "9" * 15, "9" * 16, "9" * 40,
    "-" + "9" * 14, "-" + "9" * 15, "-" + "9" * 16, "0" * 14 + "7", "0" * 15 + "7", "123456789.123456",
    "-123456789.123456", "1234567890.123456", "12345678901234.5", "2026-01-31", "2025-12-01", "2025-12-01T10",
    "2025-12-1", "0000-00-00", "9999-99-99", "2026-01-3١",
)  # fmt: skip
"""Numbers and days, or nearly."""
COLUMN_VALUES = (*WORDS, *TELLING)
AREAS = ("north", "south", "south side", "nowhere")
CODES = ("en", "gu", "pt", "pt-BR", "lo")
PREFIXES = ("SW1", "SW", "N", "N1", "S")
IDS = ("0", "3", "7", "nobody")
UPDATES = (1, 2, 9)
TOPICS = ("power", "water", "transport")


def several(words: Sequence[Any]) -> SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=3, unique=True).map(tuple)


def subset(words: Sequence[Any]) -> SearchStrategy[tuple[Any, ...]]:
    return st.sets(st.sampled_from(words), max_size=4).map(lambda some: tuple(one for one in words if one in some))


NUMBERS = ("0", "10", "-3", "9.5", "99", "10.25")
LARGE = ("9" * 15, "-" + "9" * 15)
DAYS = ("2026-01-31", "2025-12-31", "1999-01-01")
MEDIUM = [Medium(medium) for medium in MEDIA]
COLUMNS: SearchStrategy[Condition] = st.one_of(
    st.builds(Attribute, st.sampled_from(COLUMN_NAMES), several(COLUMN_VALUES)),
    st.builds(
        Contains, st.sampled_from(COLUMN_NAMES), st.sampled_from((*filter(None, COLUMN_VALUES), "o", "-", "%", "_"))
    ),
    st.builds(Known, st.sampled_from(COLUMN_NAMES)),
    st.builds(
        Compared, st.sampled_from(COLUMN_NAMES), st.sampled_from(Sign), st.sampled_from((*NUMBERS, *LARGE, *DAYS))
    ),
)
CONDITIONS: SearchStrategy[Condition] = st.one_of(
    st.builds(Attribute, st.sampled_from(NAMES), several(VALUES)),
    st.builds(Contains, st.sampled_from(NAMES), st.sampled_from((*VALUES, "o", "-", "%", "_"))),
    st.builds(Known, st.sampled_from(NAMES)),
    st.builds(Compared, st.sampled_from(NAMES), st.sampled_from(Sign), st.sampled_from((*NUMBERS, *DAYS))),
    st.just(All()),
    several(CODES).map(Languages),
    several(AREAS).map(Areas),
    several(PREFIXES).map(Postcodes),
    several(IDS).map(ExternalIds),
    several(MEDIUM).map(Reachable),
    several(TOPICS).map(Topics),
    st.builds(Consent, st.sampled_from(MEDIUM), st.sampled_from(("", *TOPICS))),
    st.builds(Deliveries, st.sampled_from(UPDATES), subset(MEDIUM), subset(tuple(State))),
)


def trees(conditions: SearchStrategy[Condition], leaves: int) -> SearchStrategy[Rule]:
    joined: SearchStrategy[Rule] = st.recursive(
        conditions,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda rules: And(tuple(rules))),
            st.lists(inner, min_size=2, max_size=3).map(lambda rules: Or(tuple(rules))),
            inner.map(Not),
        ),
        max_leaves=leaves,
    )
    return joined.filter(lambda rule: depth(rule) <= DEEPEST_RULE)


def depth(rule: Rule) -> int:
    match rule:
        case And(rules) | Or(rules):
            return 1 + max(map(depth, rules))
        case Not(inner):
            return 1 + depth(inner)
    return 1


RULES = trees(st.one_of(CONDITIONS, st.just(Saved("vip"))), 6)
"""Of every kind, for what does not ask a database."""


CUSTOMER = Wishes()


@dataclass(frozen=True)
class Person:
    external_id: str
    languages: tuple[str, ...]
    area: str
    attributes: Mapping[str, str]
    reachable: frozenset[Medium] = frozenset()
    deliveries: Mapping[int, Mapping[Medium, State]] = field(default_factory=dict)
    """Update -> medium -> how it went."""
    wishes: Wishes = CUSTOMER
    """They have an address for texts and one for e-mails."""


def means(rule: Rule, person: Person, places: Places) -> bool:
    """The slow reference of `store.membership`."""
    match rule:
        case And(rules):
            return all(means(part, person, places) for part in rules)
        case Or(rules):
            return any(means(part, person, places) for part in rules)
        case Not(inner):
            return not means(inner, person, places)
        case Attribute() | Contains() | Known() | Compared():
            return own_column(rule, person.attributes.get(rule.name))
    return condition(rule, person, places)


def condition(rule: Rule, person: Person, places: Places) -> bool:
    postcode = plain_postcode(person.attributes.get("postcode", ""))
    match rule:
        case Languages(codes):
            reads = [one.lower() for one in person.languages]
            return any(one == code.lower() or one.startswith(f"{code.lower()}-") for one in reads for code in codes)
        case Areas(names):
            return places.area_of(person.area, postcode) in names
        case Postcodes(prefixes):
            return postcode.startswith(prefixes)
        case ExternalIds(ids):
            return person.external_id in ids
        case Reachable(media):
            return not person.reachable.isdisjoint(media)
        case Topics(slugs):
            return any(yes and topic in slugs for (_, topic), yes in person.wishes.choices.items())
        case Consent(medium, topic):
            return medium in (Medium.SMS, Medium.EMAIL) and decide(person.wishes, medium, Asked(topic)).hears
        case Deliveries(update, media, states):
            found = person.deliveries.get(update, {})
            return any((not media or by in media) and (not states or state in states) for by, state in found.items())
    return isinstance(rule, All)


def own_column(rule: Attribute | Contains | Known | Compared, value: str | None) -> bool:
    if value is None:
        return False
    match rule:
        case Attribute(_, values):
            return value in values
        case Contains(_, part):
            return part in value
        case Compared(_, sign, limit):
            return compared(sign, limit, value)
    return True


def compared(sign: Sign, limit: str, value: str) -> bool:
    day = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
    mine: Any = value
    other: Any = limit
    if day.fullmatch(limit):
        if not day.fullmatch(value):
            return False
    else:
        if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value, re.ASCII) or len(re.sub("[-.]", "", value)) > 15:
            return False
        mine, other = float(value), float(limit)
    return bool({"<": mine < other, "<=": mine <= other, ">": mine > other, ">=": mine >= other}[sign])
