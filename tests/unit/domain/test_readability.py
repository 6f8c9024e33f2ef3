from __future__ import annotations

from app.domain.readability import Ease, readability

EASY = "The bridge is shut. Do not drive there. Take the ferry from the old dock. We will write again at noon."
HARD = (
    "Infrastructural rehabilitation necessitates comprehensive reconfiguration. "
    "Unanticipated contingencies notwithstanding, restoration of functionality is anticipated imminently."
)


def test_short_words_in_short_sentences_are_easy() -> None:
    found = readability(EASY, "en")
    assert found.ease is Ease.EASY
    assert found.grade is not None
    assert found.grade < 4


def test_long_words_are_hard_in_english_and_nothing_is_guessed_of_other_languages() -> None:
    assert readability(HARD, "en-GB").ease is Ease.HARD
    assert readability(HARD, "eo").grade is None


def test_a_sentence_without_end_is_shown() -> None:
    endless = "if " * 20 + "and then it goes on for ever"
    found = readability(f"{EASY} {endless}.", "gu")
    assert (found.ease, found.longest) == (Ease.LONG, endless)


def test_of_a_few_words_nothing_is_said() -> None:
    assert readability("Power is out.", "en").ease is Ease.SAID
    assert readability("", "en").longest_words == 0
