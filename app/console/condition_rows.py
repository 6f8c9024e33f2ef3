"""What one condition of the builder says, and the rule that the whole of it means; both ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from app.console.condition_tree import DEEPEST_GROUP, MOST_CONDITIONS, Group, Join, Kind, Node, Place, Row, name_of
from app.console.condition_tree import depth as depth_of
from app.console.condition_tree import everything as everything_in
from app.domain.audience_documents import parse_rule, rule_document
from app.domain.audience_rules import (
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
    Topics,
)
from app.domain.audience_words import STATES
from app.domain.texts import tidy
from app.errors import Invalid, Problem

Fields = Mapping[str, Sequence[str]]
_INDEX: Final = re.compile(r"\[\d+\]")
MAIN: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.LANGUAGE: "values", Kind.AREA: "values", Kind.POSTCODE: "values", Kind.CUSTOMER: "values",
        Kind.TEXT: "values", Kind.NUMBER: "number", Kind.DAY: "day", Kind.KNOWN: "name", Kind.TOPIC: "topics",
        Kind.CONSENT: "medium", Kind.REACHABLE: "media", Kind.UPDATE: "update", Kind.AUDIENCE: "audience",
        Kind.EVERYBODY: "not",
    }
)  # fmt: skip
"""The field beside which stands what is said of the condition as a whole."""


def rows_of(rule: Rule) -> Group | None:
    """The same rule as the builder shows it; None when it says more than the builder can."""
    node = _node(rule)
    group = node if isinstance(node, Group) and not node.negated else Group(Join.ALL, (node,))
    rows = sum(isinstance(one, Row) for _, one in everything_in(group))
    if depth_of(group) > DEEPEST_GROUP or rows > MOST_CONDITIONS:
        return None
    try:
        return group if rule_in(group)[()] == rule else None
    except Invalid:
        return None


def rule_in(group: Group) -> dict[Place, Rule]:
    """What the whole (place `()`), each group and each condition mean, `not` included.

    Raise Invalid with everything that cannot be meant, each beside its field.
    """
    problems: list[Problem] = []
    found: dict[Place, Rule] = {}
    whole = _meant(group, (), found, problems)
    if problems or whole is None:
        raise Invalid(problems)
    return found


def _meant(node: Node, place: Place, found: dict[Place, Rule], problems: list[Problem]) -> Rule | None:
    rule: Rule | None
    if isinstance(node, Row):
        rule = _read(node, name_of(place), problems)
    else:
        if not node.parts:
            sentence = "It says nobody." if not place else "This group is empty."
            remedy = "Add a condition: whom do you mean?" if not place else "Add a condition, or remove it."
            problems.append(Problem("nobody_meant", sentence, f"{name_of(place)}.new", remedy))
        inner = [_meant(part, (*place, number), found, problems) for number, part in enumerate(node.parts)]
        rules = tuple(one for one in inner if one is not None)
        joined = And(rules) if node.join is Join.ALL else Or(rules)
        rule = joined if len(rules) > 1 else rules[0] if rules else None
    if rule is not None:
        found[place] = rule = Not(rule) if node.negated else rule
    return rule


def _node(rule: Rule) -> Node:
    match rule:
        case And(rules):
            return Group(Join.ALL, tuple(map(_node, rules)))
        case Or(rules):
            return Group(Join.ANY, tuple(map(_node, rules)))
        case Not(inner):
            node = _node(inner)
            return Group(Join.ALL, (node,), negated=True) if node.negated else replace(node, negated=True)
        case _:
            kind, fields = _shown(rule)
            return Row(kind, fields={name: tuple(values) for name, values in fields.items() if values})


def _shown(rule: Condition) -> tuple[Kind, Mapping[str, Sequence[str]]]:
    match rule:
        case Languages(words):
            return Kind.LANGUAGE, {"values": [", ".join(words)]}
        case Areas(words):
            return Kind.AREA, {"values": ["\n".join(words)]}
        case Postcodes(words):
            return Kind.POSTCODE, {"values": [", ".join(words)]}
        case ExternalIds(words):
            return Kind.CUSTOMER, {"values": ["\n".join(words)]}
        case Topics(words):
            return Kind.TOPIC, {"topics": words}
        case Saved(slug):
            return Kind.AUDIENCE, {"audience": [slug]}
        case Consent(medium, topic):
            return Kind.CONSENT, {"medium": [medium.value], "topic": [topic]}
        case Reachable(media):
            return Kind.REACHABLE, {"media": media}
        case Deliveries(update, media, states):
            outcome = next((word for word, known in STATES.items() if known == states), "states")
            told = {"states": states} if outcome == "states" else {}
            return Kind.UPDATE, {"update": [str(update)], "outcome": [outcome], "media": media, **told}
        case Attribute() | Contains() | Known() | Compared():
            return _column_shown(rule)
    return Kind.EVERYBODY, {}


def _column_shown(rule: Attribute | Contains | Known | Compared) -> tuple[Kind, Mapping[str, Sequence[str]]]:
    match rule:
        case Attribute(name, words):
            return Kind.TEXT, {"name": [name], "how": ["is"], "values": ["\n".join(words)]}
        case Contains(name, part):
            return Kind.TEXT, {"name": [name], "how": ["contains"], "values": [part]}
        case Known(name):
            return Kind.KNOWN, {"name": [name]}
        case Compared(name, sign, limit):
            kind = Kind.DAY if rule.is_day else Kind.NUMBER
            return kind, {"name": [name], "sign": [sign.value], MAIN[kind]: [limit]}


def _read(row: Row, at: str, problems: list[Problem]) -> Rule | None:
    fields, before = row.fields, len(problems)

    def needed(name: str, sentence: str, remedy: str) -> None:
        if not any(tidy(value) for value in fields.get(name, ())):
            problems.append(Problem("missing_field", sentence, f"{at}.{name}", remedy))

    if row.kind in (Kind.TEXT, Kind.NUMBER, Kind.DAY, Kind.KNOWN):
        needed("name", "This is needed.", "Name a column of your lists.")
    if MAIN[row.kind] not in ("not", "name"):
        needed(MAIN[row.kind], "This is needed.", _NEEDED.get(row.kind, "Say what is meant."))
    document = _DOCUMENTS[row.kind](fields)
    lines = _lines(fields)
    if row.kind is Kind.TEXT and _one(fields, "how") == "contains" and len(lines) > 1:
        sentence = "This can contain one piece of text only."
        problems.append(Problem("one_only", sentence, f"{at}.values", "Add a condition for each."))
    if row.kind is Kind.UPDATE and _one(fields, "outcome") == "states" and not fields.get("states"):
        problems.append(Problem("missing_field", "This is needed.", f"{at}.states", "Tick at least one state."))
    if len(problems) > before:
        return None
    try:
        return parse_rule(document)
    except Invalid as refusal:
        problems.extend(_beside(problem, row.kind, at) for problem in refusal.problems)
        return None


_NEEDED: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.LANGUAGE: "Write codes of languages: en, gu.",
        Kind.AREA: "Name at least one area.",
        Kind.TOPIC: "Tick at least one topic.",
        Kind.REACHABLE: "Tick at least one way.",
        Kind.UPDATE: "Write the number of an update.",
        Kind.AUDIENCE: "Choose one of the saved audiences.",
    }
)


def _beside(problem: Problem, kind: Kind, at: str) -> Problem:
    """The same beside its field, said without the field's path."""
    last = _INDEX.sub("", problem.field).rpartition(".")[2]
    name = last if last in ("name", "number", "day", "update", "medium", "topic", "media", "states") else MAIN[kind]
    name = MAIN[kind] if name not in _NAMES[kind] else name
    sentence = problem.sentence.replace(problem.field, "This", 1)
    remedy = "Correct it." if problem.code == "bad_audience_rule" else problem.remedy
    return replace(problem, sentence=sentence, field=f"{at}.{name}", remedy=remedy)


def _one(fields: Fields, name: str) -> str:
    return tidy((fields.get(name) or ("",))[0])


def _lines(fields: Fields) -> list[str]:
    return [line for line in map(tidy, _one(fields, "values").split("\n")) if line]


def _apart(fields: Fields) -> list[str]:
    return [word for word in map(tidy, re.split(r"[,;،\n]", _one(fields, "values"))) if word]


def _column(fields: Fields, told: Mapping[str, object]) -> dict[str, Any]:
    return {"attribute": {"name": _one(fields, "name"), **told}}


def _text(fields: Fields) -> dict[str, Any]:
    if _one(fields, "how") == "contains":
        return _column(fields, {"contains": _one(fields, "values")})
    lines = _lines(fields)
    return _column(fields, {"value": lines[0]} if len(lines) == 1 else {"values": lines})


def _compared(fields: Fields, kind: str) -> dict[str, Any]:
    return _column(fields, {"is": _one(fields, "sign"), kind: _one(fields, kind)})


def _number(fields: Fields) -> dict[str, Any]:
    """Blanks between thousands are no harm: people copy what they see."""
    plain = re.sub("[ \u00a0\u202f]", "", _one(fields, "number"))
    return _compared({**fields, "number": [plain]}, "number")


def _update(fields: Fields) -> dict[str, Any]:
    typed = _one(fields, "update")
    number: object = int(typed) if re.fullmatch("[0-9]{1,16}", typed, re.ASCII) else typed
    outcome = _one(fields, "outcome")
    states = list(fields.get("states", ())) if outcome == "states" else [*STATES.get(outcome, (outcome,))]
    return {"deliveries": {"update": number, "media": list(fields.get("media", ())), "states": states}}


_DOCUMENTS: Final[Mapping[Kind, Callable[[Fields], dict[str, Any]]]] = MappingProxyType(
    {
        Kind.LANGUAGE: lambda fields: {"languages": re.split(r"[\s,;،]+", _one(fields, "values"))},
        Kind.AREA: lambda fields: {"areas": _lines(fields)},
        Kind.POSTCODE: lambda fields: {"postcodes": _apart(fields)},
        Kind.CUSTOMER: lambda fields: {"external_ids": _lines(fields)},
        Kind.TEXT: _text,
        Kind.NUMBER: _number,
        Kind.DAY: lambda fields: _compared(fields, "day"),
        Kind.KNOWN: lambda fields: _column(fields, {"known": True}),
        Kind.TOPIC: lambda fields: {"topics": list(fields.get("topics", ()))},
        Kind.CONSENT: lambda fields: {"consent": {"medium": _one(fields, "medium"), "topic": _one(fields, "topic")}},
        Kind.REACHABLE: lambda fields: {"reachable": list(fields.get("media", ()))},
        Kind.UPDATE: _update,
        Kind.AUDIENCE: lambda fields: {"audience": _one(fields, "audience")},
        Kind.EVERYBODY: lambda _: {"all": True},
    }
)
_NAMES: Final[Mapping[Kind, frozenset[str]]] = MappingProxyType(
    {
        **{kind: frozenset({name}) for kind, name in MAIN.items()},
        Kind.TEXT: frozenset({"name", "how", "values"}),
        Kind.NUMBER: frozenset({"name", "sign", "number"}),
        Kind.DAY: frozenset({"name", "sign", "day"}),
        Kind.CONSENT: frozenset({"medium", "topic"}),
        Kind.UPDATE: frozenset({"update", "outcome", "media", "states"}),
    }
)


def document_in(group: Group) -> dict[str, Any]:
    """The document these conditions say. Raise as `rule_in`."""
    return rule_document(rule_in(group)[()])
