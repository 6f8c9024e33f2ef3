"""Crises with their facts and timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from app.domain.crisis import CrisisState, Severity
from app.errors import Conflict, Problem, not_found
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, number_cursor, text_cursor
from app.store.tables import crisis, fact, timeline


@dataclass(frozen=True, slots=True)
class CrisisRow:
    slug: str
    titles: dict[str, str]
    severity: Severity
    state: CrisisState
    playbook: str | None
    opened_at: datetime
    resolved_at: datetime | None
    revision: int


@dataclass(frozen=True, slots=True)
class FactRow:
    id: int
    crisis: str
    name: str
    value: Any
    """Whatever JSON was recorded."""
    source: str
    at: datetime
    stale_at: datetime | None
    """From then on the fact must be checked again before it is repeated; None = it does not age."""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    id: int
    crisis: str
    at: datetime
    actor: str
    kind: str
    body: dict[str, Any]


def add(connection: Connection, row: CrisisRow) -> None:
    """Raise Conflict (code `crisis_exists`) when the slug is taken, also by a resolved crisis."""
    taken = connection.execute(select(crisis.c.slug).where(crisis.c.slug == row.slug)).first()
    if taken is not None:
        raise Conflict(
            Problem(
                "crisis_exists",
                f"There is already a crisis “{row.slug}”.",
                "slug",
                "Choose another slug, for example with the date at its end.",
            )
        )
    connection.execute(
        insert(crisis).values(
            slug=row.slug,
            titles=row.titles,
            severity=row.severity.value,
            state=row.state.value,
            playbook=row.playbook,
            opened_at=row.opened_at,
            resolved_at=row.resolved_at,
            revision=row.revision,
        )
    )


def get(connection: Connection, slug: str, *, lock: bool = False) -> CrisisRow:
    """`lock` keeps others from changing it until the transaction ends."""
    query = select(crisis).where(crisis.c.slug == slug)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise not_found("crisis", slug)
    return _crisis(row)


def everything(connection: Connection) -> dict[str, CrisisRow]:
    """All crises by slug; two thousand take some twenty milliseconds."""
    return {row.slug: _crisis(row) for row in connection.execute(select(crisis))}


def page(
    connection: Connection, *, state: CrisisState | None = None, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[CrisisRow]:
    """By slug."""
    query = select(crisis).order_by(crisis.c.slug).limit(check_limit(limit) + 1)
    after = text_cursor(cursor)
    if after is not None:
        query = query.where(crisis.c.slug > after)
    if state is not None:
        query = query.where(crisis.c.state == state.value)
    return cut_page(connection.execute(query).all(), limit, _crisis, lambda row: row.slug)


def resolve(connection: Connection, slug: str, now: datetime) -> CrisisRow:
    connection.execute(
        update(crisis)
        .where(crisis.c.slug == slug)
        .values(state=CrisisState.RESOLVED.value, resolved_at=now, revision=crisis.c.revision + 1)
    )
    return get(connection, slug)


def change_severity(connection: Connection, slug: str, severity: Severity) -> CrisisRow:
    values = {"severity": severity.value, "revision": crisis.c.revision + 1}
    connection.execute(update(crisis).where(crisis.c.slug == slug).values(values))
    return get(connection, slug)


def add_fact(
    connection: Connection, slug: str, name: str, value: object, source: str, at: datetime, stale_at: datetime | None
) -> FactRow:
    key = connection.execute(
        insert(fact)
        .values(crisis=slug, name=name, value=value, source=source, at=at, stale_at=stale_at)
        .returning(fact.c.id)
    ).scalar_one()
    return FactRow(key, slug, name, value, source, at, stale_at)


def facts(connection: Connection, slug: str, *, until: datetime | None = None) -> dict[str, FactRow]:
    """The newest value of every fact, by name; those that were true by `until`."""
    query = select(fact).where(fact.c.crisis == slug).order_by(fact.c.at, fact.c.id)
    if until is not None:
        query = query.where(fact.c.at <= until)
    return {row.name: _fact(row) for row in connection.execute(query)}


def fact_page(
    connection: Connection, slug: str, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[FactRow]:
    """Everything ever recorded, newest first."""
    query = select(fact).where(fact.c.crisis == slug).order_by(fact.c.id.desc()).limit(check_limit(limit) + 1)
    before = number_cursor(cursor)
    if before is not None:
        query = query.where(fact.c.id < before)
    return cut_page(connection.execute(query).all(), limit, _fact, lambda row: row.id)


def add_timeline(
    connection: Connection, slug: str, actor_name: str, kind: str, body: Mapping[str, object], now: datetime
) -> None:
    connection.execute(insert(timeline).values(crisis=slug, at=now, actor=actor_name, kind=kind, body=dict(body)))


def timeline_page(
    connection: Connection, slug: str, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[TimelineRow]:
    """Newest first."""
    query = select(timeline).where(timeline.c.crisis == slug).order_by(timeline.c.id.desc())
    query = query.limit(check_limit(limit) + 1)
    before = number_cursor(cursor)
    if before is not None:
        query = query.where(timeline.c.id < before)
    return cut_page(connection.execute(query).all(), limit, _timeline, lambda row: row.id)


def _crisis(row: Row[Any]) -> CrisisRow:
    return CrisisRow(
        slug=row.slug,
        titles=row.titles,
        severity=Severity(row.severity),
        state=CrisisState(row.state),
        playbook=row.playbook,
        opened_at=row.opened_at,
        resolved_at=row.resolved_at,
        revision=row.revision,
    )


def _fact(row: Row[Any]) -> FactRow:
    return FactRow(row.id, row.crisis, row.name, row.value, row.source, row.at, row.stale_at)


def _timeline(row: Row[Any]) -> TimelineRow:
    return TimelineRow(row.id, row.crisis, row.at, row.actor, row.kind, row.body)
