from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.content import content_hash
from app.domain.updates import UpdateDocument, missing
from app.errors import Invalid
from tests.unit.domain.samples import TUESDAY_NOON, update, words


def test_an_update_comes_back_as_it_went_in() -> None:
    document = update(variants=[{"audience": "north", "content": {"en": words("The north is down")}}], drill=True)
    read = UpdateDocument.from_document(document)
    assert UpdateDocument.from_document(read.to_document()) == read
    assert read.languages == ("en", "gu")
    assert read.expires_at == datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
    assert content_hash(read.to_document()) == content_hash(
        UpdateDocument.from_document(read.to_document()).to_document()
    )


def test_an_update_without_an_expiry_gets_one_because_nothing_stale_is_ever_sent() -> None:
    read = UpdateDocument.from_document(update(expires_at=None), TUESDAY_NOON)
    assert read.expires_at == TUESDAY_NOON + timedelta(hours=24)
    with pytest.raises(Invalid) as refusal:
        UpdateDocument.from_document(update(expires_at=None))
    assert [problem.field for problem in refusal.value.problems] == ["expires_at"]


def test_a_variant_replaces_the_words_of_its_languages_and_keeps_the_others() -> None:
    document = update(variants=[{"audience": "north", "content": {"en": words("The north is down")}}])
    read = UpdateDocument.from_document(document)
    assert read.words(0)["en"].headline == "Our servers are down"
    assert read.words(1)["en"].headline == "The north is down"
    assert read.words(1)["gu"] == read.words(0)["gu"]


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"crisis": None}, "crisis"),
        ({"stage": "panic"}, "stage"),
        ({"endpoints": ["twilio", "twilio"]}, "endpoints"),
        ({"content": {"english": words()}}, "content.english"),
        ({"content": {"en": words(impact=3)}}, "content.en.impact"),
        ({"content": []}, "content"),
        ({"variants": [{"content": {}}]}, "variants[0].audience"),
        (
            {"variants": [{"audience": "x", "content": {"en": {"options": [{"text": ""}]}}}]},
            "variants[0].content.en.options[0].text",
        ),
        ({"expires_at": "2026-03-10T12:30"}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"next_update_by": 1430}, "next_update_by"),
        ({"drill": "yes"}, "drill"),
        ({"subject": "x"}, "subject"),
    ],
)
def test_each_fault_is_named_with_its_place(fault: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        UpdateDocument.from_document(update(**fault), TUESDAY_NOON)
    assert [problem.field for problem in refusal.value.problems] == [field]


@pytest.mark.parametrize("document", [None, [], "x", 7])
def test_what_is_not_an_object_is_refused(document: object) -> None:
    with pytest.raises(Invalid):
        UpdateDocument.from_document(document, TUESDAY_NOON)


def test_a_draft_may_be_unfinished_and_is_told_what_it_lacks() -> None:
    draft = UpdateDocument.from_document(
        {"crisis": "fire", "stage": "holding", "next_update_by": "2026-03-10T06:00:00Z"}, TUESDAY_NOON
    )
    assert [problem.code for problem in missing(draft, TUESDAY_NOON)] == ["no_endpoints", "no_content", "promise_past"]
    late = TUESDAY_NOON + timedelta(days=2)
    assert "expired" in [problem.code for problem in missing(draft, late)]
    assert missing(UpdateDocument.from_document(update()), TUESDAY_NOON) == ()
