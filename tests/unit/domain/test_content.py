from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.content import WARNINGS, Content, check, content_hash, splice
from app.errors import Invalid
from tests.unit.domain.samples import words


def codes(document: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refusal:
        Content.from_document(document, "content.en")
    return [(problem.code, problem.field) for problem in refusal.value.problems]


def test_a_good_message_comes_back_as_it_went_in() -> None:
    content = Content.from_document(words(links=[{"text": "Shelters", "url": "https://example.org/shelters"}]))
    assert Content.from_document(content.to_document()) == content
    assert content.options[0].need == "rescheduling"
    assert check({"en": content}, ["en"]) == ()


@pytest.mark.parametrize(
    ("fault", "code", "field"),
    [
        ({"headline": "Down\r\nBcc: everyone@example.org"}, "forbidden_character", "content.en.headline"),
        ({"headline": "Pay \u202egro.elpmaxe"}, "forbidden_character", "content.en.headline"),
        ({"impact": "a\x00b"}, "forbidden_character", "content.en.impact"),
        ({"impact": 5}, "wrong_type", "content.en.impact"),
        ({"impact": "x" * 5001}, "too_long", "content.en.impact"),
        ({"options": [{"text": "a"}, {"text": "b"}, {"text": "c"}]}, "too_many_options", "content.en.options"),
        ({"options": [{"text": ""}]}, "missing", "content.en.options[0].text"),
        ({"links": [{"text": "x", "url": "http://example.org"}]}, "bad_link", "content.en.links[0].url"),
        ({"links": [{"text": "x", "url": "javascript:alert(1)"}]}, "bad_link", "content.en.links[0].url"),
        ({"links": [{"text": "x", "url": "https://bank@evil.example"}]}, "bad_link", "content.en.links[0].url"),
        ({"links": [{"text": "x", "url": 'https://example.org/"onclick'}]}, "bad_link", "content.en.links[0].url"),
        ({"headlin": "x"}, "unknown_field", "content.en.headlin"),
        ({"complications": "x"}, "wrong_type", "content.en.complications"),
    ],
)
def test_each_fault_is_named_with_its_place(fault: dict[str, Any], code: str, field: str) -> None:
    assert codes(words(**fault)) == [(code, field)]


def test_all_faults_are_reported_at_once() -> None:
    assert len(codes(words(impact=1, duration=2, links=3))) == 3


def test_a_missing_translation_blocks_and_a_thin_one_warns() -> None:
    english = Content.from_document(words())
    gujarati = Content.from_document(words(options=[]))
    found = check({"en": english, "gu": gujarati}, ["en", "gu", "lo"])
    assert [problem.field for problem in found if problem.code not in WARNINGS] == ["content.lo"]
    assert {problem.code for problem in found} == {"missing_translation", "gloom_alone", "translation_thinner"}


def test_a_message_without_headline_or_impact_is_blocked() -> None:
    found = check({"en": Content.from_document({"explanation": "why"})}, ["en"])
    assert [problem.code for problem in found if problem.code not in WARNINGS] == ["no_headline", "no_impact"]


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(alphabet="aŝs\u0302 \ngu", max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(alphabet="abcd", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(list(value))}
    if isinstance(value, list):
        return tuple(shuffled(one) for one in value)
    return unicodedata.normalize("NFD", value) if isinstance(value, str) else value


@given(JSON)
def test_the_hash_is_of_the_words_and_not_of_their_wrapping(document: Any) -> None:
    assert content_hash(document) == content_hash(shuffled(document)) == content_hash(json.loads(json.dumps(document)))


def test_the_hash_changes_with_one_letter() -> None:
    assert content_hash({"headline": "open"}) != content_hash({"headline": "opem"})
    assert len(content_hash({})) == 64


def test_personal_fields_are_spliced_in_one_pass() -> None:
    fields = {"name": "-code-", "code": "<b>&"}
    assert splice("Dear -name-, -code- / -code-html- / -other- -", fields) == (
        "Dear -code-, <b>& / &lt;b&gt;&amp; / -other- -"
    )
    assert splice("<p>-code-</p>", fields, html=True) == "<p>&lt;b&gt;&amp;</p>"


@given(st.text(), st.text())
def test_nothing_a_person_is_called_can_become_markup(before: str, name: str) -> None:
    spliced = splice("<i>-name-html-</i>", {"name": name})
    assert not set(spliced.removeprefix("<i>").removesuffix("</i>")) & set("<>\"'")
    assert splice(before, {}) == before
