"""A rule as the form of an audience shows it: these people, all of these conditions, but none of those.

Rules that say more than the form can are shown and typed as the document they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.console.blanks import Blank, Part, Shape
from app.console.notes import mark

FORM: Final = (
    Part("", (
        Blank("all", mark("Everybody"), Shape.FLAG, mark("Whatever else is written below counts no more.")),
        Blank("languages", mark("People who read one of"), Shape.LIST, mark("One code a line: en, gu, lo.")),
        Blank("areas", mark("and live in one of"), Shape.LIST, mark("One area a line.")),
        Blank("attributes", mark("and of whom it is known"), Shape.PAIRS, mark("Own columns: tariff: business")),
        Blank("external_ids", mark("and are one of"), Shape.LIST, mark("Customer numbers, one a line.")),
    )),
    Part(mark("But not"), (
        Blank("not.languages", mark("People who read one of"), Shape.LIST),
        Blank("not.areas", mark("People who live in one of"), Shape.LIST),
    ), folded=True),
    Part(mark("As a document"), (
        Blank("document", mark("Rule"), Shape.LINES,
              mark("For what the form cannot say: and, or, not. It counts instead of everything above.")),
    ), folded=True),
)  # fmt: skip
PLAIN: Final = ("languages", "areas", "external_ids")


def shown(rule: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the fields; a rule that says more stands in `document`."""
    found: dict[str, Any] = {"attributes": {}, "not": {}}
    for part in rule["and"] if list(rule) == ["and"] else [rule]:
        if not _put(found, part):
            return {"document": json.dumps(rule, ensure_ascii=False, indent=1)}
    return found


def rule_of(typed: Mapping[str, Any]) -> object:
    """The rule these fields mean; whether it is one is the use case's matter. Nothing typed is no rule at all."""
    if typed.get("document"):
        try:
            return json.loads(str(typed["document"]))
        except ValueError:
            return {}
    if typed.get("all"):
        parts: list[dict[str, Any]] = [{"all": True}]
    else:
        parts = [{name: typed[name]} for name in PLAIN if typed.get(name)]
        pairs = (typed.get("attributes") or {}).items()
        parts += [{"attribute": {"name": name, "value": value}} for name, value in pairs]
    excluded = typed.get("not") or {}
    parts += [{"not": {name: excluded[name]}} for name in PLAIN if excluded.get(name)]
    return parts[0] if len(parts) == 1 else {"and": parts} if parts else {}


def _put(found: dict[str, Any], part: Mapping[str, Any]) -> bool:
    """Whether this part of a rule has a field of its own that is still free."""
    (kind,) = part
    value = part[kind]
    if kind == "attribute":
        known = value["name"] in found["attributes"]
        found["attributes"][value["name"]] = value["value"]
        return not known
    if kind == "not":
        inner = next(iter(value))
        fits = inner in ("languages", "areas") and inner not in found["not"]
        found["not"] |= value if fits else {}
        return fits
    if kind not in (*PLAIN, "all") or kind in found:
        return False
    found[kind] = value
    return True


def in_words(rule: Mapping[str, Any]) -> str:
    """For a list: the rule itself, short."""
    match rule:
        case {"all": True}:
            return mark("Everybody")
        case {"and": [*parts]}:
            return " + ".join(map(in_words, parts))
        case {"or": [*parts]}:
            return " / ".join(map(in_words, parts))
        case {"not": inner}:
            return f"− {in_words(inner)}"
        case {"attribute": {"name": name, "value": value}}:
            return f"{name} = {value}"
    (values,) = rule.values()
    return ", ".join(map(str, values[:5])) if isinstance(values, Sequence) else str(values)
