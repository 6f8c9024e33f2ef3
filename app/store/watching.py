"""What a watchdog asks: has anything been taken of what was sent, and is anybody at work."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from app.clock import to_ms
from app.domain.crisis import MOVING, Severity
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.planning import Lane
from app.store.courtesy_tables import quiet_wait
from app.store.duty_tables import duty
from app.store.ledger_tables import broadcast, shard
from app.store.tables import crisis, publish_request, update
from app.store.upsert import insert_or_update

WATCH = "watch"
"""A duty without an owner: `lease_until_ms` keeps since when it has been done."""


@dataclass(frozen=True, slots=True)
class Unheard:
    """An update that goes out and of which no provider has taken anything."""

    update_id: int
    revision: int
    crisis: str
    severity: Severity
    sent_at: datetime


def unheard(connection: Connection, severities: Collection[Severity], before: datetime, now: datetime) -> list[Unheard]:
    """Sent before that moment, live; the website does not count where it goes elsewhere too, nor whoever sleeps."""
    sleepers = (
        select(func.coalesce(func.sum(quiet_wait.c.people), 0))
        .where(quiet_wait.c.broadcast == update.c.broadcast_id, quiet_wait.c.until_ms > to_ms(now))
        .correlate(update)
        .scalar_subquery()
    )
    site = shard.c.medium == MEDIUM_CODES[Medium.SITE]
    others = func.sum(shard.c.size).filter(~site)
    taken = func.sum(shard.c.accepted).filter(~site)
    query = (
        select(update.c.id, update.c.revision, update.c.crisis, crisis.c.severity, update.c.sent_at)
        .join(crisis, crisis.c.slug == update.c.crisis)
        .join(broadcast, broadcast.c.id == update.c.broadcast_id)
        .join(shard, shard.c.broadcast == broadcast.c.id)
        .where(
            update.c.state.in_([state.value for state in MOVING]),
            broadcast.c.drill == 0,
            crisis.c.severity.in_([severity.value for severity in severities]),
            update.c.sent_at <= before,
        )
        .group_by(
            update.c.broadcast_id, update.c.id, update.c.revision, update.c.crisis, crisis.c.severity, update.c.sent_at
        )
        .having(
            (func.coalesce(others, 0) > sleepers) & (func.coalesce(taken, 0) == 0)
            | (func.coalesce(others, 0) == 0) & (func.sum(shard.c.accepted) == 0)
        )
    )
    return [
        Unheard(row.id, row.revision, row.crisis, Severity(row.severity), row.sent_at)
        for row in connection.execute(query.order_by(update.c.id))
    ]


def waves_to_come(connection: Connection, now_ms: int) -> list[int]:
    """Live updates with shards that have not begun and are not due yet; no drills, emergencies or corrections."""
    waits = (shard.c.not_before_ms > now_ms) & (shard.c.admitted == 0) & shard.c.rest_state.is_(None)
    query = (
        select(update.c.id)
        .distinct()
        .join(broadcast, broadcast.c.id == update.c.broadcast_id)
        .join(shard, shard.c.broadcast == broadcast.c.id)
        .where(
            update.c.state.in_([state.value for state in MOVING]),
            broadcast.c.drill == 0,
            broadcast.c.lane > int(Lane.EMERGENCY),
            waits,
        )
    )
    return list(connection.scalars(query.order_by(update.c.id)))


def oldest_request(connection: Connection) -> datetime | None:
    """Since when the website has not followed a change; None = it is up to date."""
    query = select(publish_request.c.at).where(publish_request.c.done_at.is_(None)).order_by(publish_request.c.id)
    found: datetime | None = connection.scalar(query.limit(1))
    return found


def watched_since(connection: Connection, now_ms: int, gap_ms: int) -> int:
    """Since when somebody has looked without a longer break than this, with this look."""
    found = connection.execute(select(duty.c.done_ms, duty.c.lease_until_ms).where(duty.c.name == WATCH)).one_or_none()
    goes_on = found is not None and found.done_ms is not None and now_ms - found.done_ms <= gap_ms
    since = int(found.lease_until_ms) if found is not None and goes_on else now_ms
    row = {"name": WATCH, "owner": "", "lease_until_ms": since, "done_ms": now_ms}
    insert_or_update(connection, duty, [row], ["name"], ["lease_until_ms", "done_ms"])
    return since


def alive(connection: Connection, name: str, now_ms: int) -> None:
    """Whoever does this duty has just done it."""
    row = {"name": name, "owner": "", "lease_until_ms": 0, "done_ms": now_ms}
    insert_or_update(connection, duty, [row], ["name"], ["done_ms"])
