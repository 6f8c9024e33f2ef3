from __future__ import annotations

from app.domain.content import Choice, Content
from app.domain.word_changes import Change, compare, compare_words

SAME, ADDED, REMOVED = Change.SAME, Change.ADDED, Change.REMOVED


def told(before: str, after: str) -> list[tuple[Change, str]]:
    return [(piece.change, piece.text) for piece in compare_words(before, after)]


def test_whole_words_are_marked_and_what_was_taken_away_comes_first() -> None:
    assert told("Back by 18:00.", "Back by 20:00 at last.") == [
        (SAME, "Back by"),
        (REMOVED, "18:00."),
        (ADDED, "20:00 at last."),
    ]
    assert told("", "New words") == [(ADDED, "New words")]
    assert told("One  two", "One two") == [(SAME, "One two")], "blanks are layout"


def test_marks_are_never_torn_from_their_letters() -> None:
    for piece in compare_words("પાણી આવશે આજે", "પાણી આવ્યું આજે"):
        assert piece.text in ("પાણી", "આવશે", "આવ્યું", "આજે")


def test_every_language_of_either_side_is_named() -> None:
    before = {"en": Content(headline="One"), "lo": Content(headline="ໜຶ່ງ")}
    after = {"en": Content(headline="One", options=(Choice("Wait", "emergency"),)), "gu": Content(headline="એક")}
    found = {one.language: (one.change, [part.part for part in one.parts]) for one in compare(before, after)}
    assert found == {
        "en": (SAME, ["options"]),
        "gu": (ADDED, ["headline"]),
        "lo": (REMOVED, ["headline"]),
    }
    assert all(not one.parts for one in compare(before, before))
