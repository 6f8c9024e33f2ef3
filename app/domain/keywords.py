"""What a short answer asks for: STOP, START, HELP, LESS and MORE in every language that ships.

The words stand in templates/replies/. A message is a keyword only when nothing else stands in it: see `Rule`. Whatever
is longer is a sentence for people to read, so nobody is struck off for writing "please stop the water".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.message import Wish


class Rule(StrEnum):
    """Why a text counts as a keyword."""

    ALONE = "alone"
    """The keyword and nothing else, whatever its case, width, punctuation, blanks and invisible marks."""
    COURTEOUS = "courteous"
    """The same with words of courtesy around it: "Stop please", "thanks, stop"."""
    REPEATED = "repeated"
    """Keywords of one meaning and nothing else: "STOP STOP", "stop, unsubscribe"."""
    SPELLED = "spelled"
    """The keyword with signs or blanks in it: "S.T.O.P.", "un-subscribe"."""


@dataclass(frozen=True, slots=True)
class Keyword:
    wish: Wish
    rule: Rule
    languages: tuple[str, ...]
    """In whose lists it stands, in the order of their codes."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What to listen for, in the form `folded` gives."""

    words: Mapping[str, tuple[Wish, tuple[str, ...]]]
    courtesies: frozenset[str]
    """Single words."""


LONGEST: Final = 64
"""Characters, once folded, beyond which nothing is a keyword."""
MOST_WORDS: Final = 6
_ARABIC_MARKS: Final = re.compile("[\u0640\u064b-\u0652\u0670]")
"""Tatweel and the marks for vowels, which some people write and some do not."""
_LOOKED_AT: Final = 2_000
"""Characters of a message; a keyword is never behind so many."""


def folded(text: str) -> str:
    """One form for the same words: compatibility forms, case, blanks, punctuation, emoji and invisible marks gone."""
    # Folding can bring forth what folds again (a capital behind a compatibility form), hence twice.
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text[:_LOOKED_AT]).casefold())
    plain = _ARABIC_MARKS.sub("", once)
    signs = ("" if _is_invisible(one) else one if _is_of_a_word(one) else " " for one in plain)
    return " ".join("".join(signs).split())


def vocabulary(lists: Mapping[str, Mapping[Wish, Sequence[str]]], courtesies: Sequence[str]) -> Vocabulary:
    """`lists`: language -> wish -> words. Raise ValueError when one word would mean two things."""
    words: dict[str, tuple[Wish, tuple[str, ...]]] = {}
    for language in sorted(lists):
        for wish, listed in lists[language].items():
            for word in map(folded, listed):
                known, languages = words.get(word, (wish, ()))
                if known is not wish or not word:
                    raise ValueError(f"{word!r} cannot mean {known} and {wish}")
                words[word] = (wish, languages if language in languages else (*languages, language))
    polite = {part for phrase in courtesies for part in folded(phrase).split()}
    return Vocabulary(words, frozenset(polite - words.keys()))


def keyword(text: str, known: Vocabulary) -> Keyword | None:
    """None = a message for people."""
    plain = folded(text)
    if not plain or len(plain) > LONGEST:
        return None
    if plain in known.words:
        return _found(plain, Rule.ALONE, known)
    parts = plain.split()
    if len(parts) > MOST_WORDS and max(map(len, parts)) > 1:
        return None
    bare = _without_courtesy(parts, known.courtesies)
    if " ".join(bare) in known.words:
        return _found(" ".join(bare), Rule.COURTEOUS, known)
    wishes = {known.words[part][0] if part in known.words else None for part in bare}
    if bare and len(wishes) == 1 and None not in wishes:
        return _found(bare[0], Rule.REPEATED, known)
    spelled = "".join(parts)
    return _found(spelled, Rule.SPELLED, known) if spelled in known.words else None


def _found(word: str, rule: Rule, known: Vocabulary) -> Keyword:
    wish, languages = known.words[word]
    return Keyword(wish, rule, languages)


def _without_courtesy(parts: Sequence[str], courtesies: frozenset[str]) -> list[str]:
    bare = list(parts)
    while bare and bare[0] in courtesies:
        del bare[0]
    while bare and bare[-1] in courtesies:
        del bare[-1]
    return bare


def _is_invisible(sign: str) -> bool:
    """Directions, joiners, variation selectors: they part nothing."""
    return unicodedata.category(sign) == "Cf" or "\ufe00" <= sign <= "\ufe0f"


def _is_of_a_word(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LMN"
