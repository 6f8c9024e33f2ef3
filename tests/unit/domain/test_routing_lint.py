from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.routing import EMPTY_REGISTRY, Registry
from app.domain.routing_lint import lint
from tests.unit.domain.samples import CHAT, NEEDS, PHONE, PORTAL, RULES, TUESDAY_NOON, Document, registry

SAMPLE = Path(__file__).parents[3] / "templates" / "registry" / "sample.json"


def findings(found: Registry) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in lint(found, TUESDAY_NOON)]


def with_rule(**rule: Any) -> Registry:
    return registry(rules=[*RULES, {"slug": "new", "need": "technical", "contact_channels": ["chat"], **rule}])


def test_good_rules_have_no_findings() -> None:
    assert findings(registry()) == []
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))
    found = Registry.from_documents(sample["contact_channels"], sample["needs"], sample["routing_rules"])
    assert lint(found, datetime(2026, 11, 22, tzinfo=UTC)) == ()


@pytest.mark.parametrize(
    ("earlier", "later", "unreachable"),
    [
        ({}, {}, True),
        ({}, {"language": "gu", "area": "north", "hours": "Mo 08:00-09:00"}, True),
        ({"language": ["gu", "lo"]}, {"language": "gu-IN", "severity": "major"}, True),
        ({"hours": "24/7"}, {}, True),
        ({"hours": "Mo 08:00-09:00"}, {"hours": "Mo 08:00-09:00", "audience": "north"}, True),
        ({"audience": ["a", "b"]}, {"audience": "b"}, True),
        ({"language": "gu"}, {}, False),
        ({"language": "gu"}, {"language": ["gu", "lo"]}, False),
        ({"area": "north"}, {"language": "gu"}, False),
        ({"severity": "major"}, {"severity": ["major", "minor"]}, False),
        ({"hours": "Mo 08:00-09:00"}, {"hours": "Mo 08:00-10:00"}, False),
        ({"hours": "Mo 08:00-09:00"}, {"hours": "Mo 08:00-09:00", "timezone": "Asia/Kolkata"}, False),
        ({"audience": "a"}, {}, False),
    ],
)
def test_a_rule_behind_one_that_always_holds_as_well_is_never_asked(
    earlier: Document, later: Document, unreachable: bool
) -> None:
    rules: list[Document] = [
        {"slug": "one", "need": "technical", "when": earlier, "contact_channels": ["chat"], "position": 1},
        {"slug": "two", "need": "technical", "when": later, "contact_channels": ["hotline"], "position": 2},
    ]
    codes = findings(registry(rules=[*rules, *RULES[1:]]))
    assert codes == ([("rule_unreachable", "routing_rules.two")] if unreachable else [])


def test_a_rule_behind_several_that_hold_together_is_never_asked() -> None:
    split: list[Document] = [
        {"slug": one, "need": "technical", "when": {"language": one}, "contact_channels": ["chat"], "position": 1}
        for one in ("gu", "lo", "eo")
    ]
    last = {"slug": "last", "need": "technical", "contact_channels": ["hotline"], "position": 2}
    behind = registry(rules=[*split, {**last, "when": {"language": ["gu", "lo"], "area": "north"}}, *RULES[1:]])
    (found,) = [problem for problem in lint(behind, TUESDAY_NOON) if problem.code == "rule_unreachable"]
    assert (found.field, "“gu”, “lo” come first" in found.sentence) == ("routing_rules.last", True)
    for when in ({"language": ["gu", "en"]}, {"area": "north"}):
        assert findings(registry(rules=[*split, {**last, "when": when}, *RULES])) == []


def test_a_rule_for_an_area_that_none_of_its_channels_serves_is_found() -> None:
    south: Document = {**CHAT, "areas": ["south"]}
    rule = {"slug": "new", "need": "technical", "position": 1, "contact_channels": ["chat"]}
    far = registry(south, rules=[{**rule, "when": {"area": ["north", "south"]}}, *RULES])
    assert findings(far) == [("area_not_served", "routing_rules.new.contact_channels")]
    near = registry(south, rules=[{**rule, "when": {"area": "south"}}, *RULES])
    assert findings(near) == []


def test_the_same_conditions_for_another_need_are_no_trouble() -> None:
    assert findings(with_rule(position=1, when={"language": "gu"})) == []


def test_a_rule_that_names_what_is_not_there_is_found() -> None:
    found = findings(with_rule(position=1, when={"area": "x"}, contact_channels=["chat", "fax"]))
    assert found == [("contact_channel_not_found", "routing_rules.new.contact_channels")]
    unknown = findings(with_rule(need="gardening"))
    assert unknown == [("need_not_found", "routing_rules.new.need")]


def test_a_channel_that_stands_in_for_itself_is_found() -> None:
    found = findings(with_rule(position=1, when={"area": "x"}, contact_channels=["chat", "hotline", "chat"]))
    assert found == [("own_fallback", "routing_rules.new.contact_channels")]


def test_hours_that_never_come_are_found_in_channels_and_in_rules() -> None:
    past = "2020 Mo-Fr 09:00-18:00"
    assert findings(registry({**CHAT, "hours": past})) == [("never_open", "contact_channels.chat.hours")]
    assert findings(with_rule(position=1, when={"hours": past})) == [
        ("rule_never_in_force", "routing_rules.new.when.hours")
    ]


def test_a_need_without_any_route_is_found_and_one_with_conditions_only() -> None:
    assert findings(registry(rules=RULES[1:3])) == [("need_without_rule", "needs.technical")]
    narrow: Document = {"slug": "gu", "need": "technical", "when": {"language": "gu"}, "contact_channels": ["chat"]}
    assert findings(registry(rules=[narrow, *RULES[1:3]])) == [("need_without_route", "needs.technical")]
    assert findings(registry(rules=[narrow, *RULES[1:]])) == []
    half: Document = {"slug": "half", "need": "*", "when": {"hours": "Mo 08:00-09:00"}, "contact_channels": ["portal"]}
    assert ("need_without_route", "needs.technical") in findings(registry(rules=[narrow, *RULES[1:3], half]))


@pytest.mark.parametrize(
    "change",
    [
        {"hours": "Mo-Fr 09:00-18:00"},
        {"exceptions": [{"from": "2026-12-24", "to": "2026-12-26", "closed": True}]},
        {"areas": ["north"]},
    ],
)
def test_an_emergency_that_leads_to_nobody_at_some_hour_or_place_is_found(change: Document) -> None:
    assert findings(registry({**PHONE, **change})) == [
        ("emergency_not_always", "routing_rules.emergency.contact_channels")
    ]


def test_an_emergency_by_the_fallback_must_be_answered_day_and_night_too() -> None:
    rules = [rule for rule in RULES if rule["need"] != "emergency"]
    assert findings(registry(rules=rules)) == []
    closed = findings(registry({**PORTAL, "hours": "Mo-Fr 09:00-18:00"}, rules=rules))
    assert closed == [("emergency_not_always", "routing_rules.fallback.contact_channels")]
    assert ("emergency_not_always", "needs.emergency") in findings(registry(rules=[]))


def test_a_registry_without_an_emergency_need_is_told_so() -> None:
    assert findings(EMPTY_REGISTRY) == [("emergency_missing", "needs")]
    without = Registry.from_documents([PHONE, CHAT, PORTAL], NEEDS[:2], [RULES[0], RULES[1], RULES[3]])
    assert findings(without) == [("emergency_missing", "needs")]
