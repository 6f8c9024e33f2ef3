"""What an audience rule means: one condition over `subscriber`, every value of it a parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

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
    Topics,
    everything_in,
)
from app.domain.consent import Asked
from app.domain.message import MEDIUM_CODES, Medium
from app.store import consents, deliveries, documents, own_columns
from app.store.documents import Kind
from app.store.ledger_tables import address, recipient, suppression
from app.store.own_columns import one_of
from app.store.people_tables import consent
from app.store.tables import language_list, subscriber, subscriber_address
from app.store.tables import update as update_table


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
                return func.coalesce(own_columns.condition(self.connection, rule), false())
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
                return one_of(self.connection, subscriber.c.external_id, ids)
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

    def _in_area(self, names: Sequence[str]) -> ColumnElement[bool]:
        named = one_of(self.connection, subscriber.c.area, names)
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
        return one_of(self.connection, func.substr(subscriber.c.postcode, 1, length), prefixes)


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
