from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.versions import Change, Piece, changes

WORDS = st.text("ab \n", max_size=30)


def test_only_places_that_read_otherwise_are_named_and_nothing_twice() -> None:
    before = {"names": {"en": "Line", "gu": ""}, "hours": "24/7", "areas": ["north"], "options": [{"text": "a"}]}
    after = {"names": {"en": "Night line"}, "hours": "24/7", "areas": ["north", "south"], "options": []}
    assert [(one.path, one.before, one.after) for one in changes(before, after)] == [
        ("names.en", "Line", "Night line"),
        ("areas", "north", "north, south"),
        ("options[0].text", "a", ""),
    ]


def test_what_is_absent_and_what_is_empty_are_the_same() -> None:
    assert changes({"a": None, "b": "", "c": {}, "d": []}, {}) == ()


@given(WORDS, WORDS)
def test_the_pieces_put_together_are_both_texts(before: str, after: str) -> None:
    pieces = Change("x", before, after).pieces
    plain = ["".join(text.split()) for text in (before, after)]
    for skipped, wanted in zip((Piece.NEW, Piece.GONE), plain, strict=True):
        assert "".join("".join(text.split()) for kind, text in pieces if kind is not skipped) == wanted
