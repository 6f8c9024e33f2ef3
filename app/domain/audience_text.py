"""Audience rules as text: `area in (north, south) and not language = gu and got(update 3, sms)`.

What a rule may say stands in docs/subscribers.md. `and` and `or` never stand side by side without parentheses: who
is meant must not hang on which of them binds closer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from app.domain.audience_documents import parse_rule, rule_document
from app.domain.audience_rules import (
    DEEPEST_RULE,
    LONGEST_LIST,
    MEDIA,
    MOST_UPDATE,
    All,
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
    Sign,
    Topics,
    canonical_number,
    is_day,
    plain_postcode,
)
from app.domain.audience_words import LOGIC, QUOTES, RESERVED, STATES, TOKEN, near_word, shown_word
from app.domain.delivery import State
from app.domain.message import Medium
from app.errors import Invalid, Problem

LONGEST_TEXT: Final = 200_000
_LISTS: Final[Mapping[str, Callable[[tuple[str, ...]], Rule]]] = MappingProxyType(
    {
        "language": Languages,
        "area": Areas,
        "postcode": lambda words: Postcodes(tuple(map(plain_postcode, words))),
        "customer": ExternalIds,
        "topic": Topics,
        "audience": lambda words: Saved(words[0]) if len(words) == 1 else Or(tuple(map(Saved, words))),
    }
)
_EXAMPLE: Final = 'Write it like: area in (north, "south side") and not language = gu'


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """quoted | sign | word | end"""
    text: str
    at: int


def parse_text(text: str) -> Rule:
    """Raise Invalid (code `bad_audience_text`) with one sentence that names the character at which it went wrong."""
    if len(text) > LONGEST_TEXT:
        raise _fault(LONGEST_TEXT, "the rule is too long", "Save parts of it as audiences, and name those.")
    found = _Parser(_tokens(text)).whole()
    return parse_rule(rule_document(found))  # one place says what a value may be


def _fault(at: int, sentence: str, remedy: str = _EXAMPLE) -> Invalid:
    return Invalid(Problem("bad_audience_text", f"At character {at + 1} {sentence}.", "rule", remedy))


def _tokens(text: str) -> list[_Token]:
    found, at, end = list[_Token](), 0, len(text.rstrip())
    while at < end:
        match = TOKEN.match(text, at)
        if match is None:
            rest = len(text[at:]) - len(text[at:].lstrip())
            if text[at + rest] in QUOTES:
                raise _fault(at + rest, "a quotation mark is opened and never closed", "Close it.")
            raise _fault(at + rest, f"“{text[at + rest]}” means nothing here")
        kind = str(match.lastgroup)
        given = match[kind]
        if kind == "quoted":
            given = re.sub(r"\\(.)", r"\1", given[1:-1], flags=re.DOTALL)
        found.append(_Token(kind, given, match.start(kind)))
        at = match.end()
    return [*found, _Token("end", "", end)]


class _Parser:
    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def whole(self) -> Rule:
        if self._next.kind == "end":
            raise _fault(0, "the rule is empty", f"To mean everybody write: everyone. {_EXAMPLE}")
        rule = self._joined(1)
        if self._next.kind != "end":
            raise _fault(self._next.at, f"“{self._next.text[:40]}” follows without “and” or “or”")
        return rule

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += token.kind != "end"
        return token

    def _is(self, *words: str) -> bool:
        token = self._next
        return token.kind in ("word", "sign") and token.text.lower() in words

    def _accept(self, *words: str) -> bool:
        accepted = self._is(*words)
        self._at += accepted
        return accepted

    def _expect(self, sign: str, after: str) -> None:
        if not self._accept(sign):
            at, text, remedy = self._next.at, self._next.text[:40], f"Write “{sign}” there."
            if self._next.kind == "end":
                raise _fault(at, f"the rule ends where “{sign}” should follow {after}", remedy)
            raise _fault(at, f"“{text}” stands where “{sign}” should follow {after}", remedy)

    def _joined(self, depth: int) -> Rule:
        self._not_too_deep(depth)
        parts = [self._negated(depth)]
        if not self._is("and", "or"):
            return parts[0]
        word = self._next.text.lower()
        while self._accept(word):
            parts.append(self._negated(depth))
        if self._is("and", "or"):
            remedy = "Put parentheses around what belongs together: a and (b or c)."
            raise _fault(self._next.at, "“and” and “or” stand side by side", remedy)
        return And(tuple(parts)) if word == "and" else Or(tuple(parts))

    def _not_too_deep(self, depth: int) -> None:
        if depth > DEEPEST_RULE:
            raise _fault(self._next.at, f"the rule is nested more than {DEEPEST_RULE} deep", "Save a part by itself.")

    def _negated(self, depth: int) -> Rule:
        if self._accept("not"):
            self._not_too_deep(depth + 1)
            return Not(self._negated(depth + 1))
        if self._accept("("):
            inner = self._joined(depth + 1)
            self._expect(")", "what is in parentheses")
            return inner
        return self._condition()

    def _condition(self) -> Rule:
        token = self._take()
        word = token.text.lower()
        if token.kind == "quoted":
            return self._attribute(token)
        if token.kind != "word" or word in LOGIC:
            shown = f"“{token.text}”" if token.kind != "end" else "nothing"
            raise _fault(token.at, f"a condition should stand, not {shown}")
        if word == "everyone":
            return All()
        if word == "has":
            return self._known()
        if word in _LISTS:
            return self._listed(token, word)
        if word in STATES or word == "delivery":
            return self._deliveries(word)
        if word == "reachable":
            return Reachable(tuple(self._medium(one) for one in self._arguments(word)))
        if word == "consent":
            return self._consent()
        return self._attribute(token)

    def _known(self) -> Rule:
        absent = self._accept("not")
        token = self._take()
        if token.kind not in ("word", "quoted"):
            raise _fault(token.at, "“has” needs the name of a column of your own", "Write it like: has tariff")
        return Not(Known(token.text)) if absent else Known(token.text)

    def _listed(self, token: _Token, word: str) -> Rule:
        if self._accept("="):
            return _LISTS[word]((self._value(),))
        if self._accept("!="):
            return Not(_LISTS[word]((self._value(),)))
        if self._accept("in"):
            return _LISTS[word](self._values())
        if self._is("not"):
            self._take()
            self._expect("in", "“not”")
            return Not(_LISTS[word](self._values()))
        remedy = f'Write {word} = north or {word} in (north, south); a column of that name is "{word}".'
        raise _fault(token.at + len(token.text), f"“{word}” needs = or in", remedy)

    def _attribute(self, token: _Token) -> Rule:
        name = token.text
        if token.kind == "word" and (near := near_word(name)):
            remedy = f'Did you mean “{near}”? A column of your own of that name stands in quotation marks: "{name}".'
            raise _fault(token.at, f"“{name[:40]}” is no word of rules", remedy)
        if self._accept("="):
            return Attribute(name, (self._value(),))
        if self._accept("!="):
            return Not(Attribute(name, (self._value(),)))
        if self._accept("in"):
            return Attribute(name, self._values())
        if self._accept("contains"):
            return Contains(name, self._value())
        if self._is("not"):
            self._take()
            self._expect("in", "“not”")
            return Not(Attribute(name, self._values()))
        if self._is(*Sign):
            return self._compared(name, Sign(self._take().text))
        raise _fault(token.at, f"“{name[:40]}” is no condition", _meant(name))

    def _compared(self, name: str, sign: Sign) -> Rule:
        token = self._take()
        if token.kind == "word":
            number = canonical_number(token.text)
            if number is not None:
                return Compared(name, sign, number)
            if is_day(token.text):
                return Compared(name, sign, token.text)
        remedy = "Write it like: balance > 50 or since < 2026-11-22"
        raise _fault(token.at, f"“{sign}” needs a number or a day", remedy)

    def _value(self) -> str:
        token = self._take()
        if token.kind == "quoted" or (token.kind == "word" and token.text.lower() not in LOGIC):
            if not token.text.strip():
                raise _fault(token.at, "a value is empty", "Write what is meant.")
            return token.text
        shown = f"“{token.text}”" if token.kind != "end" else "nothing"
        raise _fault(token.at, f"a value should stand, not {shown}", "Put it in quotation marks if you mean that word.")

    def _values(self) -> tuple[str, ...]:
        start = self._next.at
        self._expect("(", "“in”")
        if self._is(")"):
            raise _fault(start, "the list is empty, which would mean nobody", "Name at least one value.")
        found = [self._value()]
        while self._accept(","):
            found.append(self._value())
        if len(found) > LONGEST_LIST:
            raise _fault(
                start, f"the list has more than {LONGEST_LIST} entries", "Import them as a column of your own."
            )
        self._expect(")", "the list")
        return tuple(found)

    def _arguments(self, word: str) -> list[_Token]:
        self._expect("(", f"“{word}”")
        found = [self._take()]
        while self._accept(","):
            found.append(self._take())
        if wrong := next((one for one in found if one.kind not in ("word", "quoted")), None):
            raise _fault(wrong.at, f"something is missing in “{word}”", _FUNCTIONS[word])
        self._expect(")", f"what “{word}” is about")
        return found

    def _deliveries(self, word: str) -> Rule:
        self._expect("(", f"“{word}”")
        if not self._accept("update"):
            raise _fault(self._next.at, f"“{word}” needs the number of an update", _FUNCTIONS[word])
        token = self._take()
        number = int(token.text) if token.text.isascii() and token.text.isdigit() and len(token.text) < 17 else 0
        if not 1 <= number <= MOST_UPDATE:
            raise _fault(token.at, f"“{token.text[:40]}” is not the number of an update", _FUNCTIONS[word])
        media, states = dict[Medium, None](), dict[State, None]()
        while self._accept(","):
            one = self._take()
            if word == "delivery" and one.text in tuple(State):
                states[State(one.text)] = None
            else:
                media[self._medium(one, (*MEDIA, *State) if word == "delivery" else MEDIA)] = None
        self._expect(")", f"what “{word}” is about")
        chosen = STATES.get(word, tuple(state for state in State if state in states))
        return Deliveries(number, tuple(media), chosen)

    def _consent(self) -> Rule:
        found = self._arguments("consent")
        if len(found) > 2:
            raise _fault(found[2].at, "“consent” takes a medium and a topic only", _FUNCTIONS["consent"])
        return Consent(self._medium(found[0]), found[1].text if len(found) > 1 else "")

    def _medium(self, token: _Token, known: Sequence[str] = MEDIA) -> Medium:
        if token.text in MEDIA:
            return Medium(token.text)
        near = get_close_matches(token.text, known, 1)
        remedy = f"Did you mean “{near[0]}”?" if near else f"Use one of: {', '.join(known)}."
        raise _fault(token.at, f"“{token.text[:40]}” is not known", remedy)


_FUNCTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{word: f"Write it like: {word}(update 3) or {word}(update 3, sms)" for word in STATES},
        "delivery": "Write it like: delivery(update 3, sms, failed, undelivered)",
        "consent": "Write it like: consent(sms) or consent(sms, power)",
        "reachable": "Write it like: reachable(sms) or reachable(sms, email)",
    }
)


def _meant(name: str) -> str:
    near = get_close_matches(name.lower(), RESERVED, 1)
    if near:
        return f"Did you mean “{near[0]}”?"
    return f"Write it like: {shown_word(name)} = gold, has {shown_word(name)}, {shown_word(name)} contains old"
