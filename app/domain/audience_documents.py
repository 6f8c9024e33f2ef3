"""Audience rules as the JSON documents in which they are stored and sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.audience_rules import (
    DEEPEST_RULE,
    LONGEST_LIST,
    LONGEST_WORD,
    MEDIA,
    MOST_UPDATE,
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
    canonical_number,
    is_day,
    plain_postcode,
)
from app.domain.delivery import State
from app.domain.message import Medium
from app.domain.reading import Reader, is_slug
from app.errors import Invalid, Problem


def parse_rule(document: object) -> Rule:
    """The typed rule; Invalid for anything empty, unknown or ambiguous: a mistake never means everyone."""
    problems: list[Problem] = []
    rule = _rule(document, "rule", problems, 1)
    if problems or rule is None:
        raise Invalid(problems or [_refusal("rule", "is empty")])
    return rule


def _refusal(path: str, fault: str) -> Problem:
    return Problem(
        "bad_audience_rule",
        f"{path} {fault}.",
        path,
        'Send exactly one of {"all": true}, {"languages": [..]}, {"areas": [..]}, {"postcodes": [..]}, '
        '{"external_ids": [..]}, {"attribute": {"name": .., "value": ..}}, {"topics": [..]}, {"consent": {..}}, '
        '{"reachable": [..]}, {"deliveries": {..}}, {"audience": ..}, {"and": [..]}, {"or": [..]}, {"not": ..}.',
    )


def _rule(document: object, path: str, problems: list[Problem], depth: int) -> Rule | None:
    if not isinstance(document, Mapping) or len(document) != 1:
        problems.append(_refusal(path, "is not an object with exactly one name"))
        return None
    (kind,) = document
    if kind not in _READERS and kind not in ("and", "or", "not"):
        problems.append(_refusal(path, f"does not know “{str(kind)[:40]}”"))
        return None
    if depth > DEEPEST_RULE:
        problems.append(_refusal(path, f"is nested more than {DEEPEST_RULE} deep"))
        return None
    inside = f"{path}.{kind}"
    if kind == "not":
        inner = _rule(document[kind], inside, problems, depth + 1)
        return Not(inner) if inner else None
    read = Reader(document, path, problems)
    if kind not in {"and", "or"}:
        return _READERS[kind](read, kind)
    parts = [_rule(part, f"{inside}[{index}]", problems, depth + 1) for index, part in enumerate(read.items(kind, 100))]
    rules = tuple(part for part in parts if part is not None)
    if not parts:
        problems.append(_refusal(inside, "is empty"))
    if len(rules) == 1:
        return rules[0]
    return And(rules) if kind == "and" else Or(rules)


def _all(read: Reader, kind: str) -> Rule:
    if read.raw(kind) is not True:
        read.problems.append(_refusal(read.path(kind), "can only be true"))
    return All()


def _words(read: Reader, kind: str) -> tuple[str, ...]:
    found = read.strings(kind, most=LONGEST_LIST, longest=200)
    if not found:
        read.problems.append(_refusal(read.path(kind), "is empty"))
    return found


def _languages(read: Reader, kind: str) -> Rule:
    read.languages(kind)
    return Languages(_words(read, kind))


def _postcodes(read: Reader, kind: str) -> Rule:
    prefixes = tuple(map(plain_postcode, _words(read, kind)))
    if not all(prefixes):
        read.problems.append(_refusal(read.path(kind), "names a postcode without letters and digits"))
    return Postcodes(prefixes)


def _slugs(read: Reader, kind: str) -> tuple[str, ...]:
    words = _words(read, kind)
    if wrong := next((word for word in words if not is_slug(word)), ""):
        read.problems.append(_refusal(read.path(kind), f"names “{wrong[:40]}”, which is no short name"))
    return words


def _media(read: Reader, kind: str, *, required: bool) -> tuple[Medium, ...]:
    words = _words(read, kind) if required else read.strings(kind, most=20, longest=40)
    if wrong := next((word for word in words if word not in MEDIA), ""):
        read.problems.append(_refusal(read.path(kind), f"names “{wrong}”: use {', '.join(MEDIA)}"))
        return ()
    return tuple(Medium(word) for word in dict.fromkeys(words))


def _attribute(outer: Reader, kind: str) -> Rule:
    read = Reader(outer.raw(kind), outer.path(kind), outer.problems)
    read.only("name", "value", "values", "contains", "known", "is", "number", "day")
    name = read.text("name", required=True, longest=64, lines=False)
    told = [word for word in ("value", "values", "contains", "known", "number", "day") if read.has(word)]
    if len(told) != 1 or (told[0] in ("number", "day")) != read.has("is"):
        fault = 'needs exactly one of "value", "values", "contains", "known", "is" with "number", "is" with "day"'
        outer.problems.append(_refusal(outer.path(kind), fault))
        return Known(name)
    if told[0] == "known":
        if read.raw("known") is not True:
            outer.problems.append(_refusal(read.path("known"), "can only be true"))
        return Known(name)
    if told[0] in ("number", "day"):
        return _compared(read, name, told[0])
    if told[0] == "contains":
        return Contains(name, read.text("contains", required=True, longest=LONGEST_WORD, lines=False))
    if told[0] == "value":
        return Attribute(name, (read.text("value", required=True, longest=LONGEST_WORD, lines=False),))
    values = read.strings("values", most=LONGEST_LIST, longest=LONGEST_WORD)
    if not values:
        outer.problems.append(_refusal(read.path("values"), "is empty"))
    return Attribute(name, values)


def _compared(read: Reader, name: str, kind: str) -> Rule:
    sign, given = read.choice("is", Sign), read.raw(kind)
    if kind == "day":
        if isinstance(given, str) and is_day(given):
            return Compared(name, sign, given)
        read.problems.append(_refusal(read.path(kind), "is not a day such as 2026-11-22"))
        return Known(name)
    number = None if isinstance(given, bool) or not isinstance(given, int | float | str) else _as_number(given)
    if number is None:
        read.problems.append(_refusal(read.path(kind), "is not a number of at most 15 digits"))
        return Known(name)
    return Compared(name, sign, number)


def _as_number(given: float | str) -> str | None:
    if not isinstance(given, float):
        return canonical_number(str(given)) if len(str(given)) < LONGEST_WORD else None
    return canonical_number(f"{given:.15f}") if abs(given) < 1 else canonical_number(repr(given))


def _consent(outer: Reader, kind: str) -> Rule:
    read = Reader(outer.raw(kind), outer.path(kind), outer.problems)
    read.only("medium", "topic")
    word = read.text("medium", required=True, longest=40, lines=False)
    if word and word not in MEDIA:
        outer.problems.append(_refusal(read.path("medium"), f"is “{word}”: use one of {', '.join(MEDIA)}"))
    topic = read.slug("topic", required=False)
    return Consent(Medium(word) if word in MEDIA else Medium.SMS, topic)


def _deliveries(outer: Reader, kind: str) -> Rule:
    read = Reader(outer.raw(kind), outer.path(kind), outer.problems)
    read.only("update", "media", "states")
    number = read.number("update", 1, MOST_UPDATE)
    if not read.has("update"):
        outer.problems.append(_refusal(read.path("update"), "is missing"))
    states = read.strings("states", most=len(State), longest=40)
    known = [state.value for state in State]
    if wrong := next((word for word in states if word not in known), ""):
        outer.problems.append(_refusal(read.path("states"), f"names “{wrong}”: use {', '.join(known)}"))
        states = ()
    chosen = tuple(state for state in State if state.value in states)
    return Deliveries(number or 1, _media(read, "media", required=False), chosen)


def _saved(read: Reader, kind: str) -> Rule:
    return Saved(read.slug(kind))


_READERS: Final[Mapping[str, Callable[[Reader, str], Rule]]] = MappingProxyType(
    {
        "all": _all,
        "languages": _languages,
        "areas": lambda read, kind: Areas(_words(read, kind)),
        "postcodes": _postcodes,
        "external_ids": lambda read, kind: ExternalIds(_words(read, kind)),
        "attribute": _attribute,
        "topics": lambda read, kind: Topics(_slugs(read, kind)),
        "consent": _consent,
        "reachable": lambda read, kind: Reachable(_media(read, kind, required=True)),
        "deliveries": _deliveries,
        "audience": _saved,
    }
)


def rule_document(rule: Rule) -> dict[str, object]:
    """The document `parse_rule` reads back to the same rule."""
    match rule:
        case And(rules):
            return {"and": [rule_document(part) for part in rules]}
        case Or(rules):
            return {"or": [rule_document(part) for part in rules]}
        case Not(inner):
            return {"not": rule_document(inner)}
        case Attribute() | Contains() | Known() | Compared():
            return {"attribute": _attribute_document(rule)}
        case _:
            return _condition_document(rule)


def _attribute_document(rule: Attribute | Contains | Known | Compared) -> dict[str, object]:
    match rule:
        case Attribute(name, (value,)):
            return {"name": name, "value": value}
        case Attribute(name, values):
            return {"name": name, "values": list(values)}
        case Contains(name, part):
            return {"name": name, "contains": part}
        case Known(name):
            return {"name": name, "known": True}
        case Compared(name, sign, limit) if rule.is_day:
            return {"name": name, "is": sign.value, "day": limit}
        case Compared(name, sign, limit):
            return {"name": name, "is": sign.value, "number": float(limit) if "." in limit else int(limit)}


def _condition_document(rule: Condition) -> dict[str, object]:
    match rule:
        case Languages(words):
            return {"languages": list(words)}
        case Areas(words):
            return {"areas": list(words)}
        case Postcodes(words):
            return {"postcodes": list(words)}
        case ExternalIds(words):
            return {"external_ids": list(words)}
        case Topics(words):
            return {"topics": list(words)}
        case Consent(medium, topic):
            return {"consent": {"medium": medium.value, **({"topic": topic} if topic else {})}}
        case Reachable(media):
            return {"reachable": [medium.value for medium in media]}
        case Deliveries(update, media, states):
            return {"deliveries": {"update": update, **_listed("media", media), **_listed("states", states)}}
        case Saved(slug):
            return {"audience": slug}
        case _:
            return {"all": True}


def _listed(name: str, words: tuple[StrEnum, ...]) -> dict[str, object]:
    return {name: [word.value for word in words]} if words else {}
