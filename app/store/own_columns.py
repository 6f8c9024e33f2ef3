"""What a rule asks of a column of the organisation's own, found in the text of the JSON that holds them all.

Every writer makes that text by `json.dumps`: `{"tariff": "gold", "since": "2024-01-01"}`. So ` "since": "` or, at the
very beginning, `{"since": "` opens the value and nothing else does: inside a name or a value each quotation mark has a
backslash before it. To find it takes a fifth of what parsing takes (docs/adr/0011). Text in another form is parsed.
"""

from __future__ import annotations

import json
import operator
import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

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
_SINGLY: Final = 4
"""On PostgreSQL up to so many values are looked for one after the other, which is quicker than to cut out the one that
is there.
"""
_PLAIN_NAME: Final = re.compile("[\\w .:-]+", re.ASCII)
_BETWEEN: Final = (": ", ", ")
"""What stands between the quotation marks of two texts, and so is no name that can be looked for."""
_NEVER: Final = "\n"
"""Is not in the text that `json.dumps` makes."""
_DIGITS: Final = 15
_LONGEST_NUMBER: Final = _DIGITS + 2
"""With its sign and its point."""
_DAY: Final = "-".join("[0-9]" * digits for digits in (4, 2, 2))


def condition(connection: Connection, rule: Attribute | Contains | Known | Compared) -> ColumnElement[bool]:
    """Over `subscriber`; NULL or false for whoever has no such column."""
    column = _Sqlite(rule.name) if connection.dialect.name == "sqlite" else _Postgresql(rule.name)
    match rule:
        case Attribute(_, (value,)):
            return column.is_exactly(value)
        case Attribute(_, values):
            return column.is_one_of(connection, values)
        case Contains(_, part):
            return case((column.place(column.text, _inside(part)) > 0, column.place(column.parsed(), part) > 0))
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


@dataclass(frozen=True, slots=True)
class _Column(ABC):
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
    @abstractmethod
    def text(self) -> ColumnElement[str]:
        """All own columns of a person, as they were written."""

    @abstractmethod
    def place(self, text: ColumnElement[str], part: ColumnElement[str] | str) -> ColumnElement[int]:
        """Where the part begins, 0 where it is not."""

    @abstractmethod
    def parsed(self) -> ColumnElement[str]:
        """The value, slowly; NULL without one."""

    @abstractmethod
    def is_one_of(self, connection: Connection, values: Sequence[str]) -> ColumnElement[bool]: ...

    @abstractmethod
    def number(self, sign: Sign, limit: float) -> ColumnElement[bool]: ...

    @abstractmethod
    def day(self, sign: Sign, limit: str) -> ColumnElement[bool]: ...

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


class _Sqlite(_Column):
    """A comparison comes first and the look at the shape second: it is the dearer, and most people are out by then."""

    @property
    def text(self) -> ColumnElement[str]:
        return type_coerce(subscriber.c.attributes, Text)

    def place(self, text: ColumnElement[str], part: ColumnElement[str] | str) -> ColumnElement[int]:
        return func.instr(text, part, type_=Integer)

    def parsed(self) -> ColumnElement[str]:
        # SQLite finds by a path neither a quotation mark nor a letter that its JSON holds escaped
        if _PLAIN_NAME.fullmatch(self.name):
            return cast(func.json_extract(subscriber.c.attributes, f'$."{self.name}"'), Text)
        pairs = func.json_each(subscriber.c.attributes).table_valued("key", "value")
        return select(cast(pairs.c.value, Text)).where(pairs.c.key == self.name).correlate(subscriber).scalar_subquery()

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

    def number(self, sign: Sign, limit: float) -> ColumnElement[bool]:
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


class _Postgresql(_Column):
    @property
    def text(self) -> ColumnElement[str]:
        return cast(subscriber.c.attributes, Text)

    def place(self, text: ColumnElement[str], part: ColumnElement[str] | str) -> ColumnElement[int]:
        return func.strpos(text, part, type_=Integer)

    def parsed(self) -> ColumnElement[str]:
        held: ColumnElement[str] = subscriber.c.attributes[self.name].as_string()
        return held

    def is_one_of(self, connection: Connection, values: Sequence[str]) -> ColumnElement[bool]:
        if len(values) <= _SINGLY:
            return or_(*map(self.is_exactly, values))
        if any('"' in value for value in values):
            return one_of(connection, self.parsed(), values)
        written = one_of(connection, self._written(), [_inside(value) for value in values])
        return func.coalesce(written, case((self.elsewhere(), one_of(connection, self.parsed(), values))))

    def _written(self) -> ColumnElement[str]:
        """The value as it stands there, up to its first quotation mark; NULL where its beginning is not found."""
        found = func.nullif(func.split_part(self.text, self.later, 2), "")
        rest = func.coalesce(found, case((self.starts(), func.substr(self.text, len(self.first) + 1))))
        return func.split_part(rest, '"', 1, type_=Text)

    def number(self, sign: Sign, limit: float) -> ColumnElement[bool]:
        return _compared(sign, number_in(self._value()), literal(limit, Float))

    def day(self, sign: Sign, limit: str) -> ColumnElement[bool]:
        return _compared(sign, day_in(self._value()), literal(limit))

    def _value(self) -> ColumnElement[str]:
        return func.coalesce(self._written(), case((self.elsewhere(), self.parsed())))


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


class day_in(FunctionElement[str]):  # noqa: N801
    """On PostgreSQL: a text that looks like a day, to be compared byte by byte, else NULL."""

    type = String()
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
    # inside one expression, because what stands beside it may be asked first, and a cast of anything else is a fault
    return _once(
        f"CASE WHEN rtrim(v, '0123456789') = '' AND length(v) BETWEEN 1 AND {_DIGITS} THEN CAST(v AS double precision)"
        f" WHEN v ~ '^-?[0-9]+(\\.[0-9]+)?$' AND length(translate(v, '-.', '')) <= {_DIGITS}"
        " THEN CAST(v AS double precision) END",
        _value(element, compiler, kw),
    )


@compiles(day_in, "postgresql")
def _day_postgresql(element: day_in, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    # a pattern and a look at what is no digit take a fraction of what a regular expression takes
    shape = "v LIKE '____-__-__' AND translate(v, '0123456789', '') = '--'"
    return _once(f"CASE WHEN {shape} THEN v END", _value(element, compiler, kw)) + ' COLLATE "C"'


def _once(expression: str, value: str) -> str:
    """The expression over `v`, which PostgreSQL works out once and not for every time it is named."""
    return f"(SELECT {expression} FROM (SELECT {value} AS v OFFSET 0) AS held)"  # noqa: S608 - our own words
