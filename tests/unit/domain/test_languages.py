from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.languages import LONGEST, LanguagePolicy, fallback, main_language, parts_of, shared_language

LANGUAGES = st.lists(st.sampled_from(["en", "gu", "lo", "eo", "ar"]), min_size=1, max_size=3, unique=True)


@given(st.lists(LANGUAGES, max_size=4), LANGUAGES)
def test_a_shared_address_gets_a_language_that_all_can_read_if_there_is_one(
    readers: list[list[str]], available: list[str]
) -> None:
    chosen = shared_language(readers, available, "")
    able = [[one for one in mine if one in available] for mine in readers]
    able = [mine for mine in able if mine]
    shared = [one for one in (able[0] if able else ()) if all(one in mine for mine in readers)]
    if not able:
        assert not chosen
    elif shared:
        assert chosen == shared[0]
    else:
        assert chosen == able[0][0]


def test_somebody_who_reads_a_region_shares_an_address_with_the_language_itself() -> None:
    assert shared_language([["pt-BR"], ["pt"]], ("en", "pt"), "en") == "pt"
    assert shared_language([["ja"], ["gu"]], ("en", "gu"), "en") == "gu"


@pytest.mark.parametrize(
    ("policy", "ready", "organisation", "expected"),
    [
        (None, ("en", "gu"), "en", "en"),
        (None, ("en", "gu"), "gu", "gu"),
        (None, ("gu", "lo"), "eo", "gu"),
        (LanguagePolicy.DEFAULT, ("en", "gu"), "gu-IN", "gu"),
        (LanguagePolicy.BILINGUAL, ("en", "gu"), "gu", "gu+en"),
        (LanguagePolicy.BILINGUAL, ("en", "gu", "lo"), "en", "en+gu"),
        (LanguagePolicy.BILINGUAL, ("en", "en-GB"), "en", "en"),
        (LanguagePolicy.SKIP, ("en", "gu"), "en", ""),
    ],
)
def test_who_reads_none_of_its_languages_gets_what_the_policy_says(
    policy: LanguagePolicy | None, ready: tuple[str, ...], organisation: str, expected: str
) -> None:
    found = fallback(policy, ready, organisation)
    assert found == expected
    assert len(found) <= LONGEST
    assert all(part in ready for part in parts_of(found))
    assert main_language(ready, organisation) in ready
