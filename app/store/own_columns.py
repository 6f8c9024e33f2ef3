"""What a rule asks of a column of the organisation's own: all of them stand in one JSON object.

PostgreSQL keeps it taken apart (`jsonb`, docs/adr/0012) and is asked for the value. SQLite keeps the text, in which the
value is found instead of parsed (docs/adr/0011). Every writer makes that text by `json.dumps`:
`{"tariff": "gold", "since": "2024-01-01"}`. So ` "since": "` or, at the very beginning, `{"since": "` opens the value
and nothing else does: inside a name or a value each quotation mark has a backslash before it. Text in another form is
parsed.
"""

from __future__ import annotations

import json
import operator
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Connection,
    Float,
    Integer,
    String,
    Text,
    any_,
    case,
    cast,
    collate,
    false,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.domain.audience_rules import Attribute, Compared, Contains, Known, Sign
from app.store.tables import subscriber

T = TypeVar("T")
FEW: Final = 50
"""Up to so many values stand in the statement one by one; more are one parameter."""
_PLAIN_NAME: Final = re.compile("[\\w .:-]+", re.ASCII)
_BETWEEN: Final = (": ", ", ")
"""What stands between the quotation marks of two texts, and so is no name that can be looked for."""
_NEVER: Final = "\x01"
"""Is in no JSON."""
_DIGITS: Final = 15
_LONGEST_NUMBER: Final = _DIGITS + 2
"""With its sign and its point."""
_DAY: Final = "-".join("[0-9]" * digits for digits in (4, 2, 2))


def condition(connection: Connection, rule: Attribute | Contains | Known | Compared) -> ColumnElement[bool]:
    """Over `subscriber`; NULL or false for whoever has no such column."""
    column: _Column = _InText(rule.name) if connection.dialect.name == "sqlite" else _TakenApart(rule.name)
    match rule:
        case Attribute(_, (value,)):
            return column.is_exactly(value)
        case Attribute(_, values):
            return column.is_one_of(connection, values)
        case Contains(_, part):
            return column.contains(part)
        case Known():
            return column.is_there()
        case Compared(_, sign, limit) if rule.is_day:
            return column.day(sign, limit)
        case Compared(_, sign, limit):
            return column.number(sign, float(limit))


def one_of(connection: Connection, column: ColumnElement[str], words: Sequence[str]) -> ColumnElement[bool]:
    """NULL where the column is."""
    if len(words) <= FEW:
        return column.in_(words)
    if connection.dialect.name == "sqlite":
        listed = func.json_each(json.dumps(list(words))).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(literal(list(words), ARRAY(String)))


def _inside(text: str) -> str:
    """As it stands between its quotation marks."""
    return json.dumps(text)[1:-1]


class _Column(Protocol):
    def is_exactly(self, value: str) -> ColumnElement[bool]: ...
    def is_one_of(self, connection: Connection, values: Sequence[str]) -> ColumnElement[bool]: ...
    def contains(self, part: str) -> ColumnElement[bool]: ...
    def is_there(self) -> ColumnElement[bool]: ...
    def number(self, sign: Sign, limit: float) -> ColumnElement[bool]: ...
    def day(self, sign: Sign, limit: str) -> ColumnElement[bool]: ...


@dataclass(frozen=True, slots=True)
class _TakenApart:
    """On PostgreSQL."""

    name: str

    @property
    def value(self) -> ColumnElement[str]:
        held: ColumnElement[str] = subscriber.c.attributes[self.name].as_string()
        return held

    def is_exactly(self, value: str) -> ColumnElement[bool]:
        return self.value == value

    def is_one_of(self, connection: Connection, values: Sequence[str]) -> ColumnElement[bool]:
        return one_of(connection, self.value, values)

    def contains(self, part: str) -> ColumnElement[bool]:
        return func.strpos(self.value, part, type_=Integer) > 0

    def is_there(self) -> ColumnElement[bool]:
        return self.value.is_not(None)

    def number(self, sign: Sign, limit: float) -> ColumnElement[bool]:
        return _compared(sign, number_in(self.value), literal(limit, Float))

    def day(self, sign: Sign, limit: str) -> ColumnElement[bool]:
        shape = func.translate(self.value, "123456789", "000000000") == "0000-00-00"
        return case((_compared(sign, collate(self.value, "C"), literal(limit)), shape))


@dataclass(frozen=True, slots=True)
class _InText:
    """On SQLite."""

    name: str

    @property
    def later(self) -> str:
        """What opens its value unless it is the first."""
        return _NEVER if self.name in _BETWEEN else f' "{_inside(self.name)}": "'

    @property
    def first(self) -> str:
        """What opens its value at the beginning of the text."""
        return _NEVER if self.name in _BETWEEN else "{" + self.later[1:]

    @property
    def text(self) -> ColumnElement[str]:
        """All own columns of a person, as they were written."""
        return type_coerce(subscriber.c.attributes, Text)

    def place(self, text: ColumnElement[str], part: ColumnElement[str] | str) -> ColumnElement[int]:
        """Where the part begins, 0 where it is not."""
        return func.instr(text, part, type_=Integer)

    def parsed(self) -> ColumnElement[str]:
        """The value, slowly; NULL without one."""
        # SQLite finds by a path neither a quotation mark nor a letter that its JSON holds escaped
        if _PLAIN_NAME.fullmatch(self.name):
            return cast(func.json_extract(subscriber.c.attributes, f'$."{self.name}"'), Text)
        pairs = func.json_each(subscriber.c.attributes).table_valued("key", "value")
        return select(cast(pairs.c.value, Text)).where(pairs.c.key == self.name).correlate(subscriber).scalar_subquery()

    def is_exactly(self, value: str) -> ColumnElement[bool]:
        rest = _inside(value) + '"'
        there = ((found, true()) for found in self._opened(rest))
        others = ((found, false()) for found in self._opened())
        return case(*there, *others, (self.elsewhere(), self.parsed() == value))

    def is_there(self) -> ColumnElement[bool]:
        return case(*((found, true()) for found in self._opened()), (self.elsewhere(), self.parsed().is_not(None)))

    def elsewhere(self) -> ColumnElement[bool]:
        """Whether parsing may find it where looking for its beginning did not."""
        return self.place(self.text, f'"{self.name}"') > 0 if _PLAIN_NAME.fullmatch(self.name) else true()

    def starts(self, rest: str = "") -> ColumnElement[bool]:
        opening = self.first + rest
        return func.substr(self.text, 1, len(opening)) == opening

    def _opened(self, rest: str = "") -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return self.place(self.text, self.later + rest) > 0, self.starts(rest)

    def is_one_of(self, connection: Connection, values: Sequence[str]) -> ColumnElement[bool]:
        """With the quotation mark behind it no value begins with another, so those of one length are one look-up."""
        words: dict[int, list[str]] = defaultdict(list)
        for value in values:
            words[len(_inside(value)) + 1].append(_inside(value) + '"')

        def there(start: ColumnElement[int]) -> ColumnElement[bool]:
            return or_(*(one_of(connection, func.substr(self.text, start, size), words[size]) for size in words))

        later, first = self._opened()
        place = self.place(self.text, self.later) + len(self.later)
        parsed = one_of(connection, self.parsed(), values)
        return case((first, there(literal(len(self.first) + 1))), (later, there(place)), (self.elsewhere(), parsed))

    def contains(self, part: str) -> ColumnElement[bool]:
        return case((self.place(self.text, _inside(part)) > 0, self.place(self.parsed(), part) > 0))

    def number(self, sign: Sign, limit: float) -> ColumnElement[bool]:
        """The comparison comes first: the look at the shape is dearer, and most people are out by then."""
        value = self._beginning(_LONGEST_NUMBER + 1)
        # as a whole number without its tail it stands there again, which most numbers do
        whole = cast(cast(self._beginning(_DIGITS), Integer), Text) + '"'
        again = case((self.place(self.text, self.later + whole) > 0, true()), (self.place(value, whole) == 1, true()))
        shape = func.coalesce(again, is_number(func.substr(value, 1, self.place(value, '"') - 1)))
        return case((_compared(sign, cast(value, Float), literal(limit, Float)), shape))

    def day(self, sign: Sign, limit: str) -> ColumnElement[bool]:
        value = self._beginning(len(limit) + 1)
        shape = case((_like(self.text, f'*{_literally(self.later)}{_DAY}"*'), true()), else_=_like(value, f'{_DAY}"'))
        return case((_compared(sign, value, literal(limit + '"')), shape))

    def _from_text(self, length: int) -> ColumnElement[str]:
        found = func.nullif(self.place(self.text, self.later), 0)
        start = func.coalesce(found, case((self.starts(), 1)))
        return func.substr(self.text, start + len(self.later), length)

    def _beginning(self, length: int) -> ColumnElement[str]:
        """Of the value and the quotation mark behind it."""
        parsed = func.replace(self.parsed(), '"', "\\") + '"'
        return func.coalesce(self._from_text(length), case((self.elsewhere(), func.substr(parsed, 1, length))))


def _compared(sign: Sign, value: ColumnElement[T], limit: ColumnElement[T]) -> ColumnElement[bool]:
    compare = {Sign.LESS: operator.lt, Sign.AT_MOST: operator.le, Sign.MORE: operator.gt, Sign.AT_LEAST: operator.ge}
    return type_coerce(compare[sign](value, limit), Boolean)


def _like(text: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    return text.bool_op("GLOB")(pattern)


def _literally(text: str) -> str:
    """For GLOB."""
    return re.sub(r"([*?\[])", r"[\1]", text)


class is_number(FunctionElement[bool]):  # noqa: N801 - reads as SQL does
    """On SQLite: whether a text is a number of at most 15 digits, as `domain.audience_rules` says."""

    type = Boolean()
    inherit_cache = True


class number_in(FunctionElement[float]):  # noqa: N801
    """On PostgreSQL: the number that a text is, NULL where it is none."""

    type = Float()
    inherit_cache = True


def _value(element: FunctionElement[Any], compiler: SQLCompiler, kw: Mapping[str, Any]) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(is_number, "sqlite")
def _is_number_sqlite(element: is_number, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    # LIMIT keeps SQLite from looking the value up anew for every condition
    held = f"(SELECT {_value(element, compiler, kw)} AS v LIMIT 1)"
    plain = f"(SELECT ltrim(substr(v, 1, 1), '-') || substr(v, 2) AS p FROM {held} LIMIT 1)"  # noqa: S608
    number = "p GLOB '[0-9]*' AND p NOT GLOB '*[^0-9.]*' AND p NOT GLOB '*.*.*' AND p NOT GLOB '*.'"
    short = f"length(replace(p, '.', '')) <= {_DIGITS}"
    return f"(SELECT {number} AND {short} FROM {plain})"  # noqa: S608


@compiles(number_in, "postgresql")
def _number_postgresql(element: number_in, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    # inside one expression, because what stands beside it may be asked first, and a cast of anything else is a fault;
    # nearly all are digits alone, which is seen without a pattern
    v = _value(element, compiler, kw)
    number = f"CAST({v} AS double precision)"
    return (
        f"CASE WHEN rtrim({v}, '0123456789') = '' AND length({v}) BETWEEN 1 AND {_DIGITS} THEN {number}"
        f" WHEN {v} ~ '^-?[0-9]+(\\.[0-9]+)?$' AND length(translate({v}, '-.', '')) <= {_DIGITS} THEN {number} END"
    )
