"""Audiences: named, saved selections of subscribers, compiled to SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, select, update

from app.domain.audience_documents import parse_rule, rule_document
from app.domain.audience_rules import Condition, Rule, Saved, replaced
from app.domain.audience_words import rule_text
from app.domain.consent import ORDINARY, Asked, Hearing
from app.domain.message import CODE_MEDIA, MEDIUM_CODES, Medium
from app.errors import Invalid, Problem, not_found
from app.store import consents, documents, membership
from app.store.documents import Kind, check_revision
from app.store.ledger_tables import address, suppression
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, text_cursor
from app.store.tables import audience, audit, frozen_audience, subscriber, subscriber_address


@dataclass(frozen=True, slots=True)
class AudienceRow:
    slug: str
    rule: dict[str, Any]
    """The document; `parse_rule` of it is the typed rule."""
    revision: int

    def typed(self) -> Rule:
        return parse_rule(self.rule)

    @property
    def text(self) -> str:
        """The same rule in the words of `domain.audience_text`."""
        return rule_text(self.typed())


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


def everything(connection: Connection) -> list[AudienceRow]:
    """By slug."""
    return [_audience(row) for row in connection.execute(select(audience).order_by(audience.c.slug))]


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


def resolved(connection: Connection, rule: Rule, within: tuple[str, ...] = ()) -> Rule:
    """The rule with other saved audiences in the places where it names them.

    Raise Invalid when one of them is not there, or would have to contain itself; `within`: the audiences around it.
    """

    def own(part: Condition) -> Rule:
        if not isinstance(part, Saved):
            return part
        if part.slug in within:
            raise Invalid(_circle((*within, part.slug)))
        inner = find(connection, part.slug)
        if inner is None:
            near = get_close_matches(part.slug, connection.scalars(select(audience.c.slug)), 1)
            remedy = f"Did you mean “{near[0]}”?" if near else "Save that audience first."
            raise Invalid(Problem("unknown_audience", f"There is no audience “{part.slug}”.", "rule", remedy))
        return resolved(connection, inner.typed(), (*within, part.slug))

    return replaced(rule, own)


def _circle(slugs: tuple[str, ...]) -> Problem:
    way = " → ".join(slugs)
    remedy = "Name another audience, or write the conditions out."
    return Problem("audience_cycle", f"This audience would have to contain itself: {way}.", "rule", remedy)


def members(connection: Connection, rule: Rule) -> ColumnElement[bool]:
    """The condition over `subscriber` that holds for exactly the people meant, as of now. Raise as `resolved`."""
    return membership.members(connection, resolved(connection, rule))


def unknown_areas(connection: Connection, names: Sequence[str]) -> list[str]:
    """Those of these names that nothing and nobody has."""
    placed = _named_areas(connection)
    found = [name for name in names if name not in placed]
    lived_in = select(subscriber.c.area).where(subscriber.c.area.in_(found)).distinct()
    known = set(connection.scalars(lived_in)) if found else set()
    return [name for name in found if name not in known]


def known_areas(connection: Connection) -> list[str]:
    """Of the registry, of contact channels and of subscribers, by name."""
    lived_in = select(subscriber.c.area).where(subscriber.c.area != "").distinct()
    return sorted({*_named_areas(connection), *connection.scalars(lived_in)})


def _named_areas(connection: Connection) -> set[str]:
    own = {row.slug for row in documents.everything(connection, Kind.AREA)}
    channels = documents.everything(connection, Kind.CONTACT_CHANNEL)
    return own | {str(area) for row in channels for area in row.document.get("areas") or ()}


def freeze(connection: Connection, broadcast: int, rules: Mapping[int, tuple[str, Rule]]) -> None:
    """Keep whom a broadcast is for: the audience's slug and its resolved rule, by variant."""
    rows = [
        {"broadcast": broadcast, "variant": variant, "slug": slug, "rule": rule_document(rule)}
        for variant, (slug, rule) in rules.items()
    ]
    if rows:
        connection.execute(insert(frozen_audience), rows)


def frozen(connection: Connection, broadcast: int) -> dict[int, Rule]:
    """By variant, 0 = everybody it is for; empty for a broadcast that was not listed by rules."""
    query = select(frozen_audience.c.variant, frozen_audience.c.rule).where(frozen_audience.c.broadcast == broadcast)
    return {row.variant: parse_rule(row.rule) for row in connection.execute(query.order_by(frozen_audience.c.variant))}


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
    return connection.execute(select(func.count()).select_from(subscriber).where(meant)).scalar_one()


def count_by_medium(connection: Connection, rule: Rule, asked: Asked = ORDINARY) -> dict[Medium, int]:
    """How many different addresses would be written to now: preferred, not erased, not suppressed, with consent."""
    query = _reachable(members(connection, rule), consents.hearing(connection, asked), subscriber_address.c.medium)
    return {CODE_MEDIA[medium]: number for medium, number in connection.execute(query)}


def count_left_out(connection: Connection, rule: Rule, asked: Asked) -> dict[tuple[Medium, Hearing], int]:
    """Members who are not written to by a medium because they did not agree to it, and why."""
    return consents.count_left_out(connection, members(connection, rule), asked)


def count_by_zone(connection: Connection, rule: Rule, media: Collection[Medium], asked: Asked) -> dict[str, int]:
    """How many addresses of these media would be written to now, by the time zone of their people: one that people of
    two zones share counts in both.
    """
    mine = subscriber_address.c.medium.in_([MEDIUM_CODES[medium] for medium in media])
    meant, hears = members(connection, rule), consents.hearing(connection, asked)
    rows = connection.execute(_reachable(meant, hears, subscriber.c.timezone).where(mine))
    return {str(zone): int(number) for zone, number in rows}


def _reachable(
    meant: ColumnElement[bool], hears: ColumnElement[bool], *by: ColumnElement[Any]
) -> Select[*tuple[Any, ...]]:
    return (
        select(*by, func.count(subscriber_address.c.address_id.distinct()))
        .join(subscriber, subscriber.c.id == subscriber_address.c.subscriber_id)
        .join(address, address.c.id == subscriber_address.c.address_id)
        .outerjoin(suppression, suppression.c.address_id == address.c.id)
        .where(
            meant,
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
    query = _reachable(members(connection, rule), hears, subscriber_address.c.medium, subscriber.c.language_list_id)
    return {(CODE_MEDIA[medium], number): count for medium, number, count in connection.execute(query)}


def _audience(row: Row[Any]) -> AudienceRow:
    return AudienceRow(row.slug, row.rule, row.revision)
