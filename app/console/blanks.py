"""What the form of a document asks for, declared once: how a document is shown in it and read back out of it.

A field is called after its place in the document (`upkeep.check_on`, of texts `names.gu`), so that what a use case
refuses stands beside it without anybody translating between the two. Nothing is judged here: what cannot be read
goes to the use case as it was typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.console.entered import HIDDEN, Entered
from app.domain.reading import iso, parse_instant
from app.domain.texts import tidy
from app.errors import Conflict, Invalid, Problem

Document = Mapping[str, Any]
_PLACE: Final = re.compile(r"\[\d+\]")


class Shape(StrEnum):
    LINE = "line"
    LINES = "lines"
    LIST = "list"
    """One entry a line."""
    TEXTS = "texts"
    """One line for each language."""
    LONG_TEXTS = "long_texts"
    PAIRS = "pairs"
    """An object, as `name: value` lines."""
    NUMBER = "number"
    DECIMAL = "decimal"
    FLAG = "flag"
    CHOICE = "choice"
    MANY = "many"
    DAY = "day"
    MOMENT = "moment"
    """Shown and typed in the organisation's time zone."""
    SECRET = "secret"  # noqa: S105 - a kind of field
    """Typed, never shown."""


@dataclass(frozen=True, slots=True)
class Blank:
    path: str
    label: str
    shape: Shape = Shape.LINE
    hint: str = ""
    required: bool = False
    options: Sequence[tuple[str, str]] = ()
    """Value and words of CHOICE and MANY."""
    source: str = ""
    """CHOICE and MANY: what a screen puts in, by name; LIST: what it offers."""
    as_line: Callable[[Any], str] = str
    from_line: Callable[[str], Any] = str
    """LIST: an entry that is more than a text, both ways."""

    @property
    def many_languages(self) -> bool:
        return self.shape in (Shape.TEXTS, Shape.LONG_TEXTS)


@dataclass(frozen=True, slots=True)
class Part:
    """Blanks that belong together; those that are rarely needed stay folded."""

    title: str
    blanks: Sequence[Blank]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole form, for the languages it is filled in and the clock times are read by."""

    parts: Sequence[Part]
    languages: Sequence[str] = ()
    timezone: str = "UTC"

    @property
    def blanks(self) -> Iterator[Blank]:
        return (blank for part in self.parts for blank in part.blanks)

    @property
    def has_texts(self) -> bool:
        """Whether anything in it is asked for in several languages."""
        return any(blank.many_languages for blank in self.blanks)

    def values(self, document: Document) -> dict[str, object]:
        """What stands in the fields of this document, by field."""
        shown: dict[str, object] = {}
        for blank in self.blanks:
            value = found(document, blank.path)
            if blank.many_languages:
                texts = value if isinstance(value, Mapping) else {}
                shown.update({f"{blank.path}.{code}": texts.get(code, "") for code in self.languages})
            else:
                shown[blank.path] = self._shown(blank, value)
        return shown

    def document(self, entered: Entered, before: Document) -> dict[str, Any]:
        """`before` with what was typed in its place; what the form does not ask for stays."""
        made = dict(before)
        for blank in self.blanks:
            _put(made, blank.path.split("."), self._typed(blank, entered, found(before, blank.path)))
        return made

    def _shown(self, blank: Blank, value: object) -> object:
        match blank.shape:
            case Shape.LIST:
                return (
                    "\n".join(blank.as_line(one) for one in value) if isinstance(value, list | tuple) else value or ""
                )
            case Shape.PAIRS:
                pairs = value.items() if isinstance(value, Mapping) else ()
                return "\n".join(f"{name}: {one}" for name, one in pairs)
            case Shape.MANY:
                return [str(one) for one in value] if isinstance(value, list | tuple) else [value] if value else []
            case Shape.FLAG:
                return ["yes"] if value else []
            case Shape.MOMENT:
                at = parse_instant(value) if isinstance(value, str) else None
                return at.astimezone(ZoneInfo(self.timezone)).strftime("%Y-%m-%dT%H:%M") if at else value or ""
        return "" if value is None else value

    def _typed(self, blank: Blank, entered: Entered, before: object) -> object:
        typed = tidy(entered.one(blank.path))
        match blank.shape:
            case Shape.TEXTS | Shape.LONG_TEXTS:
                others = dict(before) if isinstance(before, Mapping) else {}
                given = {code: tidy(entered.one(f"{blank.path}.{code}")) for code in self.languages}
                return {code: text for code, text in {**others, **given}.items() if text}
            case Shape.LIST:
                return [blank.from_line(line) for line in map(str.strip, typed.split("\n")) if line]
            case Shape.MANY:
                return [value for value in entered.many(blank.path) if value]
            case Shape.FLAG:
                return bool(typed)
            case Shape.PAIRS:
                parts = (line.partition(":") for line in typed.split("\n") if line.strip())
                return {name.strip(): one.strip() for name, _, one in parts}
            case Shape.NUMBER | Shape.DECIMAL:
                return _number(typed, blank.shape)
            case Shape.MOMENT:
                return self._moment(typed, before)
        return typed or None

    def _moment(self, typed: str, before: object) -> str | None:
        """What was not touched stays to the second."""
        if not typed:
            return None
        known = parse_instant(before) if isinstance(before, str) else None
        zone = ZoneInfo(self.timezone)
        if known and known.astimezone(zone).strftime("%Y-%m-%dT%H:%M") == typed:
            return str(before)
        try:
            return iso(datetime.fromisoformat(typed).replace(tzinfo=zone).astimezone(UTC))
        except (ValueError, OverflowError):
            return typed

    @contextmanager
    def beside(self, under: str = "") -> Iterator[None]:
        """A refusal from within comes out with each fault beside the field it is about.

        `under`: the place in the use case's document where this form's own begins.
        """
        try:
            yield
        except (Invalid, Conflict) as refusal:
            raise type(refusal)([self._beside(problem, under) for problem in refusal.problems]) from None

    def _beside(self, problem: Problem, under: str) -> Problem:
        fields = {blank.path: blank for blank in self.blanks}
        place = _PLACE.sub("", problem.field).removeprefix(f"{under}.")
        if place.replace("settings.", HIDDEN, 1) in fields:
            return replace(problem, field=place.replace("settings.", HIDDEN, 1))
        while place and place not in fields and not self._of_a_language(place, fields):
            place = place.rpartition(".")[0]
        return replace(problem, field=place)

    def _of_a_language(self, place: str, fields: Mapping[str, Blank]) -> bool:
        path, _, code = place.rpartition(".")
        return code in self.languages and path in fields and fields[path].many_languages


def found(document: Document, path: str) -> Any:  # noqa: ANN401 - whatever stands there
    """What stands at a place such as `upkeep.check_on`; None = nothing."""
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _number(typed: str, shape: Shape) -> object:
    """As typed where it is none, so that whoever knows the bounds refuses it."""
    if typed.isascii() and typed.isdigit():
        return int(typed)
    whole, point, rest = typed.partition(".")
    is_share = shape is Shape.DECIMAL and point and rest.isascii() and rest.isdigit() and (whole or "0").isdigit()
    return float(typed) if is_share else typed or None


def _entries(value: object) -> Sequence[Any]:
    if isinstance(value, list | tuple):
        return value
    return [value] if value else []


def _put(document: dict[str, Any], place: Sequence[str], value: object) -> None:
    """An object of which nothing is left is not there either: half an object would be a fault nobody made."""
    name, *inner = place
    if inner:
        known = document.get(name)
        if known is False and value in (None, ""):
            return  # said to be nothing, and not by this form
        part = dict(known) if isinstance(known, Mapping) else {}
        _put(part, inner, value)
        value = part if any(one not in ("", [], {}, False) for one in part.values()) else None
    if value is None:
        document.pop(name, None)
    else:
        document[name] = value
