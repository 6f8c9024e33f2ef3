from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.fitting import segments, split_parts
from app.domain.text_messages import on_the_phone


def test_one_curly_quotation_mark_is_named_with_what_says_the_same() -> None:
    seen = on_the_phone("We’re sorry: " + "power is out. " * 8)
    assert (seen.encoding, len(seen.parts), seen.parts_without) == ("UCS-2", 2, 1)
    (dear,) = seen.dear
    assert (dear.character, dear.name, dear.instead) == ("’", "right single quotation mark", "'")
    assert (dear.before, dear.after) == ("We", "re sorry: po")


def test_a_language_of_its_own_letters_has_nothing_to_put_instead() -> None:
    seen = on_the_phone("ໄຟດັບ")
    assert {dear.instead for dear in seen.dear} == {None}
    assert seen.parts_without == len(seen.parts) == 1


def test_plain_words_are_not_dear() -> None:
    assert on_the_phone("Power is out [€ 5].").dear == ()
    assert on_the_phone("").parts == ()


@given(st.text(alphabet="ab€^ ’😀ગ", max_size=400))
def test_the_parts_are_the_text_and_as_many_as_are_paid_for(text: str) -> None:
    parts = split_parts(text)
    assert "".join(parts) == text
    assert len(parts) == segments(text).parts
