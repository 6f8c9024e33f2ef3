"""A playbook's own questions as the fields of one form, and back (domain/triage_documents.py says what they mean).

A field is called after its place in the document, `questions[1].choices[0].texts.gu`, so that what is refused finds it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from app.domain.texts import tidy
from app.errors import Invalid, Problem

Fields = Mapping[str, Sequence[str]]


class Leaf(StrEnum):
    LINE = "line"
    TEXTS = "texts"
    """One line for each language of the questions."""
    NUMBER = "number"
    MANY = "many"
    """Boxes ticked."""
    CODES = "codes"
    """One line, with commas between."""


LINE, TEXTS, NUMBER, MANY, CODES = Leaf.LINE, Leaf.TEXTS, Leaf.NUMBER, Leaf.MANY, Leaf.CODES
WHEN: Final = {"question": LINE, "is": MANY, "at_least": NUMBER, "at_most": NUMBER}
SHAPE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "names": TEXTS,
        "languages": CODES,
        "start": LINE,
        "otherwise": LINE,
        "questions": [
            {
                "slug": LINE, "kind": LINE, "texts": TEXTS, "hints": TEXTS, "then": LINE,
                "choices": [{"slug": LINE, "texts": TEXTS}],
                "branches": [{"when": WHEN, "to": LINE}],
                "signals": [{"when": WHEN, "problems": MANY, "severity": LINE}],
            }
        ],
        "problems": [
            {
                "slug": LINE, "texts": TEXTS, "need": LINE, "severity": LINE, "relieves": MANY, "topics": CODES,
                "playbook": LINE, "options": [{"texts": TEXTS, "need": LINE, "url": LINE}],
                "links": [{"texts": TEXTS, "url": LINE}],
            }
        ],
    }
)  # fmt: skip
"""A list holds what each of its entries is made of."""
BEGINS_AS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "questions": {"kind": "choice", "choices": [{}, {}], "signals": [{}]},
        "problems": {"severity": "minor", "options": [{}, {}]},
    }
)
"""What is added has these rows already."""
_FIRST: Final = MappingProxyType({".branches": "[0].to", ".signals": "[0].severity"})
"""Where stands what is wrong with the rows as a whole."""
_STEP: Final = re.compile(r"([a-z_]+)(?:\[(\d+)\])?")
_NOT_A_SLUG: Final = re.compile(r"[^a-z0-9]+")


def blank(slug: str, language: str) -> dict[str, Any]:
    """One question with two answers, and one problem."""
    made = {"slug": slug, "languages": [language], "questions": [], "problems": []}
    return added(added(made, "questions"), "problems")


def fields_of(document: Mapping[str, Any]) -> dict[str, list[str]]:
    return dict(_shown(SHAPE, document, ""))


def document_in(fields: Fields, before: Mapping[str, Any]) -> dict[str, Any]:
    """`before` with what was typed; entries without a short name get one."""
    made = {**before, **_typed(SHAPE, fields, "", _begun(fields))}
    for name in ("questions", "problems"):
        _name(made[name], name.rstrip("s"))
    for question in made["questions"]:
        _name(question["choices"], "answer")
    kinds = {one.get("slug"): one.get("kind") for one in made["questions"]}
    for question in made["questions"]:
        for row in (*question["branches"], *question["signals"]):
            kind = kinds.get(row["when"].get("question")) or question.get("kind")
            row["when"]["is"] = [_answer(one, kind) for one in row["when"].get("is", ())]
    return made


def added(document: Mapping[str, Any], place: str) -> dict[str, Any]:
    """With one more entry at the end of `questions`, `questions[1].choices` and the like."""
    made, rows = _reached(document, place)
    rows.append(dict(BEGINS_AS.get(place, {})))
    _name(rows, place.rstrip("s")) if place in BEGINS_AS else None
    return made


def removed(document: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Without the entry at `questions[1]` and the like."""
    rows_at, _, number = place.rstrip("]").rpartition("[")
    made, rows = _reached(document, rows_at)
    if not number.isdigit() or int(number) >= len(rows):
        raise _nothing_there()
    del rows[int(number)]
    return made


def beside(problems: Sequence[Problem], document: Mapping[str, Any], fields: Fields) -> list[Problem]:
    """Each beside the field it is about; what names a question or problem finds it by its number."""
    known = {*fields, *fields_of(document)}
    first = next(iter(document.get("languages") or ()), "en")
    found = [_field(_numbered(one.field, document), known) for one in problems]
    texts = [f"{place}.{first}" if place.endswith(("texts", "hints", "names")) else place for place in found]
    return [replace(one, field=place) for one, place in zip(problems, texts, strict=True)]


def _shown(shape: Any, value: Any, at: str) -> Iterator[tuple[str, list[str]]]:  # noqa: ANN401 - JSON
    if isinstance(shape, Mapping):
        known = value if isinstance(value, Mapping) else {}
        for name, inner in shape.items():
            yield from _shown(inner, known.get(name), f"{at}.{name}" if at else name)
    elif isinstance(shape, list):
        for number, entry in enumerate(value if isinstance(value, list) else ()):
            yield from _shown(shape[0], entry, f"{at}[{number}]")
    elif shape is Leaf.TEXTS:
        texts = value if isinstance(value, Mapping) else {}
        yield from ((f"{at}.{code}", [str(text)]) for code, text in texts.items())
        yield at, [""]
    elif shape is Leaf.MANY:
        yield at, [_said(one) for one in value] if isinstance(value, list) else []
    elif shape is Leaf.CODES:
        yield at, [", ".join(map(str, value))] if isinstance(value, list) else [""]
    else:
        yield at, ["" if value is None else str(value)]


def _typed(shape: Any, fields: Fields, at: str, begun: frozenset[str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(shape, Mapping):
        read = {name: _typed(inner, fields, f"{at}.{name}" if at else name, begun) for name, inner in shape.items()}
        return {name: one for name, one in read.items() if one not in (None, "") and (one != {} or name == "when")}
    if isinstance(shape, list):
        rows: list[Any] = []
        while f"{at}[{len(rows)}]" in begun:
            rows.append(_typed(shape[0], fields, f"{at}[{len(rows)}]", begun))
        return rows
    if shape is Leaf.TEXTS:
        under = f"{at}."
        texts = {name.removeprefix(under): tidy(values[0]) for name, values in fields.items() if name.startswith(under)}
        return {code: text for code, text in texts.items() if text}
    if shape is Leaf.MANY:
        return [one for one in fields.get(at, ()) if one]
    typed = tidy((*fields.get(at, ()), "")[0])
    if shape is Leaf.CODES:
        return [one.strip() for one in typed.split(",") if one.strip()]
    return int(typed) if shape is Leaf.NUMBER and typed.isascii() and typed.isdigit() else typed or None


def _begun(fields: Fields) -> frozenset[str]:
    """The entries that have any field: `questions[1]`, `questions[1].choices[0]`."""
    found = set()
    for name in fields:
        found |= {name[: match.end()] for match in re.finditer(r"\]", name)}
    return frozenset(found)


def _name(rows: list[dict[str, Any]], kind: str) -> None:
    """A short name for each entry without one: out of its English, or its kind with a number."""
    taken = {str(one.get("slug")) for one in rows}
    for number, row in enumerate(rows, start=1):
        if row.get("slug"):
            continue
        text = str((row.get("texts") or {}).get("en", "")).lower()
        wanted = _NOT_A_SLUG.sub("-", text).strip("-")[:40].strip("-")
        if not wanted and kind == "answer":
            continue  # said once there are words, so that it fits them
        names = (wanted, *(f"{wanted or kind}-{one}" for one in range(number, number + len(rows) + 1)))
        row["slug"] = next(one for one in names if one and one not in taken)
        taken.add(row["slug"])


def _answer(typed: str, kind: object) -> str | int | bool:
    if kind == "yes_no" and typed in ("yes", "no"):
        return typed == "yes"
    return int(typed) if kind == "number" and typed.isascii() and typed.isdigit() else typed


def _said(answer: object) -> str:
    return {True: "yes", False: "no"}[answer] if isinstance(answer, bool) else str(answer)


def _reached(document: Mapping[str, Any], place: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A copy, and in it the list at this place. Raise Invalid when the form has no such list."""
    made: dict[str, Any] = _copied(document)
    here: Any = made
    shape: Any = SHAPE
    for match in _STEP.finditer(place):
        name, number = match.groups()
        if not isinstance(shape, Mapping) or not isinstance(shape.get(name), list):
            raise _nothing_there()
        rows = here.setdefault(name, [])
        if number is None:
            if match.end() != len(place):
                raise _nothing_there()
            return made, rows
        if int(number) >= len(rows):
            raise _nothing_there()
        here, shape = rows[int(number)], shape[name][0]
    raise _nothing_there()


def _copied(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {name: _copied(one) for name, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


def _nothing_there() -> Invalid:
    return Invalid(Problem("bad_form", "What your browser sent cannot be read.", "", "Open the page again."))


def _numbered(field: str, document: Mapping[str, Any]) -> str:
    """`tree.questions.money.then` as `questions[1].then`."""
    place = field.removeprefix("tree").removeprefix(".")
    for name in ("questions", "problems"):
        for number, one in enumerate(document.get(name, ())):
            named = f"{name}.{one.get('slug')}"
            if place == named:
                return f"{name}[{number}].slug"
            if place.startswith(f"{named}."):
                inner = place.removeprefix(named)
                return f"{name}[{number}]{inner}{_FIRST.get(inner, '')}"
    return "start" if place == "questions" else place


def _field(place: str, known: Collection[str]) -> str:
    """The nearest field there is: of a list its first entry's."""
    while place and place not in known:
        if f"{place}[0].texts" in known:
            return f"{place}[0].texts"
        place = place[: max(place.rfind("."), place.rfind("["), 0)]
    return place
