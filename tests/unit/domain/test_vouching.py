from __future__ import annotations

from datetime import UTC, datetime

from app.domain.content import content_hash
from app.domain.vouching import How, Step, Voucher, changed, source_of, stale_problems, standings

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
EN, GU = {"headline": "Power is out"}, {"headline": "વીજળી નથી"}
WORDS = {"gu": GU, "en": EN}


def by(language: str, source: dict[str, str], **more: str) -> Voucher:
    return Voucher(language, How.WRITTEN, "Ana", NOON, "en", content_hash(source), **more)


def steps(*vouchers: Voucher) -> dict[str, Step]:
    return {one.language: one.step for one in standings(WORDS, vouchers)}


def test_the_default_language_leads_and_else_the_first() -> None:
    assert source_of(WORDS) == "en"
    assert source_of({"lo": {}, "gu": {}}) == "gu"
    assert source_of({}) == ""
    assert [one.language for one in standings(WORDS, ())] == ["en", "gu"]


def test_words_are_in_step_with_the_source_they_were_written_from() -> None:
    assert steps(by("gu", EN)) == {"en": Step.SOURCE, "gu": Step.IN_STEP}
    older = by("gu", {"headline": "Power may be out"})
    assert steps(older)["gu"] is Step.STALE
    (problem,) = stale_problems(standings(WORDS, [older]))
    assert (problem.code, problem.field) == ("translation_stale", "content.gu")


def test_a_waiver_holds_for_one_text_of_the_source() -> None:
    older = {"headline": "Power may be out"}
    waived = by("gu", older, waived_hash=content_hash(EN), waived_by="Ben", waived_reason="a comma")
    assert steps(waived)["gu"] is Step.WAIVED
    assert not list(stale_problems(standings(WORDS, [waived])))
    for_another = by("gu", older, waived_hash=content_hash(older), waived_by="Ben", waived_reason="a comma")
    assert steps(for_another)["gu"] is Step.STALE


def test_words_from_before_anybody_kept_this_count_as_in_step() -> None:
    assert steps()["gu"] is Step.IN_STEP


def test_the_same_words_in_another_form_are_not_changed() -> None:
    assert changed({"en": {"headline": "Café"}}, {"en": {"headline": "Café"}, "gu": GU}) == ("gu",)
