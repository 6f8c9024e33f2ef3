"""Text in several languages: `{language: text}`, languages as short BCP 47 codes (en, gu, lo, eo, ar, pt-BR)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

Texts = Mapping[str, str]

NO_TEXTS: Final[Texts] = MappingProxyType({})

RIGHT_TO_LEFT: Final = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ku", "ps", "sd", "ug", "ur", "yi"})

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")

# Marks that can make a sentence read differently from what was approved: embeddings, overrides, isolates.
_BIDI_CONTROLS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_language(code: str) -> bool:
    """Whether this is a well-formed code; says nothing about whether anyone speaks it."""
    return _LANGUAGE.fullmatch(code) is not None


def pick(texts: Texts, language: str, fallback: str = "en") -> tuple[str, str]:
    """The text for a reader of `language`, and the language it really is in.

    Order: exact, the language without its region, the fallback, any other (the first by code).
    An empty text counts as missing. ("", language) when there is nothing at all.
    """
    for candidate in (language, language.split("-", maxsplit=1)[0], fallback, *sorted(texts)):
        if text := texts.get(candidate, ""):
            return text, candidate
    return "", language


def direction(language: str) -> Literal["ltr", "rtl"]:
    """The value of HTML's `dir` for this language."""
    subtags = language.split("-")
    if "Arab" in subtags or "Hebr" in subtags:
        return "rtl"
    return "rtl" if subtags[0] in RIGHT_TO_LEFT and "Latn" not in subtags else "ltr"


def tidy(text: str) -> str:
    """NFC with plain line ends and no blanks around: the one stored form of the same words."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def forbidden_character(text: str, *, lines: bool = True) -> str:
    """The first character that must not be in public words, as `U+202E`; "" when there is none.

    Refused: control characters (with `lines`, LF and tab are allowed), bidi controls, lone surrogates, noncharacters.
    ZWJ and ZWNJ stay: Indic scripts and emoji need them.
    """
    allowed = "\n\t" if lines else ""
    for character in text:
        if character in allowed:
            continue
        point = ord(character)
        if (
            character in _BIDI_CONTROLS
            or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
            or point & 0xFFFE == 0xFFFE
        ):
            return f"U+{point:04X}"
    return ""
