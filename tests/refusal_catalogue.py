"""Every sentence with which the service refuses something, out of the source: what a catalogue of the console holds.

A sentence is written where it is made, with its gaps: f"There is no {what} “{name}”." becomes the message
`There is no {what} “{name}”.`. Sentences that a function puts together from what it is handed are put together here
for each place that calls it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from typing import Final

from tests.architecture.tree import ROOT

PLACES: Final = ("app", "channels")
LEFT_OUT: Final = ("app/cli", "app/demo")
"""Said in a terminal only."""
LEAST: Final = 6
"""Letters of its own that a sentence must have, or it would be every sentence."""
Pieces = tuple[str, ...]
"""Text and gaps in turn, text first: ("There is no ", "what", " “", "name", "”.")."""


@dataclass
class Function:
    """What a function refuses with, gaps named by its parameters still to be filled in."""

    parameters: list[str]
    sentences: list[Pieces] = field(default_factory=list)


@cache
def refusals() -> frozenset[str]:
    found: set[str] = set()
    for path in _sources():
        found |= _of_module(ast.parse(path.read_text("utf-8")))
    return frozenset(found)


READS: Final = {
    "flag", "number", "text", "choice", "choices", "local_time", "strings", "texts", "slug", "raw", "path", "mapping",
    "items", "day", "instant", "check_language", "languages", "only", "timezone",
}  # fmt: skip
"""Of app/domain/reading.py and app/console/forms.py: what takes a field by its name."""


@cache
def field_names() -> frozenset[str]:
    """What documents and forms call their fields, for whoever reads one says its name."""
    found: set[str] = set()
    for path in _sources():
        for call in _calls(ast.parse(path.read_text("utf-8"))):
            if _called(call) in READS and isinstance(call.func, ast.Attribute):
                owner = call.func.value
                if isinstance(owner, ast.Name) and owner.id in {"read", "reader", "inner", "fields", "each", "part"}:
                    found |= {str(one.value) for one in call.args if isinstance(one, ast.Constant)}
    return frozenset(one for one in found if one.isidentifier() and one.islower() and len(one) > 1)


@cache
def not_found_words() -> frozenset[str]:
    """What `not_found("…", …)` and the like call a thing that is not there."""
    found: set[str] = set()
    for path in _sources():
        for call in _calls(ast.parse(path.read_text("utf-8"))):
            if _called(call) in {"not_found", "_unknown"} and call.args and isinstance(call.args[0], ast.Constant):
                found.add(str(call.args[0].value))
    return frozenset(found)


def gaps() -> Mapping[str, frozenset[str]]:
    """Gap -> the messages it stands in."""
    found: dict[str, set[str]] = {}
    for message in refusals():
        for gap in re.findall(r"\{(\w+)\}", message):
            found.setdefault(gap, set()).add(message)
    return {gap: frozenset(messages) for gap, messages in found.items()}


def _sources() -> Iterator[Path]:
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*.py")):
            if not str(path.relative_to(ROOT)).startswith(LEFT_OUT):
                yield path


def _of_module(tree: ast.Module) -> set[str]:
    functions: dict[str, Function] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            made = Function([one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)])
            known = _names(node)
            made.sentences = [one for call in _calls(node) for one in _said(call, known)]
            functions[node.name] = made
    everything = {one for made in functions.values() for one in made.sentences}
    names = _names(tree)
    everything |= {one for call in _calls(tree) for one in _said(call, names)}
    for call in _calls(tree):
        called = functions.get(_called(call))
        if called is not None:
            everything |= {
                filled for one in called.sentences for filled in _filled(one, called.parameters, call, names)
            }
    return {_message(one) for one in everything if sum(map(len, one[::2])) >= LEAST}


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Call))


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _said(call: ast.Call, names: Mapping[str, Sequence[ast.expr]]) -> Iterator[Pieces]:
    """Sentence and remedy of one refusal; a fault without a full stop is `Reader.problem`'s, said of a field."""
    name, by_name = _called(call), {one.arg: one.value for one in call.keywords}
    if name == "Problem":
        wanted = [
            *call.args[1:2],
            *call.args[3:4],
            *(by_name[each] for each in ("sentence", "remedy") if each in by_name),
        ]
    elif name in ("problem", "refuse"):
        wanted = call.args[2:4]
    else:
        return
    for value in wanted:
        for pieces in _pieces(value, names):
            if pieces[-1].rstrip("”").endswith((".", "?", "!", ":")) or (len(pieces) == 1 and not pieces[0]):
                yield pieces
            elif name == "problem":
                yield ("", "field", " " + pieces[0], *pieces[1:-1], pieces[-1] + ".") if len(pieces) > 1 else (
                    "", "field", f" {pieces[0]}.",
                )  # fmt: skip
            else:
                yield pieces


def _pieces(value: ast.expr, names: Mapping[str, Sequence[ast.expr]], depth: int = 0) -> list[Pieces]:
    """Every text an expression may become, as far as it stands in the source."""
    match value:
        case ast.Constant(value=str(text)):
            return [(text,)]
        case ast.IfExp(body=one, orelse=other):
            return [*_pieces(one, names, depth), *_pieces(other, names, depth)]
        case ast.BoolOp(values=values):
            return [pieces for one in values for pieces in _pieces(one, names, depth)]
        case ast.Name(id=name) if name in names and depth < 3:
            return [pieces for one in names[name] for pieces in _pieces(one, names, depth + 1)]
        case ast.JoinedStr(values=values):
            return [_joined(parts) for parts in product(*(_of_joined(one, names, depth) for one in values))]
        case ast.Name(id=name):
            return [("", name, "")]
    return []


def _of_joined(value: ast.expr, names: Mapping[str, Sequence[ast.expr]], depth: int) -> list[Pieces]:
    if isinstance(value, ast.Constant):
        return [(str(value.value),)]
    assert isinstance(value, ast.FormattedValue)
    inner = value.value
    if isinstance(inner, ast.IfExp) or (isinstance(inner, ast.Name) and inner.id in names):
        written = [one for one in _pieces(inner, names, depth + 1) if any(one)]
        if written and len(written) < 6:
            return [*written, *([("",)] if isinstance(inner, ast.IfExp) else [])]
    return [("", _gap(inner), "")]


def _gap(value: ast.expr) -> str:
    match value:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr="value", value=one):
            return _gap(one)  # an enum's: called after what it is the state, the role or the medium of
        case ast.Attribute(attr=name):
            return name
        case ast.Call(args=[one, *_]):
            return _gap(one)
        case ast.Call(func=ast.Attribute(value=one)):
            return _gap(one)
        case ast.Subscript(value=one) | ast.BinOp(left=one) | ast.BoolOp(values=[one, *_]):
            return _gap(one)
    return "value"


def _joined(parts: Sequence[Pieces]) -> Pieces:
    pieces = [""]
    for part in parts:
        pieces[-1] += part[0]
        pieces += part[1:]
    return tuple(pieces)


def _filled(
    pieces: Pieces, parameters: Sequence[str], call: ast.Call, names: Mapping[str, Sequence[ast.expr]]
) -> Iterator[Pieces]:
    given = dict(zip([one for one in parameters if one not in ("self", "cls")], call.args, strict=False))
    given |= {one.arg: one.value for one in call.keywords if one.arg}
    gaps = [_pieces(given[gap], names) if gap in given else [] for gap in pieces[1::2]]
    choices = [found or [("", gap, "")] for gap, found in zip(pieces[1::2], gaps, strict=True)]
    for chosen in product(*choices):
        texts = iter(pieces[0::2])
        yield _joined([(next(texts),), *(part for each in chosen for part in (each, (next(texts),)))])


def _names(scope: ast.AST) -> dict[str, list[ast.expr]]:
    """What texts were given which names."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            for name, value in _pairs(target, node.value):
                if isinstance(name, ast.Name) and isinstance(value, ast.Constant | ast.JoinedStr | ast.IfExp):
                    found.setdefault(name.id, []).append(value)
    return found


def _pairs(target: ast.expr, value: ast.expr) -> Sequence[tuple[ast.expr, ast.expr]]:
    """`a, b = 1, 2` names two things."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]


def _message(pieces: Pieces) -> str:
    text = [pieces[0]]
    for gap, literal in zip(pieces[1::2], pieces[2::2], strict=True):
        text += [f"{{{gap}}}", literal]
    return "".join(text)
