from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.content import Content, check
from app.domain.playbooks import STAGES, Playbook, fill_playbook
from app.domain.slots import Reading
from app.domain.triage_documents import read_tree
from app.errors import Invalid
from tests.unit.usecases.announcements import TEMPLATES, VALUES

NOON = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
SLUGS = sorted(path.stem for path in (TEMPLATES / "playbooks").glob("*.json"))
EIGHT = {
    "natural-disaster",
    "service-outage",
    "product-failure",
    "financial-setback",
    "health",
    "delivery-delay",
    "demand-peak",
    "hospitality-incident",
}


def shipped(slug: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((TEMPLATES / "playbooks" / f"{slug}.json").read_text(encoding="utf-8"))
    return loaded


def small(**changes: object) -> Playbook:
    document = {
        "slug": "small",
        "names": {"en": "Small"},
        "variables": {"until": "time", "left": "duration", "place": "place", "count": "number"},
        "stages": {"holding": {"en": {"headline": "{place} until {until}, {left} left, {count} affected"}}},
        **changes,
    }
    return Playbook.from_document(document)


def codes(call: Any, *arguments: Any) -> list[str]:
    with pytest.raises(Invalid) as refused:
        call(*arguments)
    return [problem.code for problem in refused.value.problems]


def test_all_eight_playbooks_are_shipped() -> None:
    assert set(SLUGS) == EIGHT


@pytest.mark.parametrize("slug", SLUGS)
def test_a_shipped_playbook_brings_questions_answers_a_triage_tree_and_its_timing(slug: str) -> None:
    playbook = Playbook.from_document(shipped(slug))
    assert playbook.tree == read_tree(json.loads((TEMPLATES / "triage" / "default.json").read_text("utf-8"))).slug
    assert set(playbook.triage) == {"en", "gu", "lo", "eo"}
    assert {len(questions) for questions in playbook.triage.values()} == {4}
    assert len(playbook.faq) >= 2
    for entry in playbook.faq:
        assert set(entry.questions) == set(entry.answers) == {"en", "gu", "lo", "eo"}
    assert set(playbook.cadence) == {"emergency", "major", "minor", "info"}
    assert playbook.wave_offsets_seconds["site"] == 0
    assert playbook.wave_offsets_seconds["sms"] < playbook.wave_offsets_seconds["email"]


def test_the_default_tree_knows_only_playbooks_that_are_shipped() -> None:
    tree = read_tree(json.loads((TEMPLATES / "triage" / "default.json").read_text("utf-8")))
    assert {trouble.playbook for trouble in tree.troubles.values()} - {""} <= EIGHT


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_shipped_playbook_is_a_good_message_at_every_stage_in_every_language(slug: str, stage: str) -> None:
    playbook = Playbook.from_document(shipped(slug))
    assert set(playbook.languages(stage)) == {"en", "gu", "lo", "eo"}
    values = {name: value for name, value in VALUES.items() if name in playbook.variables}
    filled = fill_playbook(playbook, stage, values, playbook.languages(stage), Reading("Asia/Vientiane", NOON))
    contents = {language: Content.from_document(content) for language, content in filled.items()}
    assert check(contents, tuple(contents)) == ()
    for content in contents.values():
        assert content.acknowledgement
        assert content.explanation
        assert content.perspective
        assert content.links
        assert 1 <= len(content.options) <= 2
        assert not content.complications or content.reassurance
        assert not re.search(r"[{}]", str(content))


@pytest.mark.parametrize("slug", SLUGS)
def test_translations_use_the_same_slots_needs_and_shape_as_english(slug: str) -> None:
    for stage, by_language in shipped(slug)["stages"].items():
        english = by_language["en"]
        for language, content in by_language.items():
            for field, text in content.items():
                where = f"{slug} {stage} {language} {field}"
                assert set(re.findall(r"{\w+}", json.dumps(text))) <= set(re.findall(r"{\w+}", json.dumps(english))), (
                    where
                )
                assert len(text) == len(english[field]) or isinstance(text, str), where
            assert [one.get("need") for one in content["options"]] == [one.get("need") for one in english["options"]]


@pytest.mark.parametrize("slug", SLUGS)
def test_a_shipped_playbook_says_that_a_native_speaker_has_yet_to_read_it(slug: str) -> None:
    assert shipped(slug)["review"] == dict.fromkeys(("gu", "lo", "eo"), "native review pending")


def test_every_type_is_written_the_readers_way() -> None:
    values = {"until": "2026-11-23T09:30:00Z", "left": "PT1H30M", "place": "Vientiane", "count": 4200}
    filled = fill_playbook(small(), "holding", values, ["en"], Reading("Asia/Vientiane", NOON))
    assert filled["en"]["headline"] == "Vientiane until 4:30 PM UTC+7, 1 hour and 30 minutes left, 4,200 affected"


def test_a_time_on_another_day_names_the_day() -> None:
    values = {"until": "2026-11-24T09:30:00Z", "left": "90m", "place": "X", "count": 1}
    headline = fill_playbook(small(), "holding", values, ["en"], Reading("Asia/Vientiane", NOON))["en"]["headline"]
    assert "Tue, Nov 24, 4:30 PM UTC+7" in str(headline)


def test_a_missing_language_value_or_variable_is_named() -> None:
    assert codes(fill_playbook, small(), "holding", {}, ["gu"]) == ["missing_translation"] + ["missing_variable"] * 4
    assert "unknown_variable" in codes(fill_playbook, small(), "holding", {"untill": "x"}, ["en"])
    assert "missing_translation" in codes(fill_playbook, small(), "resolved", {}, ["en"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("until", "2026-11-23 14:30"),
        ("until", "soon"),
        ("left", "PT"),
        ("left", "a while"),
        ("left", 5),
        ("count", "many"),
        ("count", True),
        ("count", float("nan")),
        ("place", "see https://evil.example"),
        ("place", "www.evil.example"),
        ("place", "x" * 61),
        ("place", "two\nlines"),
        ("place", "\u202ereversed"),
        ("place", "{until}"),
        ("place", ""),
    ],
)
def test_a_value_can_only_be_of_its_type(name: str, value: object) -> None:
    values = {"until": "2026-11-23T09:30:00Z", "left": "PT1H", "place": "X", "count": 1, name: value}
    assert codes(fill_playbook, small(), "holding", values, ["en"]) == ["variable_type"]


@pytest.mark.parametrize("sentence", ["{until!r}", "{until:>999}", "{until.year}", "{0}", "{}", "{{until}}", "{until"])
def test_a_slot_is_a_name_and_nothing_else(sentence: str) -> None:
    stages = {"holding": {"en": {"headline": sentence}}}
    assert "slot_malformed" in codes(lambda: small(stages=stages))


def test_a_mistyped_slot_is_refused_when_the_playbook_is_saved() -> None:
    assert codes(lambda: small(stages={"holding": {"en": {"headline": "{untill}"}}})) == ["unknown_variable"]


@pytest.mark.parametrize(
    "changes",
    [
        {"severity": "awful"},
        {"variables": {"until": "datetime"}},
        {"stages": {"middle": {}}},
        {"cadence": {"major": "60"}},
        {"wave_offsets_seconds": {"fax": 3}},
        {"wave_offsets_seconds": {"sms": -1}},
        {"undo_seconds": 1.5},
        {"slug": ""},
        {"stages": []},
    ],
)
def test_a_malformed_playbook_is_refused(changes: dict[str, Any]) -> None:
    assert codes(lambda: small(**changes))


def test_a_place_may_have_a_name_per_language() -> None:
    playbook = small(stages={"holding": {"lo": {"headline": "{place}"}, "en": {"headline": "{place}"}}})
    filled = fill_playbook(playbook, "holding", {"place": {"lo": "ວຽງຈັນ", "en": "Vientiane"}}, ["lo", "en"])
    assert (filled["lo"]["headline"], filled["en"]["headline"]) == ("ວຽງຈັນ", "Vientiane")
    assert codes(fill_playbook, playbook, "holding", {"place": {"en": "Vientiane"}}, ["lo"]) == ["missing_translation"]
