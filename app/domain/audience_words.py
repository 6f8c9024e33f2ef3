"""The words of the text form of audience rules, and a rule written in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from app.domain.audience_rules import (
    CONFIRMED,
    GOT,
    MISSED,
    And,
    Areas,
    Attribute,
    Compared,
    Consent,
    Contains,
    Deliveries,
    ExternalIds,
    Known,
    Languages,
    Not,
    Or,
    Postcodes,
    Reachable,
    Rule,
    Saved,
    Topics,
)
from app.domain.delivery import State

TOKEN: Final = re.compile(
    r'\s*(?:(?P<quoted>["“”„](?:[^"“”„\\]|\\.)*["“”„])|(?P<sign><=|>=|!=|[<>=(),])|(?P<word>[^\s"“”„()<>=!,]+))',
    re.DOTALL,
)
QUOTES: Final = '"“”„'
LOGIC: Final = frozenset({"and", "or", "not", "in"})
LISTS: Final = ("language", "area", "postcode", "customer", "topic", "audience")
"""What is compared with one value, or looked up in a list of them."""
STATES: Final[Mapping[str, tuple[State, ...]]] = MappingProxyType(
    {"got": GOT, "confirmed": CONFIRMED, "missed": MISSED, "meant": ()}
)
RESERVED: Final = (*LOGIC, "everyone", "has", "contains", *LISTS, *STATES, "delivery", "consent", "reachable")
"""The name of a column that is one of these stands in quotation marks."""


def near_word(name: str) -> str:
    """The word of the language that the name of a column may be a slip of, "" for none."""
    return next(iter(get_close_matches(name.lower(), [*LISTS, *STATES, "everyone"], 1, 0.8)), "")


def rule_text(rule: Rule) -> str:
    """The text `parse_text` reads back to the same rule."""
    match rule:
        case And(rules):
            return " and ".join(_inner(part) for part in rules)
        case Or(rules):
            return " or ".join(_inner(part) for part in rules)
        case Not(inner):
            return f"not {_inner(inner)}"
        case Attribute(name, values):
            return _is_in(_column(name), values)
        case Contains(name, part):
            return f"{_column(name)} contains {shown_word(part)}"
        case Known(name):
            return f"has {shown_word(name)}"
        case Compared(name, sign, limit):
            return f"{_column(name)} {sign} {limit}"
        case _:
            return _condition_text(rule)


def _condition_text(rule: Rule) -> str:
    match rule:
        case Languages(words):
            return _is_in("language", words)
        case Areas(words):
            return _is_in("area", words)
        case Postcodes(words):
            return _is_in("postcode", words)
        case ExternalIds(words):
            return _is_in("customer", words)
        case Topics(words):
            return _is_in("topic", words)
        case Saved(slug):
            return f"audience = {shown_word(slug)}"
        case Consent(medium, topic):
            return f"consent({', '.join(filter(None, (medium.value, topic)))})"
        case Reachable(media):
            return f"reachable({', '.join(media)})"
        case Deliveries(update, media, states):
            word = next((name for name, known in STATES.items() if known == states), "delivery")
            named = states if word == "delivery" else ()
            return f"{word}({', '.join([f'update {update}', *media, *named])})"
        case _:
            return "everyone"


def _inner(rule: Rule) -> str:
    return f"({rule_text(rule)})" if isinstance(rule, And | Or) else rule_text(rule)


def _is_in(name: str, words: Sequence[str]) -> str:
    if len(words) == 1:
        return f"{name} = {shown_word(words[0])}"
    return f"{name} in ({', '.join(map(shown_word, words))})"


def shown_word(word: str) -> str:
    """Bare where it can be, else in quotation marks."""
    match = TOKEN.fullmatch(word)
    if match is not None and match["word"] == word and word.lower() not in RESERVED:
        return word
    escaped = re.sub(r'([\\"“”„])', r"\\\1", word)
    return f'"{escaped}"'


def _column(name: str) -> str:
    return f'"{name}"' if near_word(name) and shown_word(name) == name else shown_word(name)
