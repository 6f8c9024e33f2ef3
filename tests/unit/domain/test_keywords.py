"""A lone STOP is never missed, a sentence is never taken for one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.keywords import Rule, folded, keyword, vocabulary
from app.domain.message import Wish
from app.templating.replies import FOLDER, load_replies

KNOWN = load_replies().vocabulary
LISTED = sorted(KNOWN.words)
NOISE = " \t\n.,!?\"'“”…-*_()[]{}#\u200e\u200f\u2066\u2069\u200b\ufeff\u00a0🙏👍"
noise = st.text(st.sampled_from(NOISE), max_size=6)


def full_width(text: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


Dress = Callable[[str], str]
DRESSES: list[Dress] = [str.upper, str.lower, str.title, full_width]


@given(st.sampled_from(LISTED), noise, noise, st.sampled_from(DRESSES))
def test_a_lone_keyword_is_found_in_whatever_dress(word: str, before: str, after: str, dress: Dress) -> None:
    found = keyword(before + dress(word) + after, KNOWN)
    assert found is not None
    assert found.wish is KNOWN.words[word][0]


@given(st.sampled_from(LISTED), st.sampled_from(sorted(KNOWN.courtesies)), st.booleans())
def test_courtesy_changes_nothing(word: str, courtesy: str, first: bool) -> None:
    found = keyword(f"{courtesy}, {word}" if first else f"{word} {courtesy}!", KNOWN)
    assert found is not None
    assert found.wish is KNOWN.words[word][0]


words = st.text(st.characters(categories=("Ll", "Lo")), min_size=2, max_size=12)


@given(st.lists(words, min_size=1, max_size=12), st.sampled_from(LISTED), st.integers(0, 12))
def test_a_sentence_with_a_keyword_in_it_is_a_sentence(others: list[str], word: str, at: int) -> None:
    strangers = [one for one in others if not set(folded(one).split()) & (KNOWN.courtesies | KNOWN.words.keys())]
    sentence = " ".join([*strangers[:at], word, *strangers[at:]])
    joined = folded(sentence).replace(" ", "")
    if strangers and joined not in KNOWN.words and folded(sentence) not in KNOWN.words:
        assert keyword(sentence, KNOWN) is None


@given(st.text(max_size=300))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    assert folded(folded(text)) == folded(text) or len(text) > 100
    keyword(text, KNOWN)


@pytest.mark.parametrize(
    ("text", "wish", "rule"),
    [
        ("STOP.", Wish.STOP, Rule.ALONE),
        ("  stop\n", Wish.STOP, Rule.ALONE),
        ("“Stop”", Wish.STOP, Rule.ALONE),
        ("ＳＴＯＰ", Wish.STOP, Rule.ALONE),
        ("\u202bSTOP\u202c", Wish.STOP, Rule.ALONE),
        ("Stop please", Wish.STOP, Rule.COURTEOUS),
        ("please STOP, thank you", Wish.STOP, Rule.COURTEOUS),
        ("STOP STOP STOP!!!", Wish.STOP, Rule.REPEATED),
        ("stop, unsubscribe", Wish.STOP, Rule.REPEATED),
        ("S.T.O.P.", Wish.STOP, Rule.SPELLED),
        ("un-subscribe", Wish.STOP, Rule.SPELLED),
        ("opt-out", Wish.STOP, Rule.ALONE),
        ("બંધ કરો", Wish.STOP, Rule.ALONE),
        ("ຢຸດ", Wish.STOP, Rule.ALONE),
        ("Ĉesu!", Wish.STOP, Rule.ALONE),
        ("إيقاف من فضلك", Wish.STOP, Rule.COURTEOUS),
        ("تَوَقَّف", Wish.STOP, Rule.ALONE),
        ("unstop", Wish.START, Rule.ALONE),
        ("Info?", Wish.HELP, Rule.ALONE),
        ("મદદ", Wish.HELP, Rule.ALONE),
        ("less", Wish.LESS, Rule.ALONE),
        ("ໜ້ອຍລົງ", Wish.LESS, Rule.ALONE),
        ("more", Wish.MORE, Rule.ALONE),
    ],
)
def test_keywords(text: str, wish: Wish, rule: Rule) -> None:
    found = keyword(text, KNOWN)
    assert found is not None
    assert (found.wish, found.rule) == (wish, rule)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "Please stop the water in our street",
        "When does it stop?",
        "don't stop",
        "non-stop",
        "the end",
        "stop sign is broken",
        "help is on the way",
        "I need help",
        "more water please come",
        "STOP 2",
        "yes we are fine",
        "stop help",
        "no",
        "STOP " * 40,
    ],
)
def test_sentences(text: str) -> None:
    assert keyword(text, KNOWN) is None


def test_one_word_never_means_two_things() -> None:
    with pytest.raises(ValueError, match="cannot mean"):
        vocabulary({"en": {Wish.STOP: ["end"], Wish.START: ["End."]}}, [])


def test_every_shipped_language_answers_everything_on_one_line() -> None:
    words = load_replies()
    assert set(words.answers) == {path.stem for path in FOLDER.parent.joinpath("words").glob("*.json")}
    for language in words.answers:
        for kind in ("help", "stop", "start", "less", "more", "blocked"):
            said = words.say(kind, language, organisation="Metro Power", contact="+44 20 7183 8750")
            assert said.startswith("Metro Power: ")
            assert "{" not in said
            assert "\n" not in said
        assert words.say("help", language, organisation="")[:1] not in ": "
