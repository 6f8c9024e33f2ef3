"""How easily words are read by somebody under stress: a hint, never a rule.

People under stress read like eleven-year-olds (Everbridge; US public-health guides ask for grade 6). For English the
Flesch-Kincaid grade (1975) is used; every other language is judged by the length of its sentences alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LONG_SENTENCE: Final = 25
"""Words."""
GRADE: Final = 8.0
LEAST_WORDS: Final = 12
"""Of fewer nothing can be said."""
_ENDS: Final = re.compile(r"[.!?…।؟]+(?=\s|$)|\n+")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_VOWELS: Final = re.compile(r"[aeiouy]+")


class Ease(StrEnum):
    SAID = "too_little_to_say"
    EASY = "easy"
    LONG = "long_sentence"
    HARD = "hard_words"


@dataclass(frozen=True, slots=True)
class Readability:
    ease: Ease
    grade: float | None
    """Years of school it takes; None = not English, or too little."""
    longest: str
    """The longest sentence."""
    longest_words: int


def readability(text: str, language: str) -> Readability:
    sentences = [each.strip() for each in _ENDS.split(text) if each.strip()]
    counted = [(len(_WORD.findall(each)), each) for each in sentences]
    most, longest = max(counted, default=(0, ""))
    words = _WORD.findall(text)
    if len(words) < LEAST_WORDS:
        return Readability(Ease.SAID, None, longest, most)
    grade = _grade(words, len(sentences)) if language.partition("-")[0] == "en" else None
    if most > LONG_SENTENCE:
        return Readability(Ease.LONG, grade, longest, most)
    ease = Ease.HARD if grade is not None and grade > GRADE else Ease.EASY
    return Readability(ease, grade, longest, most)


def _grade(words: list[str], sentences: int) -> float:
    syllables = sum(_syllables(word.lower()) for word in words)
    grade = 0.39 * len(words) / max(1, sentences) + 11.8 * syllables / len(words) - 15.59
    return round(max(0.0, grade), 1)


def _syllables(word: str) -> int:
    silent = word.endswith("e") and not word.endswith(("le", "ee")) and len(word) > 3
    return max(1, len(_VOWELS.findall(word)) - silent)
