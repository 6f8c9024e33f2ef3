"""What an audience rule means: one condition over `subscriber`, every value of it a parameter."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Connection,
    Float,
    String,
    and_,
    any_,
    case,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.domain.areas import NOWHERE, Area, Places
from app.domain.audience_rules import (
    All,
    And,
    Areas,
    Attribute,
    Compared,
    Condition,
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
    Sign,
    Topics,
    everything_in,
)
from app.domain.consent import Asked
from app.domain.message import MEDIUM_CODES, Medium
from app.store import consents, deliveries, documents
from app.store.documents import Kind
from app.store.ledger_tables import address, recipient, suppression
from app.store.people_tables import consent
from app.store.tables import language_list, subscriber, subscriber_address
from app.store.tables import update as update_table

T = TypeVar("T")
_PLAIN_NAME: Final = re.compile("[\\w .:-]+", re.ASCII)
FEW: Final = 50
"""Up to so many values stand in the statement one by one; more are one parameter."""


@dataclass(frozen=True, slots=True)
class World:
    """What a rule's words stand for at this moment."""

    places: Places
    lists: Mapping[int, Sequence[str]]
    """Lists of languages, by id."""
    broadcasts: Mapping[int, int]
    """Update -> its broadcast; one that is not there reached nobody."""


def world(connection: Connection, rule: Rule) -> World:
    conditions = list(everything_in(rule))
    numbers = {one.update for one in conditions if isinstance(one, Deliveries)}
    listed = select(language_list.c.id, language_list.c.languages)
    sent = select(update_table.c.id, update_table.c.broadcast_id).where(
        update_table.c.id.in_(sorted(numbers)), update_table.c.broadcast_id.is_not(None)
    )
    return World(
        places(connection) if any(isinstance(one, Areas) for one in conditions) else NOWHERE,
        {row.id: row.languages.split(",") for row in connection.execute(listed)},
        {row.id: row.broadcast_id for row in connection.execute(sent)} if numbers else {},
    )


def places(connection: Connection) -> Places:
    return Places.of(Area.from_document(row.document) for row in documents.everything(connection, Kind.AREA))


def members(connection: Connection, rule: Rule) -> ColumnElement[bool]:
    """The condition that holds for exactly the people meant, as of now; saved audiences are resolved before."""
    return _Compiler(connection, world(connection, rule)).rule(rule)


def with_lists(lists: Sequence[int]) -> ColumnElement[bool]:
    """People who read one of these lists of languages."""
    return subscriber.c.language_list_id.in_(lists)


def area_column(known: Places) -> ColumnElement[str]:
    """The area of a subscriber: their own, else by the longest beginning of their postcode, else ""."""
    if not known.areas:
        return subscriber.c.area
    by = [
        (func.substr(subscriber.c.postcode, 1, length).in_(prefixes), literal(slug))
        for length in known.lengths
        for slug, prefixes in _grouped(known, length).items()
    ]
    return case((subscriber.c.area != "", subscriber.c.area), *by, else_=literal(""))


def _grouped(known: Places, length: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for prefix, slug in known.areas.items():
        if len(prefix) == length:
            found.setdefault(slug, []).append(prefix)
    return found


@dataclass(frozen=True, slots=True)
class _Compiler:
    connection: Connection
    world: World

    def rule(self, rule: Rule) -> ColumnElement[bool]:
        match rule:
            case And(rules):
                return and_(*(self.rule(part) for part in rules))
            case Or(rules):
                return or_(*(self.rule(part) for part in rules))
            case Not(inner):
                return not_(self.rule(inner))
            case Attribute() | Contains() | Known() | Compared():
                # a person without the column has no value, which `not` must count as "another value"
                return func.coalesce(self._own_column(rule), false())
            case _:
                return self._condition(rule)

    def _condition(self, rule: Condition) -> ColumnElement[bool]:
        match rule:
            case All():
                return true()
            case Languages(codes):
                return subscriber.c.language_list_id.in_(_read_by(self.world.lists, codes))
            case Areas(names):
                return self._in_area(names)
            case Postcodes(prefixes):
                lengths = sorted({len(prefix) for prefix in prefixes})
                return or_(*(self._begins(length, [p for p in prefixes if len(p) == length]) for length in lengths))
            case ExternalIds(ids):
                return self._one_of(subscriber.c.external_id, ids)
            case Reachable(media):
                return _reachable(media)
            case Consent(medium, topic):
                return _agreed(medium, topic)
            case Topics(slugs):
                theirs = (consent.c.subscriber_id == subscriber.c.id) & consent.c.granted.is_(True)
                return exists().where(theirs, consent.c.topic.in_(slugs)).correlate(subscriber)
            case Deliveries():
                return _was_sent(rule, self.world.broadcasts.get(rule.update))
            case _:
                raise AssertionError(f"{type(rule).__name__} is resolved before it is compiled")

    def _own_column(self, rule: Attribute | Contains | Known | Compared) -> ColumnElement[bool]:
        value = self._held(rule.name, plainly=isinstance(rule, Compared))
        match rule:
            case Attribute(_, values):
                return self._one_of(value, values)
            case Contains(_, part):
                return func.replace(value, part, "").is_distinct_from(value)  # LIKE minds the case on one database only
            case Known():
                return value.is_not(None)
            case Compared(_, sign, limit) if rule.is_day:
                return and_(_compared(sign, day_in(value), literal(limit)), is_day(value))
            case Compared(_, sign, limit):
                return and_(_compared(sign, number_in(value), literal(float(limit), Float)), is_number(value))

    def _held(self, name: str, *, plainly: bool) -> ColumnElement[str]:
        """The text in the own column of that name, NULL without one. `plainly`: a number need not be made a text."""
        # SQLite finds by a path neither a quotation mark nor a letter that its JSON holds escaped.
        if self.connection.dialect.name == "sqlite" and not _PLAIN_NAME.fullmatch(name):
            pairs = func.json_each(subscriber.c.attributes).table_valued("key", "value")
            return select(pairs.c.value).where(pairs.c.key == name).correlate(subscriber).scalar_subquery()
        if self.connection.dialect.name == "sqlite" and plainly:
            return func.json_extract(subscriber.c.attributes, f'$."{name}"', type_=String)
        held: ColumnElement[str] = subscriber.c.attributes[name].as_string()
        return held

    def _in_area(self, names: Sequence[str]) -> ColumnElement[bool]:
        named = self._one_of(subscriber.c.area, names)
        known, wanted = self.world.places, set(names)
        if not wanted & set(known.areas.values()):
            return named
        steps = []
        for length in known.lengths:
            for mine in (True, False):
                prefixes = [p for p, slug in known.areas.items() if len(p) == length and (slug in wanted) is mine]
                if prefixes:
                    steps.append((self._begins(length, prefixes), true() if mine else false()))
        return or_(named, and_(subscriber.c.area == "", case(*steps, else_=false())))

    def _begins(self, length: int, prefixes: Sequence[str]) -> ColumnElement[bool]:
        return self._one_of(func.substr(subscriber.c.postcode, 1, length), prefixes)

    def _one_of(self, column: ColumnElement[str], words: Sequence[str]) -> ColumnElement[bool]:
        if len(words) <= FEW:
            return column.in_(words)
        if self.connection.dialect.name == "sqlite":
            listed = func.json_each(json.dumps(list(words))).table_valued("value")
            return column.in_(select(listed.c.value))
        return column == any_(literal(list(words), ARRAY(String)))


def _read_by(lists: Mapping[int, Sequence[str]], codes: Sequence[str]) -> list[int]:
    wanted = [code.lower() for code in codes]

    def reads(language: str) -> bool:
        return any(language == code or language.startswith(f"{code}-") for code in wanted)

    return [number for number, languages in lists.items() if any(reads(one.lower()) for one in languages)]


def _reachable(media: Sequence[Medium]) -> ColumnElement[bool]:
    link = subscriber_address.alias("reachable")
    erased = select(address.c.id).where(address.c.value.is_(None))
    return (
        exists()
        .select_from(link)
        .where(
            link.c.subscriber_id == subscriber.c.id,
            link.c.medium.in_([MEDIUM_CODES[medium] for medium in media]),
            link.c.preferred.is_(True),
            link.c.address_id.not_in(erased),
            link.c.address_id.not_in(select(suppression.c.address_id)),
        )
        .correlate(subscriber)
    )


def _agreed(medium: Medium, topic: str) -> ColumnElement[bool]:
    """They have an address of that medium, and what they said lets us write there."""
    code = MEDIUM_CODES[medium]
    link = exists().where(subscriber_address.c.subscriber_id == subscriber.c.id, subscriber_address.c.medium == code)
    return link.where(consents.hears(Asked(topic))).correlate(subscriber)


def _was_sent(rule: Deliveries, broadcast: int | None) -> ColumnElement[bool]:
    """By any address that is theirs now."""
    if broadcast is None:
        return false()
    link, theirs = subscriber_address.alias("written_to"), recipient.alias("theirs")
    same = and_(
        theirs.c.broadcast == broadcast, theirs.c.medium == link.c.medium, theirs.c.address_id == link.c.address_id
    )
    found = exists().select_from(link.join(theirs, same)).where(link.c.subscriber_id == subscriber.c.id)
    if rule.media:
        found = found.where(link.c.medium.in_([MEDIUM_CODES[medium] for medium in rule.media]))
    if rule.states:
        found = found.where(deliveries.is_in_state(theirs, rule.states))
    return found.correlate(subscriber)


def _compared(sign: Sign, value: ColumnElement[T], limit: ColumnElement[T]) -> ColumnElement[bool]:
    compare = {Sign.LESS: operator.lt, Sign.AT_MOST: operator.le, Sign.MORE: operator.gt, Sign.AT_LEAST: operator.ge}
    return type_coerce(compare[sign](value, limit), Boolean)


# The comparison comes first and the look at the shape second: it is the dearer, and most people are out by then.


class number_in(FunctionElement[float]):  # noqa: N801 - reads as SQL does
    """A text as a number, anything where it is none."""

    type = Float()
    inherit_cache = True


class is_number(FunctionElement[bool]):  # noqa: N801
    """Whether a text is a number of at most 15 digits, as `domain.audience_rules` says; NULL or false where not."""

    type = Boolean()
    inherit_cache = True


class day_in(FunctionElement[str]):  # noqa: N801
    """A text as it is compared byte by byte."""

    type = String()
    inherit_cache = True


class is_day(FunctionElement[bool]):  # noqa: N801
    """Whether a text looks like a day."""

    type = Boolean()
    inherit_cache = True


def _value(element: FunctionElement[Any], compiler: SQLCompiler, kw: Mapping[str, Any]) -> str:
    return compiler.process(element.clauses, **kw)


@compiles(number_in, "sqlite")
def _number_sqlite(element: number_in, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    return f"CAST({_value(element, compiler, kw)} AS REAL)"


@compiles(is_number, "sqlite")
def _is_number_sqlite(element: is_number, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    value = _value(element, compiler, kw)
    most = "9" * 15
    whole = f"CAST({value} AS INTEGER)"
    # LIMIT keeps SQLite from looking the value up anew for every condition
    held = f"(SELECT {value} AS v LIMIT 1)"
    plain = f"(SELECT ltrim(substr(v, 1, 1), '-') || substr(v, 2) AS p FROM {held} LIMIT 1)"  # noqa: S608
    number = "p GLOB '[0-9]*' AND p NOT GLOB '*[^0-9.]*' AND p NOT GLOB '*.*.*' AND p NOT GLOB '*.'"
    short = "length(replace(p, '.', '')) <= 15"
    slowly = f"(SELECT {number} AND {short} FROM {plain})"  # noqa: S608
    return f"CASE WHEN CAST({whole} AS TEXT) = {value} THEN {whole} BETWEEN -{most} AND {most} ELSE {slowly} END"


@compiles(day_in, "sqlite")
def _day_sqlite(element: day_in, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    return _value(element, compiler, kw)


@compiles(is_day, "sqlite")
def _is_day_sqlite(element: is_day, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    digit = "[0-9]"
    return f"({_value(element, compiler, kw)} GLOB '{digit * 4}-{digit * 2}-{digit * 2}')"


@compiles(number_in, "postgresql")
def _number_postgresql(element: number_in, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    # inside one expression, because what stands beside it may be asked first, and a cast of anything else is a fault
    return _once(
        "CASE WHEN rtrim(v, '0123456789') = '' AND length(v) BETWEEN 1 AND 15 THEN CAST(v AS double precision)"
        " WHEN v ~ '^-?[0-9]+(\\.[0-9]+)?$' AND length(translate(v, '-.', '')) <= 15"
        " THEN CAST(v AS double precision) END",
        _value(element, compiler, kw),
    )


@compiles(is_number, "postgresql")
def _is_number_postgresql(element: is_number, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401, ARG001
    return "true"  # see number_in


@compiles(day_in, "postgresql")
def _day_postgresql(element: day_in, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    # a pattern and a look at what is no digit take a fraction of what a regular expression takes
    shape = "v LIKE '____-__-__' AND translate(v, '0123456789', '') = '--'"
    return _once(f"CASE WHEN {shape} THEN v END", _value(element, compiler, kw)) + ' COLLATE "C"'


@compiles(is_day, "postgresql")
def _is_day_postgresql(element: is_day, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401, ARG001
    return "true"  # see day_in


def _once(expression: str, value: str) -> str:
    """The expression over `v`, which PostgreSQL reads from its document once and not for every time it is named."""
    return f"(SELECT {expression} FROM (SELECT {value} AS v OFFSET 0) AS held)"  # noqa: S608 - our own words
