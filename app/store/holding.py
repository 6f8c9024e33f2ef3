"""What `domain.explaining` must know of an update and of the engine, in a few short queries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, case, func, select

from app.clock import from_ms, to_ms
from app.domain.delivery import Why
from app.domain.explaining import EndpointFacts, Group, UpdateFacts
from app.domain.message import CODE_MEDIA
from app.store import courtesies, endpoints
from app.store.courtesies import NOBODY, PutOff
from app.store.ledger_tables import broadcast, due, shard
from app.store.mercy_tables import breaker
from app.store.tables import audit
from app.store.updates import UpdateRow

_SETTLED = ("accepted", "failed", "suppressed", "superseded", "expired", "cancelled", "dead")
_WAITING = ("retrying", "returned", "unsure")
_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "paused": ("pause_update", "submit_update"),
    "cancelled": ("cancel_update",),
}


def facts(connection: Connection, row: UpdateRow) -> UpdateFacts:
    """Counters and small indexes only; one look at the due rows of this broadcast."""
    own = select(broadcast).where(broadcast.c.id == row.broadcast_id)
    found = None if row.broadcast_id is None else connection.execute(own).one_or_none()
    expires = row.document.get("expires_at")
    return UpdateFacts(
        id=row.id,
        state=row.state,
        recipients=row.recipients,
        groups=[] if found is None else groups(connection, found.id),
        reason=row.reason or "",
        by=_by(connection, row),
        submitted_by=row.submitted_by or "",
        sent_at=_at(found.sent_ms) if found is not None else row.sent_at,
        expires_at=_at(found.expires_ms) if found is not None else _parsed(expires),
        canary_until=_at(found.canary_until_ms) if found is not None else None,
        site_waits_until=_at(found.site_bound_ms) if found is not None and not found.site_confirmed_ms else None,
    )


def groups(connection: Connection, broadcast_id: int) -> list[Group]:
    """One for each endpoint and medium of the broadcast."""
    left = case((shard.c.rest_state.is_(None), shard.c.size - shard.c.admitted), else_=0)
    first = func.min(case((left > 0, shard.c.not_before_ms), else_=None))
    sums = [func.sum(shard.c[name]).label(name) for name in ("size", "admitted", *_SETTLED, *_WAITING)]
    rows = connection.execute(
        select(shard.c.endpoint, shard.c.medium, func.sum(left).label("never"), first.label("first"), *sums)
        .where(shard.c.broadcast == broadcast_id)
        .group_by(shard.c.endpoint, shard.c.medium)
        .order_by(shard.c.medium, shard.c.endpoint)
    ).all()
    standing, spared = _standing(connection, broadcast_id), courtesies.put_off(connection, broadcast_id)
    known = endpoint_facts(connection)
    return [
        _group(row, known[row.endpoint], standing.get(key, (0, None)), spared.get(key, NOBODY))
        for row in rows
        for key in [(row.endpoint, row.medium)]
    ]


def endpoint_facts(connection: Connection) -> dict[int, EndpointFacts]:
    """Every endpoint with its breaker, by id."""
    rests = {row.endpoint: row for row in connection.execute(select(breaker).where(breaker.c.state != "closed"))}
    return {
        each.id: EndpointFacts(
            each.slug,
            each.rate_per_second,
            each.halted_reason or "",
            _at(rests[each.id].since_ms) if each.id in rests else None,
            rests[each.id].reason if each.id in rests else "",
            _at(rests[each.id].until_ms) if each.id in rests else None,
        )
        for each in endpoints.everything(connection)
    }


def database_ms(connection: Connection) -> int | None:
    """The database server's own clock; None where it is ours (SQLite)."""
    if connection.dialect.name == "sqlite":
        return None
    now = connection.scalar(select(func.clock_timestamp()))
    return to_ms(now) if isinstance(now, datetime) else None


def _group(row: Row[Any], endpoint: EndpointFacts, standing: tuple[int, int | None], off: PutOff) -> Group:
    answered = sum(int(getattr(row, name)) for name in (*_SETTLED, *_WAITING))
    parked, next_ms = standing
    return Group(
        endpoint,
        CODE_MEDIA[row.medium],
        size=int(row.size),
        queued=int(row.never) + int(row.returned),
        retrying=int(row.retrying),
        sending=max(0, int(row.admitted) - answered),
        unsure=int(row.unsure),
        parked=parked,
        suppressed=int(row.suppressed),
        not_before=_at(row.first),
        next_try=_at(next_ms),
        asleep=off.asleep,
        lost=off.lost,
        wakes=_at(off.first_ms),
        last_wakes=_at(off.last_ms),
        elsewhere=off.elsewhere,
    )


def _standing(connection: Connection, broadcast_id: int) -> dict[tuple[int, int], tuple[int, int | None]]:
    """Per endpoint and medium: how many wait for a person, and when the next one is tried again."""
    parked = func.sum(case(((due.c.why == Why.UNKNOWN.value) & due.c.due_ms.is_(None), 1), else_=0))
    soon = func.min(case((due.c.why == Why.RETRY.value, due.c.due_ms), else_=None))
    rows = connection.execute(
        select(due.c.endpoint, due.c.medium, parked.label("parked"), soon.label("soon"))
        .where(due.c.broadcast == broadcast_id)
        .group_by(due.c.endpoint, due.c.medium)
    )
    return {(row.endpoint, row.medium): (int(row.parked), row.soon) for row in rows}


def _by(connection: Connection, row: UpdateRow) -> str:
    acts = _BY.get(row.state.value)
    if acts is None:
        return ""
    mine = (audit.c.subject == f"update/{row.id}") & audit.c.action.in_(acts)
    return connection.scalar(select(audit.c.actor).where(mine).order_by(audit.c.seq.desc()).limit(1)) or ""


def _at(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(int(ms))


def _parsed(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
