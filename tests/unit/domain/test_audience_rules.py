from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.audience_documents import parse_rule, rule_document
from app.domain.audience_rules import All, And, Languages, Not, Rule
from app.domain.audience_text import parse_text
from app.domain.audience_words import rule_text
from app.errors import Invalid
from tests.audience_language import RULES


@given(RULES)
def test_a_rule_comes_back_as_document_and_as_text(rule: Rule) -> None:
    document, text = rule_document(rule), rule_text(rule)
    assert parse_rule(json.loads(json.dumps(document))) == rule
    assert parse_text(text) == rule
    assert rule_text(parse_text(text)) == text


def test_a_rule_is_typed() -> None:
    rule = parse_rule({"and": [{"languages": ["gu"]}, {"not": {"all": True}}]})
    assert rule == And((Languages(("gu",)), Not(All())))


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        "all",
        {"all": False},
        {"all": "true"},
        {"all": 1},
        {"everyone": True},
        {"languages": []},
        {"languages": ["not a language"]},
        {"languages": "en"},
        {"areas": [""]},
        {"areas": ["north"], "languages": ["en"]},
        {"external_ids": [7]},
        {"external_ids": ["7"] * 5001},
        {"attribute": {"name": "tariff"}},
        {"attribute": {"name": "tariff", "values": []}},
        {"attribute": {"name": "tariff", "known": False}},
        {"attribute": {"name": "tariff", "value": "gold", "contains": "g"}},
        {"attribute": {"name": "age", "is": ">", "value": "3"}},
        {"attribute": {"name": "age", "is": ">", "number": "three"}},
        {"attribute": {"name": "age", "is": ">", "number": 1e300}},
        {"attribute": {"name": "age", "is": "~", "number": 3}},
        {"attribute": {"name": "since", "is": "<", "day": "2026-02-30"}},
        {"postcodes": ["-"]},
        {"reachable": []},
        {"reachable": ["site"]},
        {"topics": ["Not a slug"]},
        {"consent": {}},
        {"consent": {"medium": "pigeon"}},
        {"deliveries": {}},
        {"deliveries": {"update": 0}},
        {"deliveries": {"update": 3, "states": ["lost"]}},
        {"deliveries": {"update": 3, "media": ["social"]}},
        {"audience": ""},
        {"attribute": "gold"},
        {"and": []},
        {"and": [{}]},
        {"or": [{"all": True}, {"everyone": True}]},
        {"not": {}},
        {"not": None},
    ],
)
def test_an_empty_or_unknown_rule_is_refused_and_never_means_everyone(document: object) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_rule(document)
    assert all(problem.field.startswith("rule") and problem.remedy for problem in refusal.value.problems)


def test_a_rule_nested_without_end_is_refused() -> None:
    document: dict[str, Any] = {"all": True}
    for _ in range(2000):
        document = {"not": document}
    with pytest.raises(Invalid):
        parse_rule(document)


@pytest.mark.parametrize(
    ("text", "at", "words", "remedy"),
    [
        ("", 1, "is empty", "everyone"),
        ("area in ()", 9, "list is empty", "at least one"),
        ("area in (north", 15, "the rule ends", "“)”"),
        ('area = "north', 8, "never closed", "Close"),
        ("lanugage = gu", 1, "no word of rules", "“language”"),
        ("areas in (north)", 1, "no word of rules", '"areas"'),
        ("gold", 1, "no condition", "gold contains old"),
        ("language gu", 9, "= or in", "language = north"),
        ("tier = gold area = north", 13, "without “and” or “or”", "area in"),
        ("tier = gold and", 16, "a condition should stand", "area in"),
        ("tier = a or tier = b and tier = c", 22, "side by side", "parentheses"),
        ("got(update x)", 12, "not the number", "got(update 3)"),
        ("got(3)", 5, "needs the number of an update", "got(update 3"),
        ("got(update 3, smss)", 15, "not known", "“sms”"),
        ("delivery(update 3, faild)", 20, "not known", "“failed”"),
        ("balance > much", 11, "a number or a day", "balance > 50"),
        ("tier = and", 8, "a value should stand", "quotation marks"),
        ("not " * 20 + "everyone", 33, "nested", "by itself"),
        ("(" * 5000 + "everyone", 9, "nested", "by itself"),
    ],
)
def test_a_slip_in_the_text_is_pointed_at_with_a_way_out(text: str, at: int, words: str, remedy: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_text(text)
    (problem,) = refusal.value.problems
    assert problem.field == "rule"
    assert problem.sentence.startswith(f"At character {at} ")
    assert words in problem.sentence
    assert remedy in problem.remedy


@given(st.text(alphabet='aor nd()"“=,<>!\\in1-2 updategotsm', max_size=60))
def test_no_text_is_read_as_something_else_than_it_says(text: str) -> None:
    try:
        rule = parse_text(text)
    except Invalid:
        return
    assert parse_text(rule_text(rule)) == rule


def test_the_short_ways_of_writing_mean_the_long_ones() -> None:
    for short, long in (
        ("tier != gold", "not tier = gold"),
        ("area not in (a, b)", "not area in (a, b)"),
        ("has not tier", "not has tier"),
        ("AREA = north AND NOT Language = gu", "area = north and not language = gu"),
        ("audience in (a, b)", "audience = a or audience = b"),
        ("“since 2020” = “yes”", '"since 2020" = yes'),
        ("balance >= 007.50", "balance >= 7.5"),
    ):
        assert parse_text(short) == parse_text(long)
