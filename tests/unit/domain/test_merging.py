from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.merging import merge

NAMES = st.sampled_from(["headline", "impact", "duration"])
FORMS = st.dictionaries(NAMES, st.sampled_from(["", "a", "b"]))


def test_what_only_one_of_two_changed_is_kept() -> None:
    base = {"headline": "old", "impact": "old"}
    merged = merge(base, {"headline": "mine", "impact": "old"}, {"headline": "old", "impact": "theirs"})
    assert merged.values == {"headline": "mine", "impact": "theirs"}
    assert (merged.taken, merged.clashes) == (("impact",), ())


def test_what_both_changed_is_a_clash_unless_they_agree() -> None:
    base = {"headline": "old", "impact": "old"}
    merged = merge(base, {"headline": "mine", "impact": "same"}, {"headline": "theirs", "impact": "same"})
    assert merged.clashes == ("headline",)
    assert merged.values["headline"] == "mine"


def test_without_what_both_began_with_every_difference_is_a_clash() -> None:
    merged = merge(None, {"headline": "mine", "impact": "same"}, {"headline": "theirs", "impact": "same"})
    assert merged.clashes == ("headline",)


def test_words_i_never_saw_are_not_mine_to_take_away() -> None:
    merged = merge({"impact": "old"}, {"impact": "old"}, {"impact": "old", "lao": "new"})
    assert merged.values == {"impact": "old", "lao": "new"}
    assert merged.clashes == ()


@given(base=FORMS, mine=FORMS, theirs=FORMS)
def test_nothing_anybody_wrote_is_lost_without_being_named(
    base: dict[str, str], mine: dict[str, str], theirs: dict[str, str]
) -> None:
    merged = merge(base, mine, theirs)
    for name in {*mine, *theirs}:
        other, before = theirs.get(name, ""), base.get(name, "")
        own = mine.get(name, before)
        if own != before:
            assert merged.values[name] == own
        if other not in (before, own):
            assert name in merged.clashes or merged.values[name] == other
