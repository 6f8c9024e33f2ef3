from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.crisis import Severity
from app.domain.routing import (
    EMPTY_REGISTRY,
    Query,
    Reason,
    Registry,
    RoutingRule,
    advise,
    route_lines,
)
from app.domain.routing_lint import check_references
from app.errors import Invalid
from tests.unit.domain.samples import CHAT, NEEDS, PHONE, PORTAL, RULES, TUESDAY_NIGHT, TUESDAY_NOON, registry


def advice(found: Registry, query: Query, at: datetime) -> list[tuple[str, Reason]]:
    return [(option.contact_channel.slug, option.reason) for option in advise(found, query, at)]


def test_in_staffed_hours_the_rules_own_order_holds() -> None:
    assert advice(registry(), Query("technical", "en"), TUESDAY_NOON) == [
        ("chat", Reason.OPEN),
        ("hotline", Reason.OPEN),
    ]


def test_a_closed_channel_says_when_it_opens_and_an_open_one_goes_first() -> None:
    options = advise(registry(), Query("technical", "en"), TUESDAY_NIGHT)
    assert [option.contact_channel.slug for option in options] == ["hotline", "chat"]
    assert options[1].reason is Reason.OPENS_LATER
    assert options[1].opens_at == datetime(2026, 3, 11, 3, 30, tzinfo=UTC)


def test_when_everything_a_rule_names_is_closed_the_fallback_is_offered_as_an_alternative() -> None:
    assert advice(registry(), Query("rescheduling", "en"), TUESDAY_NIGHT) == [
        ("portal", Reason.ALTERNATIVE),
        ("chat", Reason.OPENS_LATER),
    ]


def test_a_need_without_a_rule_goes_to_the_fallback_and_without_one_to_everything() -> None:
    assert advice(registry(), Query("coverage", "en"), TUESDAY_NOON) == [("portal", Reason.OPEN)]
    everything = advice(registry(rules=[]), Query("coverage", "en"), TUESDAY_NOON)
    assert {slug for slug, _ in everything} == {"hotline", "chat", "portal"}
    assert advise(EMPTY_REGISTRY, Query("coverage"), TUESDAY_NOON) == ()


def test_a_channel_that_speaks_the_readers_language_goes_before_one_that_does_not() -> None:
    assert advice(registry(), Query("technical", "gu"), TUESDAY_NOON) == [
        ("hotline", Reason.OPEN),
        ("chat", Reason.OTHER_LANGUAGE),
    ]


@pytest.mark.parametrize("broken", [{"status": "down"}, {"status": "busy"}, {"hours": "Sa 10:00-11:00"}])
def test_an_emergency_is_never_sent_to_a_channel_that_cannot_help_while_another_can(broken: dict[str, Any]) -> None:
    found = registry({**PHONE, **broken})
    first = advise(found, Query("emergency", "en"), TUESDAY_NOON)[0]
    assert first.open
    assert (first.contact_channel.slug, first.reason) == ("portal", Reason.ALTERNATIVE)


def test_a_channel_of_another_area_is_not_offered() -> None:
    found = registry({**CHAT, "areas": ["south"]})
    assert advice(found, Query("technical", "en", "north"), TUESDAY_NOON) == [("hotline", Reason.OPEN)]
    assert advice(found, Query("technical", "en", "south"), TUESDAY_NOON)[0] == ("chat", Reason.OPEN)


@pytest.mark.parametrize(
    ("when", "query", "holds"),
    [
        ({}, Query("x"), True),
        ({"language": "gu"}, Query("x", "gu-IN"), True),
        ({"language": ["lo", "gu"]}, Query("x", "en"), False),
        ({"area": ["north"]}, Query("x", area="north"), True),
        ({"area": "north"}, Query("x"), False),
        ({"severity": ["emergency", "major"]}, Query("x", severity=Severity.MAJOR), True),
        ({"severity": "emergency"}, Query("x"), False),
        ({"audience": "north-side"}, Query("x", audience="north-side"), True),
        ({"audience": ["north-side", "staff"]}, Query("x", audience="south-side"), False),
        ({"audience": "north-side"}, Query("x"), False),
        ({"hours": "Mo-Fr 09:00-18:00", "timezone": "Asia/Kolkata"}, Query("x"), True),
        ({"hours": "Sa 09:00-18:00", "timezone": "Asia/Kolkata"}, Query("x"), False),
    ],
)
def test_the_conditions_of_a_rule(when: dict[str, Any], query: Query, *, holds: bool) -> None:
    rule = RoutingRule.from_document({"need": "x", "contact_channels": ["chat"], "when": when})
    assert rule.when.holds(query, TUESDAY_NOON) is holds
    assert RoutingRule.from_document(rule.to_document() | {"slug": None}) == rule


def test_the_first_rule_by_position_whose_conditions_hold_decides() -> None:
    rules = [
        {"slug": "b", "need": "technical", "contact_channels": ["portal"], "position": 2},
        {"slug": "a", "need": "technical", "contact_channels": ["hotline"], "position": 1, "when": {"language": "gu"}},
    ]
    found = registry(rules=rules)
    assert advice(found, Query("technical", "gu"), TUESDAY_NOON) == [("hotline", Reason.OPEN)]
    assert advice(found, Query("technical", "eo"), TUESDAY_NOON) == [("portal", Reason.OPEN)]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"need": "x", "contact_channels": []}, "contact_channels"),
        ({"contact_channels": ["chat"]}, "need"),
        ({"need": "x", "contact_channels": ["chat"], "when": {"weather": "bad"}}, "when.weather"),
        ({"need": "x", "contact_channels": ["chat"], "when": {"severity": "huge"}}, "when.severity"),
        ({"need": "x", "contact_channels": ["chat"], "when": {"hours": "later"}}, "when.hours"),
        ({"need": "x", "contact_channels": ["chat"], "position": -1}, "position"),
    ],
)
def test_a_wrong_rule_is_refused_with_the_place_of_the_fault(rule: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        RoutingRule.from_document(rule)
    assert [problem.field for problem in refusal.value.problems] == [field]


def test_rules_that_point_nowhere_are_found_and_passed_over() -> None:
    rules = [*RULES[:1], {"slug": "old", "need": "gone", "contact_channels": ["removed"], "position": 1}]
    found = registry(rules=rules)
    assert {problem.code for problem in check_references(found)} == {
        "need_not_found",
        "contact_channel_not_found",
        "need_without_rule",
    }
    assert advise(found, Query("gone"), TUESDAY_NOON) == ()


def test_a_contact_block_starts_with_the_need_of_the_update_then_the_emergency_line() -> None:
    lines = route_lines(registry(), need="rescheduling", language="en", at=TUESDAY_NOON, limit=9)
    assert [(line.need.slug, line.channel.slug) for line in lines] == [
        ("rescheduling", "chat"),
        ("emergency", "hotline"),
        ("technical", "chat"),
    ]


def test_a_short_block_names_each_channel_once_and_keeps_its_limit() -> None:
    lines = route_lines(registry(), need="technical", language="gu", at=TUESDAY_NOON, limit=2, distinct=True)
    assert [(line.need.slug, line.channel.slug) for line in lines] == [
        ("technical", "hotline"),
        ("rescheduling", "chat"),
    ]


def test_a_broken_channel_is_never_printed() -> None:
    found = registry({**PHONE, "status": "down"}, {**CHAT, "status": "down"}, {**PORTAL, "status": "down"})
    assert route_lines(found, need="emergency", language="en", at=TUESDAY_NOON, limit=9) == ()


HOURS = st.sampled_from(["24/7", "off", "Mo-Fr 09:00-18:00", "Sa-Su 10:00-14:00", "Tu 22:00-06:00"])
STATUS = st.sampled_from(["open", "busy", "down", "closed"])
CHANNELS = st.lists(
    st.tuples(HOURS, STATUS, st.sampled_from([[], ["en"], ["gu"]]), st.sampled_from([[], ["north"], ["south"]])),
    min_size=1,
    max_size=5,
)


@settings(deadline=None)
@given(CHANNELS, st.lists(st.integers(0, 4), min_size=1), st.integers(0, 7 * 24), st.sampled_from(["en", "gu", "lo"]))
def test_whatever_the_registry_an_emergency_finds_an_open_channel_if_there_is_one(
    drawn: list[tuple[str, str, list[str], list[str]]], named: list[int], hour: int, language: str
) -> None:
    channels = [
        {**PHONE, "slug": f"c{index}", "hours": hours, "status": status, "languages": spoken, "areas": areas}
        for index, (hours, status, spoken, areas) in enumerate(drawn)
    ]
    rule = {"need": "emergency", "contact_channels": [f"c{index}" for index in named]}
    found = Registry.from_documents(channels, NEEDS, [rule])
    options = advise(found, Query("emergency", language, "north"), TUESDAY_NOON + timedelta(hours=hour))
    able = {Reason.OPEN, Reason.ALTERNATIVE, Reason.OTHER_LANGUAGE}
    alone = Registry.from_documents(channels, NEEDS, [])
    judged = advise(alone, Query("emergency", language, "north"), TUESDAY_NOON + timedelta(hours=hour))
    if any(option.reason in able for option in judged):
        assert options[0].reason in able
    assert len({option.contact_channel.slug for option in options}) == len(options)


def test_needs_stand_emergency_first_then_by_the_place_of_their_rules() -> None:
    needs = [{"slug": slug, "labels": {"en": slug}} for slug in ("another", "emergency", "rescheduling", "technical")]
    assert list(Registry.from_documents([], needs, RULES).needs) == [
        "emergency",
        "technical",
        "rescheduling",
        "another",
    ]


def test_a_rule_for_one_audience_holds_in_the_block_of_an_update_to_it_and_in_no_other() -> None:
    rule: dict[str, object] = {
        "slug": "vip",
        "need": "technical",
        "when": {"audience": "vip"},
        "contact_channels": ["hotline"],
    }
    found = registry(rules=[rule, *RULES])

    def first(audience: str) -> str:
        line = route_lines(found, need="technical", language="en", audience=audience, at=TUESDAY_NOON, limit=1)[0]
        return line.channel.slug

    assert (first("vip"), first("everyone"), first("")) == ("hotline", "chat", "chat")


def test_the_rules_of_one_need_are_found_in_their_order() -> None:
    found = registry(rules=[{**RULES[0], "slug": "late", "position": 50}, *RULES])
    assert [rule.slug for rule in found.rules_for("technical")] == ["technical", "late"]
    assert found.rules_for("nothing") == ()
