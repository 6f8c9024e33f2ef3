"""How many people a rule means, and how many addresses would be written to, as of now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import eq
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Join,
    Select,
    and_,
    case,
    func,
    or_,
    select,
    union_all,
)

from app.domain.audience_rules import Rule
from app.domain.consent import ORDINARY, Asked, Hearing
from app.domain.message import CODE_MEDIA, MEDIUM_CODES, PERSONAL_MEDIA, Medium
from app.store import consents
from app.store.audiences import members
from app.store.halves import Half, in_halves
from app.store.ledger_tables import address, shared_address, suppression
from app.store.tables import audit, language_list, subscriber, subscriber_address

_SUMMED: Final = 8
"""Lists of languages, or time zones."""
_FIRST: Final = 1_000
"""People, of whom a look is quick."""


@dataclass(frozen=True, slots=True)
class PeopleMark:
    """Differs whenever subscribers, their addresses or the suppression list may have changed."""

    imported: int
    """The last entry of the audit trail about subscribers: each batch of an import writes one."""
    subscriber: int
    address: int
    suppressed: int
    suppressed_last: int
    said: int
    """The last statement of anybody about what they want to hear."""


def people_mark(connection: Connection) -> PeopleMark:
    def last(column: ColumnElement[int], *conditions: ColumnElement[bool]) -> int:
        return connection.execute(select(func.max(column)).where(*conditions)).scalar() or 0

    number, newest = connection.execute(select(func.count(), func.max(suppression.c.at_ms))).one()
    imported = last(audit.c.seq, audit.c.subject == "subscribers")
    return PeopleMark(
        imported, last(subscriber.c.id), last(address.c.id), number, newest or 0, consents.last_said(connection)
    )


def count_people(connection: Connection, rule: Rule) -> int:
    """Members, reachable or not."""
    meant = members(connection, rule)

    def count(one: Connection, half: Half) -> int:
        people = select(func.count()).select_from(subscriber).where(meant, half(subscriber.c.id))
        return one.execute(people).scalar_one()

    return sum(in_halves(connection, count))


def count_everybody(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(subscriber)).scalar_one()


def reaches_anybody(connection: Connection, rule: Rule, media: Collection[Medium], asked: Asked) -> bool:
    """Whether at least one address of these media would be written to now: the first that is found ends the search."""
    mine = subscriber_address.c.medium.in_([MEDIUM_CODES[medium] for medium in media])
    meant, hears = members(connection, rule), consents.hearing(connection, asked)
    query = select(subscriber.c.id).select_from(_ways()).where(mine, *_open(meant, hears)).limit(1)
    return connection.scalar(query) is not None


@dataclass(frozen=True, slots=True)
class Reached:
    """Different addresses that would be written to now: preferred, not erased, not suppressed, with consent."""

    by_medium: Mapping[Medium, int]
    by_list: Mapping[tuple[Medium, int], int]
    """For each list of languages; an address whose people read different ones counts in each."""


def count_reached(connection: Connection, rule: Rule, asked: Asked = ORDINARY) -> Reached:
    """Everybody's links are counted, which is quick, and what that counts wrongly is put right: the few addresses that
    several people share, and those that nobody may write to.
    """
    meant = and_(
        members(connection, rule), consents.hearing(connection, asked), subscriber_address.c.preferred.is_(True)
    )
    by = (subscriber_address.c.medium, subscriber.c.language_list_id)
    lists = _tally(connection, meant, by, _often_read(connection))
    media: Counter[int] = Counter()
    for (medium, _), number in lists.items():
        media[medium] += number
    counted: set[tuple[int, int]] = set()
    for medium, number, one, closed, links in connection.execute(_put_right(meant, *by)):
        lists[medium, number] -= links - 1 + closed
        media[medium] -= links if closed or (medium, one) in counted else links - 1
        counted.add((medium, one))
    return Reached(
        {CODE_MEDIA[medium]: number for medium, number in sorted(media.items()) if number},
        {(CODE_MEDIA[medium], one): number for (medium, one), number in sorted(lists.items()) if number},
    )


@dataclass(frozen=True, slots=True)
class _Often:
    """SQLite sorts all rows to group them, several times as dear as some sums: those of groups that most people are in.
    PostgreSQL groups without sorting.
    """

    groups: Sequence[tuple[Any, ...]]
    """A sum of its own for each."""
    others: bool
    """Whether there are more."""


_NEVER: Final = _Often((), others=True)


def _often_read(connection: Connection) -> _Often:
    """Media with the first lists of languages."""
    if connection.dialect.name != "sqlite":
        return _NEVER
    lists = connection.scalars(select(language_list.c.id).order_by(language_list.c.id).limit(_SUMMED + 1)).all()
    codes = sorted(MEDIUM_CODES[medium] for medium in PERSONAL_MEDIA)
    there = (select(address.c.id).where(address.c.medium == code).limit(1) for code in codes)
    media = [code for code, found in zip(codes, map(connection.scalar, there), strict=True) if found is not None]
    return _Often([(code, number) for number in lists[:_SUMMED] for code in media], others=len(lists) > _SUMMED)


def _often_lived_in(connection: Connection) -> _Often:
    """Time zones of those who came first."""
    if connection.dialect.name != "sqlite":
        return _NEVER
    first = select(subscriber.c.timezone).order_by(subscriber.c.id).limit(_FIRST).subquery()
    zones = connection.scalars(select(first.c.timezone).group_by(first.c.timezone).order_by(func.count().desc()))
    return _Often([(zone,) for zone in zones.fetchmany(_SUMMED)], others=True)


def _tally(
    connection: Connection, meant: ColumnElement[bool], by: Sequence[ColumnElement[Any]], often: _Often
) -> Counter[tuple[Any, ...]]:
    """How many links there are in each group."""

    def count(one: Connection, half: Half) -> Counter[tuple[Any, ...]]:
        found: Counter[tuple[Any, ...]] = Counter()
        if often.groups:
            # the last first, by which more are out
            same = (and_(*map(eq, reversed(by), reversed(group))) for group in often.groups)
            sums = select(*map(func.count().filter, same)).select_from(_links()).where(meant, _mine(half))
            found.update(dict(zip(often.groups, one.execute(sums).one(), strict=True)))
        if often.others:
            others = by[-1].not_in(sorted({group[-1] for group in often.groups}))
            rows = select(*by, func.count()).select_from(_links()).where(meant, _mine(half), others).group_by(*by)
            found.update({row[:-1]: row[-1] for row in one.execute(rows)})
        return found

    return sum(in_halves(connection, count), Counter())


def _odd() -> CompoundSelect[Any]:
    """Addresses that several people share, that were erased, or that are suppressed: few among a million."""
    shared = select(shared_address.c.address_id)
    erased = select(address.c.id).where(address.c.value.is_(None))
    return union_all(shared, erased, select(suppression.c.address_id))


def count_by_medium(connection: Connection, rule: Rule, asked: Asked = ORDINARY) -> dict[Medium, int]:
    return dict(count_reached(connection, rule, asked).by_medium)


def count_left_out(connection: Connection, rule: Rule, asked: Asked) -> dict[tuple[Medium, Hearing], int]:
    """Members who are not written to by a medium because they did not agree to it, and why."""
    meant = members(connection, rule)

    def count(one: Connection, half: Half) -> Mapping[tuple[Medium, Hearing], int]:
        return consents.count_left_out(one, and_(meant, _mine(half)), asked)

    return dict(sum((Counter(found) for found in in_halves(connection, count)), Counter()))


def count_by_zone(connection: Connection, rule: Rule, media: Collection[Medium], asked: Asked) -> dict[str, int]:
    """How many addresses of these media would be written to now, by the time zone of their people: one that people of
    two zones share counts in both.
    """
    meant = and_(
        members(connection, rule),
        consents.hearing(connection, asked),
        subscriber_address.c.preferred.is_(True),
        subscriber_address.c.medium.in_([MEDIUM_CODES[medium] for medium in media]),
    )
    zone = subscriber.c.timezone

    zones = Counter(
        {name: links for (name,), links in _tally(connection, meant, [zone], _often_lived_in(connection)).items()}
    )
    for name, _, closed, links in connection.execute(_put_right(meant, zone)):
        zones[name] -= links - 1 + closed
    return {name: number for name, number in sorted(zones.items()) if number}


def _put_right(meant: ColumnElement[bool], *by: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """What counting links counts wrongly: by group and odd address, whether it is closed (1) and how many links."""
    place = subscriber_address.c.address_id
    shut = case((or_(address.c.value.is_(None), suppression.c.address_id.is_not(None)), 1), else_=0)
    return (
        select(*by, place, shut, func.count())
        .select_from(_links().join(address, address.c.id == place))
        .outerjoin(suppression, suppression.c.address_id == place)
        .where(meant, place.in_(_odd()))
        .group_by(*by, place, shut)
    )


def _links() -> Join:
    return subscriber.join(subscriber_address, subscriber_address.c.subscriber_id == subscriber.c.id)


def _mine(half: Half) -> ColumnElement[bool]:
    """Links of the people of a half."""
    return and_(half(subscriber.c.id), half(subscriber_address.c.subscriber_id))


def _ways() -> Join:
    """Subscribers, their links, the addresses and whether they are suppressed."""
    places = _links().join(address, address.c.id == subscriber_address.c.address_id)
    return places.outerjoin(suppression, suppression.c.address_id == address.c.id)


def _open(meant: ColumnElement[bool], hears: ColumnElement[bool]) -> Sequence[ColumnElement[bool]]:
    preferred, there = subscriber_address.c.preferred.is_(True), address.c.value.is_not(None)
    return meant, hears, preferred, there, suppression.c.address_id.is_(None)
