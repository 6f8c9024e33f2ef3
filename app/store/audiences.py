"""Audiences: named, saved selections of subscribers, compiled to SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from app.domain.audience_documents import parse_rule, rule_document
from app.domain.audience_rules import Condition, Rule, Saved, replaced
from app.domain.audience_words import rule_text
from app.errors import Invalid, Problem, not_found
from app.store import documents, membership
from app.store.documents import Kind, check_revision
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, text_cursor
from app.store.tables import audience, frozen_audience, subscriber


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


def _audience(row: Row[Any]) -> AudienceRow:
    return AudienceRow(row.slug, row.rule, row.revision)
