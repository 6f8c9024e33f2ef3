"""A rule as the form of an audience shows it: these people, all of these conditions, but none of those.

Rules that say more than the form can are shown and typed as the document they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from app.console.blanks import Blank, Part, Shape
from app.console.notes import mark
from app.domain.audience_documents import parse_rule, rule_document
from app.domain.audience_rules import And, Not, Or, Rule
from app.domain.audience_text import parse_text
from app.domain.audience_words import rule_text

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
    Part(mark("As text"), (
        Blank("text", mark("Rule"), Shape.LINES,
              mark("tariff = business and not got(update 3, sms). It counts instead of everything above.")),
    )),
    Part(mark("As a document"), (
        Blank("document", mark("Rule"), Shape.LINES,
              mark("For what the form cannot say: and, or, not. It counts instead of everything above.")),
    ), folded=True),
)  # fmt: skip
MOST_BRANCHES: Final = 12
PLAIN: Final = ("languages", "areas", "external_ids")


def shown(rule: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the fields; a rule that says more stands in `text`."""
    found: dict[str, Any] = {"attributes": {}, "not": {}}
    for part in rule["and"] if list(rule) == ["and"] else [rule]:
        if not _put(found, part):
            return {"text": rule_text(parse_rule(rule))}
    return found


def rule_of(typed: Mapping[str, Any]) -> object:
    """The rule these fields mean; whether it is one is the use case's matter. Nothing typed is no rule at all."""
    if typed.get("text"):
        return rule_document(parse_text(str(typed["text"])))
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
    if kind == "attribute" and "value" not in value:
        return False
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


def branches(rule: Rule) -> list[Rule]:
    """What is worth a count of its own: the rule, the parts it joins, and theirs."""
    inner = rule.rules if isinstance(rule, And | Or) else (rule.rule,) if isinstance(rule, Not) else ()
    found = [rule, *(part for one in inner for part in branches(one))]
    return list(dict.fromkeys(found))[:MOST_BRANCHES]
