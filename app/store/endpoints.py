"""Endpoints with their sealed secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from app.domain.endpoints import Endpoint
from app.domain.message import Medium
from app.errors import not_found
from app.store.documents import check_revision
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, text_cursor
from app.store.tables import endpoint


@dataclass(frozen=True, slots=True)
class EndpointValues:
    """What a save writes."""

    channel: str
    medium: Medium
    settings: Mapping[str, object]
    secrets: bytes
    rate_per_second: float
    weight: int
    fallback_for: str | None


def get(connection: Connection, slug: str) -> Endpoint:
    found = find(connection, slug)
    if found is None:
        raise not_found("endpoint", slug)
    return found


def find(connection: Connection, slug: str) -> Endpoint | None:
    row = connection.execute(select(endpoint).where(endpoint.c.slug == slug)).one_or_none()
    return None if row is None else _endpoint(row)


def by_id(connection: Connection, endpoint_id: int) -> Endpoint:
    row = connection.execute(select(endpoint).where(endpoint.c.id == endpoint_id)).one_or_none()
    if row is None:
        raise not_found("endpoint", endpoint_id)
    return _endpoint(row)


def everything(connection: Connection) -> list[Endpoint]:
    """All endpoints, in the order they were made."""
    return [_endpoint(row) for row in connection.execute(select(endpoint).order_by(endpoint.c.id))]


def push_key(connection: Connection) -> str:
    """The public key (VAPID) that browsers subscribe with; "" while no endpoint has one."""
    able = (one for one in everything(connection) if one.medium is Medium.PUSH and not one.halted_reason)
    return next((str(one.settings["public_key"]) for one in able if one.settings.get("public_key")), "")


def bot_name(connection: Connection) -> str:
    """Of the bot by which people may link a chat to themselves; "" while there is none."""
    able = (one for one in everything(connection) if one.medium is Medium.CHAT and not one.halted_reason)
    return next((str(one.settings["bot_name"]) for one in able if one.settings.get("bot_name")), "")


def page(connection: Connection, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT) -> Page[Endpoint]:
    query = select(endpoint).order_by(endpoint.c.slug).limit(check_limit(limit) + 1)
    after = text_cursor(cursor)
    if after is not None:
        query = query.where(endpoint.c.slug > after)
    return cut_page(connection.execute(query).all(), limit, _endpoint, lambda row: row.slug)


def save(connection: Connection, slug: str, values: EndpointValues, expected_revision: int | None) -> Endpoint:
    """Insert or replace; saving lifts a halt, because it is how a wrong account is mended.

    Raise Conflict (code `stale_edit`) when somebody saved in between.
    """
    before = connection.execute(select(endpoint.c.revision).where(endpoint.c.slug == slug).with_for_update()).scalar()
    check_revision(expected_revision, before or 0)
    columns: dict[str, Any] = {
        "channel": values.channel,
        "medium": values.medium.value,
        "settings": dict(values.settings),
        "secrets": values.secrets,
        "rate_per_second": values.rate_per_second,
        "weight": values.weight,
        "fallback_for": values.fallback_for,
        "revision": (before or 0) + 1,
        "halted_reason": None,
        "halted_at": None,
    }
    if before is None:
        connection.execute(insert(endpoint).values(slug=slug, **columns))
    else:
        connection.execute(update(endpoint).where(endpoint.c.slug == slug).values(**columns))
    return get(connection, slug)


def remove(connection: Connection, slug: str) -> Endpoint:
    """The endpoint as it was."""
    before = get(connection, slug)
    connection.execute(delete(endpoint).where(endpoint.c.slug == slug))
    return before


def reseal(connection: Connection, endpoint_id: int, secrets: bytes) -> None:
    """The same secrets sealed by another key: nothing about the endpoint changes, so its revision stays."""
    connection.execute(update(endpoint).where(endpoint.c.id == endpoint_id).values(secrets=secrets))


def halt(connection: Connection, endpoint_id: int, revision: int, reason: str, now: datetime) -> bool:
    """Stop admitting on it until somebody saves or releases it. False when it is halted already, or was changed since
    the fault was seen at this revision.
    """
    mine = (endpoint.c.id == endpoint_id) & (endpoint.c.revision == revision) & endpoint.c.halted_reason.is_(None)
    halted = connection.execute(update(endpoint).where(mine).values(halted_reason=reason[:200], halted_at=now))
    return halted.rowcount == 1


def release(connection: Connection, endpoint_id: int) -> Endpoint:
    """Lift the halt without a change of settings; a revision of its own, so that every worker opens it anew."""
    mine = endpoint.c.id == endpoint_id
    values = {"halted_reason": None, "halted_at": None, "revision": endpoint.c.revision + 1}
    connection.execute(update(endpoint).where(mine).values(values))
    return by_id(connection, endpoint_id)


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        id=row.id,
        slug=row.slug,
        channel=row.channel,
        medium=Medium(row.medium),
        settings=row.settings,
        secrets=row.secrets,
        rate_per_second=row.rate_per_second,
        weight=row.weight,
        fallback_for=row.fallback_for,
        revision=row.revision,
        halted_reason=row.halted_reason,
        halted_at=row.halted_at,
    )
