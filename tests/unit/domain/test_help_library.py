from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.help_library import FaqEntry, HelpKind, HelpLink, OpenResource, helpful, open_resources
from app.domain.triage_documents import read_tree
from app.errors import Invalid
from tests.unit.usecases.announcements import TEMPLATES

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
COURSES = {"url_pattern": "https://learn.example.org/courses/*", "until": "2026-11-24T12:00:00Z"}


def link(slug: str, **fields: Any) -> HelpLink:
    return HelpLink.from_document({"slug": slug, "texts": {"en": slug}, "url": "https://example.org/x", **fields})


def slugs(found: tuple[HelpLink, ...]) -> list[str]:
    return [one.slug for one in found]


def faults(read: Any, document: dict[str, Any]) -> list[str]:
    with pytest.raises(Invalid) as refused:
        read(document)
    return [problem.code for problem in refused.value.problems]


def test_documents_come_back_as_they_were_given() -> None:
    given_link = link("a", kind="video", topics=["money"], areas=["north"], open_resources=COURSES, notes={"en": "n"})
    assert HelpLink.from_document(given_link.to_document()) == given_link
    entry = FaqEntry.from_document(
        {"slug": "q", "questions": {"en": "?", "lo": "?"}, "answers": {"en": "!", "lo": "!"}}
    )
    assert FaqEntry.from_document(entry.to_document()) == entry


def test_the_address_is_in_the_readers_language() -> None:
    assert link("a", url="https://example.org/{language}/help").url_in("gu") == "https://example.org/gu/help"


def test_help_is_chosen_by_topic_language_and_area() -> None:
    links = [
        link("elsewhere", topics=["money"], areas=["south"]),
        link("foreign", topics=["money"], texts={"lo": "x"}),
        link("second-topic", topics=["calm"]),
        link("late", topics=["money"], position=9),
        link("early", topics=["money", "calm"], position=1),
        link("here", topics=["money"], areas=["north"], position=5),
        link("other", topics=["sport"]),
    ]
    found = helpful(links, topics=("money", "calm"), language="en-GB", area="north")
    assert slugs(found) == ["early", "here", "late", "second-topic", "foreign"]
    assert slugs(helpful(links, language="en", limit=2)) == ["other", "second-topic"]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from(["", "north", "south"]), st.integers(0, 3)), max_size=9
    ),
    st.sampled_from(["", "north", "south"]),
)
def test_nobody_is_shown_help_for_another_area(drawn: list[tuple[str, str, int]], area: str) -> None:
    links = [link(f"{slug}{i}", areas=[of] if of else [], position=at) for i, (slug, of, at) in enumerate(drawn)]
    for one in helpful(links, language="en", area=area):
        assert not one.areas or area in one.areas


def test_open_knowledge_closes_by_itself_and_the_later_end_wins() -> None:
    later = {**COURSES, "until": "2026-11-25T12:00:00Z"}
    over = {"url_pattern": "https://learn.example.org/old/*", "until": "2026-11-23T12:00:00Z"}
    links = [link("a", open_resources=COURSES), link("b", open_resources=later), link("c", open_resources=over)]
    until = datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert open_resources(links, NOON) == (OpenResource("https://learn.example.org/courses/*", until),)
    assert open_resources(links, until - timedelta(seconds=1)) != ()
    assert open_resources(links, until) == ()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"url": "http://example.org"}, "bad_link"),
        ({"url": "https://{language}@example.org"}, "bad_link"),
        ({"texts": {}}, "missing"),
        ({"kind": "song"}, "unknown_word"),
        ({"open_resources": {"url_pattern": "https://*/x", "until": "2026-11-24T12:00:00Z"}}, "bad_link"),
        ({"open_resources": {"url_pattern": "https://a.example.org/*"}}, "missing"),
        ({"open_resources": {"url_pattern": "https://a.example.org/*", "until": "tomorrow"}}, "bad_time"),
        ({"colour": "red"}, "unknown_field"),
    ],
)
def test_a_faulty_link_is_refused(fields: dict[str, Any], code: str) -> None:
    assert code in faults(HelpLink.from_document, {**link("a").to_document(), **fields})


def test_a_question_without_its_answer_is_refused() -> None:
    half = {"slug": "q", "questions": {"en": "?", "gu": "?"}, "answers": {"en": "!"}}
    assert faults(FaqEntry.from_document, half) == ["missing_translation"]


def test_every_kind_has_a_name() -> None:
    assert {kind.value for kind in HelpKind} == {"article", "video", "public_aid", "community", "self_care", "tool"}


def shipped() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((TEMPLATES / "help" / "library.json").read_text(encoding="utf-8"))
    return loaded


def test_the_shipped_library_is_whole_in_four_languages() -> None:
    four = {"en", "gu", "lo", "eo"}
    links = [HelpLink.from_document(document) for document in shipped()["help_links"]]
    entries = [FaqEntry.from_document(document) for document in shipped()["faq"]]
    assert len({one.slug for one in links}) == len(links) >= 8
    assert len({one.slug for one in entries}) == len(entries) >= 5
    assert all(set(one.languages) == four for one in links)
    assert all(set(one.languages) == four for one in entries)
    assert {HelpKind.PUBLIC_AID, HelpKind.COMMUNITY, HelpKind.SELF_CARE, HelpKind.VIDEO} <= {one.kind for one in links}
    assert shipped()["review"] == dict.fromkeys(("gu", "lo", "eo"), "native review pending")


def test_every_topic_of_the_default_tree_finds_help_in_the_library() -> None:
    tree = read_tree(json.loads((TEMPLATES / "triage" / "default.json").read_text(encoding="utf-8")))
    links = [HelpLink.from_document(document) for document in shipped()["help_links"]]
    for trouble in tree.troubles.values():
        assert helpful(links, topics=trouble.topics, language="lo"), trouble.slug
