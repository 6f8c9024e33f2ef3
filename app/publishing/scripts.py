"""Makes our one script small without a build step: comments and blanks go, local names become short.

It knows the part of JavaScript that templates/site/widget.js is written in, and refuses what it could get wrong:

- statements end with a semicolon or a brace, so that line ends mean nothing; no loop has an empty body;
- no shorthand `{name}` in object literals and patterns, no braces or backticks inside `${}`;
- a local name never has the name of a global that is used, for one name becomes one other name everywhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import product
from typing import Final

_SKIP: Final = re.compile(r"\s+|/\*.*?\*/|//[^\n]*", re.DOTALL)
_REGEX: Final = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_PIECE: Final = re.compile(
    r"""`(?:[^`\\]|\\.)*`|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[A-Za-z_$][\w$]*|\d[\w.]*"""
    r"""|=>|\.\.\.|\?\.|\?\?=?|\*\*|===|!==|[=!<>]=|&&|\|\||\+\+|--|[-+*/%]=|.""",
    re.DOTALL,
)
_NAME: Final = re.compile(r"[A-Za-z_$][\w$]*")
_GAP: Final = re.compile(r"\$\{([^{}`]*)\}")
_WORD_END: Final = re.compile(r"[\w$]$")
_WORD_START: Final = re.compile(r"[\w$]")
_BEFORE_REGEX: Final = frozenset(["(", ",", "=", ":", "[", "!", "&&", "||", "?", "{", "}", ";", "=>", "return"])
_KEYWORDS: Final = frozenset(
    re.findall(
        r"\w+",
        "async await break catch class const constructor continue delete do else extends false finally for function if "
        "in instanceof let new null of return static super switch this throw true try typeof undefined var void while",
    )
)
_LETTERS: Final = "etnrisoaclhdumpfgvyxbwkjqzETNRISOACLHDUMPFGVYXBWKJQZ_$"


@cache  # our scripts are two, and a process that is set up anew has the same
def small(source: str) -> str:
    """The same script in fewer bytes. Raise ValueError for what the rules above leave out."""
    pieces = list(_pieces(source))
    _refuse_shorthand(pieces)
    names = _short_names(pieces)
    return "".join(_written(_renamed(pieces, names)))


def _pieces(source: str) -> Iterator[str]:
    at, before = 0, ";"
    while at < len(source):
        if blank := _SKIP.match(source, at):
            at = blank.end()
            continue
        found = _REGEX.match(source, at) if before in _BEFORE_REGEX else None
        found = found or _PIECE.match(source, at)
        if found is None:
            raise ValueError(f"cannot read the script at character {at}")
        before = found[0]
        if before[0] == "`" and len(before) > 1 and "${" in _GAP.sub("", before):
            raise ValueError(f"braces or backticks inside a gap of {before[:40]}")
        yield before
        at = found.end()


def _refuse_shorthand(pieces: Sequence[str]) -> None:
    for one, two, three in zip(pieces, pieces[1:], pieces[2:], strict=False):
        if one == "{" and _is_name(two) and three in {",", "}"}:
            raise ValueError(f"write {{{two}: {two}}} in full: names are shortened, properties are not")


def _is_name(piece: str) -> bool:
    return _NAME.fullmatch(piece) is not None and piece not in _KEYWORDS


def _is_free(pieces: Sequence[str], index: int) -> bool:
    """Whether this piece names a variable: no property, no key of an object, no method."""
    before, after = pieces[index - 1] if index else ";", pieces[index + 1] if index + 1 < len(pieces) else ";"
    is_key = after == ":" and before in {"{", ","}
    is_method = before in {"{", "}"} and after == "(" and pieces[index + 2 : index + 4] == [")", "{"]
    return _is_name(pieces[index]) and before not in {".", "?."} and not is_key and not is_method


def _declared(pieces: Sequence[str]) -> Iterator[str]:
    """Names after const and let, and those of arrow functions' parameters. Missing one costs bytes, nothing else."""
    for index, piece in enumerate(pieces):
        if piece in {"const", "let"}:
            depth = 0
            for at in range(index + 1, len(pieces)):
                inside = pieces[at]
                depth += (inside in {"(", "[", "{"}) - (inside in {")", "]", "}"})
                pattern = pieces[index + 1] == "[" and depth == 1 and "=" not in pieces[index + 1 : at]
                if (depth == 0 or pattern) and pieces[at - 1] in {"const", "let", ",", "["} and _is_name(inside):
                    yield inside
                if depth < 0 or (depth == 0 and inside in {";", "of"}):
                    break
        elif piece == "=>" and _is_name(pieces[index - 1]):
            yield pieces[index - 1]
        elif piece == "=>":
            begins = index - 1
            while begins and pieces[begins] != "(":
                begins -= 1
            yield from filter(_is_name, pieces[begins:index])


def _short_names(pieces: Sequence[str]) -> dict[str, str]:
    """The most used names get the shortest, none of which stands for anything in the script already."""
    declared = set(_declared(pieces))
    inside = [name for piece in pieces if piece[0] == "`" for gap in _GAP.findall(piece) for name in _NAME.findall(gap)]
    used = Counter(piece for index, piece in enumerate(pieces) if _is_free(pieces, index))
    used.update(inside)
    taken = set(used) - declared | _KEYWORDS
    fresh = (name for name in _candidates() if name not in taken)
    return {
        name: next(fresh) for name, _ in sorted(used.items(), key=lambda one: (-one[1], one[0])) if name in declared
    }


def _candidates() -> Iterator[str]:
    yield from _LETTERS
    for letters in product(_LETTERS, _LETTERS):
        yield "".join(letters)


def _renamed(pieces: Sequence[str], names: dict[str, str]) -> Iterator[str]:
    for index, piece in enumerate(pieces):
        if piece[0] == "`":
            yield _GAP.sub(lambda gap: "${" + _gap(gap[1], names) + "}", _tight(piece))
        else:
            yield names.get(piece, piece) if _is_free(pieces, index) else piece


def _gap(expression: str, names: dict[str, str]) -> str:
    return "".join(_written(_renamed(list(_pieces(expression)), names)))


def _tight(template: str) -> str:
    """Without indentation: a template of several lines is a style sheet."""
    return re.sub(r"\n\s*", "", template)


def _plainer(pieces: Iterable[str]) -> Iterator[str]:
    """Without the semicolon before a brace, and with `let` for `const`, which only differ for whoever assigns."""
    held = ""
    for piece in pieces:
        if held and piece != "}":
            yield held
        held = ";" if piece == ";" else ""
        if not held:
            yield "let" if piece == "const" else piece
    if held:
        yield held


def _written(pieces: Iterable[str]) -> Iterator[str]:
    before = ""
    for piece in _plainer(pieces):
        glued = _WORD_END.search(before) and _WORD_START.match(piece)
        if glued or (before and before[-1] in "+-" and piece[0] == before[-1]):
            yield " "
        yield piece
        before = piece
