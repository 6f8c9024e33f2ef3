from __future__ import annotations

import pytest

from app.domain.texts import direction, forbidden_character, is_language, pick, tidy


def test_a_reader_gets_their_language_else_its_parent_else_the_fallback_else_any() -> None:
    texts = {"en": "open", "pt": "aberto", "gu": ""}
    assert pick(texts, "en") == ("open", "en")
    assert pick(texts, "pt-BR") == ("aberto", "pt")
    assert pick(texts, "gu") == ("open", "en")
    assert pick(texts, "lo", fallback="eo") == ("open", "en")
    assert pick({}, "lo") == ("", "lo")


@pytest.mark.parametrize(("language", "expected"), [("ar", "rtl"), ("ar-EG", "rtl"), ("az-Arab", "rtl"), ("gu", "ltr")])
def test_arabic_runs_from_right_to_left(language: str, expected: str) -> None:
    assert direction(language) == expected


@pytest.mark.parametrize("code", ["", "e", "EN", "english", "en_GB", "en-", "../en"])
def test_malformed_language_codes_are_told_apart(code: str) -> None:
    assert not is_language(code)


@pytest.mark.parametrize(
    "text",
    [
        "a\u202eb",
        "a\u2066b",
        "a\x00b",
        "a\x07b",
        "a\ud800b",
        "a\u2028b",
        "a\uffffb",
        "\x85",
    ],
)
def test_characters_that_could_change_the_reading_are_found(text: str) -> None:
    assert forbidden_character(text)


@pytest.mark.parametrize("text", ["👨\u200d👩", "ક\u200cષ", "ພາສາລາວ", "ŝanĝo", "مرحبا", "a\nb\tc"])
def test_the_joiners_scripts_need_are_left_alone(text: str) -> None:
    assert forbidden_character(text) == ""


def test_a_line_end_is_no_part_of_a_line() -> None:
    assert forbidden_character("Subject\nBcc: all", lines=False) == "U+000A"


def test_the_same_words_have_one_form() -> None:
    assert tidy(" s\u0302an\r\nx \r") == "ŝan\nx"
