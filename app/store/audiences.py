"""Audiences: named, saved selections of subscribers, compiled to SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    true,
    update,
)

from app.domain.audience import All, And, Areas, Attribute, ExternalIds, Languages, Not, Or, Rule, parse_rule
from app.domain.consent import ORDINARY, Asked, Hearing
from app.domain.message import CODE_MEDIA, Medium
from app.errors import not_found
from app.store import consents
from app.store.documents import check_revision
from app.store.ledger_tables import address, suppression
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, text_cursor
from app.store.tables import audience, audit, language_list, subscriber, subscriber_address


@dataclass(frozen=True, slots=True)
class AudienceRow:
    slug: str
    rule: dict[str, Any]
    """The document; `parse_rule` of it is the typed rule."""
    revision: int

    def typed(self) -> Rule:
        return parse_rule(self.rule)


def get(connection: Connection, slug: str) -> AudienceRow:
    found = find(connection, slug)
    if found is None:
        raise not_found("audience", slug)
    return found


def find(connection: Connection, slug: str) -> AudienceRow | None:
    row = connection.execute(select(audience).where(audience.c.slug == slug)).one_or_none()
    return None if row is None else _audience(row)


def page(connection: Connection, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT) -> Page[AudienceRow]:
    query = select(audience).order_by(audience.c.slug).limit(check_limit(limit) + 1)
    after = text_cursor(cursor)
    if after is not None:
        query = query.where(audience.c.slug > after)
    return cut_page(connection.execute(query).all(), limit, _audience, lambda row: row.slug)


def save(connection: Connection, slug: str, rule: Mapping[str, object], expected_revision: int | None) -> AudienceRow:
    """Insert or replace. Raise Conflict (code `stale_edit`) when somebody saved in between."""
    before = connection.execute(select(audience.c.revision).where(audience.c.slug == slug).with_for_update()).scalar()
    check_revision(expected_revision, before or 0)
    values = {"rule": dict(rule), "revision": (before or 0) + 1}
    if before is None:
        connection.execute(insert(audience).values(slug=slug, **values))
    else:
        connection.execute(update(audience).where(audience.c.slug == slug).values(**values))
    return get(connection, slug)


def remove(connection: Connection, slug: str, expected_revision: int | None) -> AudienceRow:
    """The audience as it was; what was frozen from it stays."""
    before = get(connection, slug)
    check_revision(expected_revision, before.revision)
    connection.execute(delete(audience).where(audience.c.slug == slug))
    return before


def members(rule: Rule) -> ColumnElement[bool]:
    """The condition over `subscriber` that holds for exactly the people meant."""
    match rule:
        case All():
            return true()
        case Languages(codes):
            lists = literal(",").concat(language_list.c.languages).concat(",")
            ends = [f",{code}{end}" for code in codes for end in (",", "-")]  # pt means pt-BR too
            speaks = or_(*(lists.contains(end, autoescape=True) for end in ends))
            return subscriber.c.language_list_id.in_(select(language_list.c.id).where(speaks))
        case Areas(names):
            return subscriber.c.area.in_(names)
        case ExternalIds(ids):
            return subscriber.c.external_id.in_(ids)
        case Attribute(name, value):
            # a person without the column has no value, which `not` must count as "another value"
            return func.coalesce(subscriber.c.attributes[name].as_string() == value, False)
        case And(rules):
            return and_(*(members(part) for part in rules))
        case Or(rules):
            return or_(*(members(part) for part in rules))
        case Not(inner):
            return not_(members(inner))


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
    return connection.execute(select(func.count()).select_from(subscriber).where(members(rule))).scalar_one()


def count_by_medium(connection: Connection, rule: Rule, asked: Asked = ORDINARY) -> dict[Medium, int]:
    """How many different addresses would be written to now: preferred, not erased, not suppressed, with consent."""
    query = _reachable(rule, consents.hearing(connection, asked), subscriber_address.c.medium)
    return {CODE_MEDIA[medium]: number for medium, number in connection.execute(query)}


def count_left_out(connection: Connection, rule: Rule, asked: Asked) -> dict[tuple[Medium, Hearing], int]:
    """Members who are not written to by a medium because they did not agree to it, and why."""
    return consents.count_left_out(connection, members(rule), asked)


def _reachable(rule: Rule, hears: ColumnElement[bool], *by: ColumnElement[int]) -> Select[*tuple[Any, ...]]:
    return (
        select(*by, func.count(subscriber_address.c.address_id.distinct()))
        .join(subscriber, subscriber.c.id == subscriber_address.c.subscriber_id)
        .join(address, address.c.id == subscriber_address.c.address_id)
        .outerjoin(suppression, suppression.c.address_id == address.c.id)
        .where(
            members(rule),
            hears,
            subscriber_address.c.preferred,
            address.c.value.is_not(None),
            suppression.c.address_id.is_(None),
        )
        .group_by(*by)
    )


def count_by_list(connection: Connection, rule: Rule, asked: Asked = ORDINARY) -> dict[tuple[Medium, int], int]:
    """As `count_by_medium`, for each list of languages apart."""
    hears = consents.hearing(connection, asked)
    query = _reachable(rule, hears, subscriber_address.c.medium, subscriber.c.language_list_id)
    return {(CODE_MEDIA[medium], number): count for medium, number, count in connection.execute(query)}


def _audience(row: Row[Any]) -> AudienceRow:
    return AudienceRow(row.slug, row.rule, row.revision)
