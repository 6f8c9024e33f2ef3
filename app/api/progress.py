"""One update as the API shows it: its life, its counts, and when the last waiting delivery will have left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from app.api.answers import EndpointProgress, UpdateHead, UpdateView
from app.clock import to_ms
from app.domain.crisis import ENDED, MOVING, UpdateState
from app.domain.delivery import State
from app.domain.eta import Backlog, Seen, finishing, pace_of
from app.store import backlogs, breakers, deliveries, endpoints, pacing, updates
from app.store.breakers import OPEN
from app.store.database import Database
from app.store.deliveries import EndpointCounts
from app.store.updates import UpdateRow

FOREVER_SECONDS: Final = 10 * 365 * 86_400.0
_WAITING: Final = (State.QUEUED, State.SENDING, State.RETRY_WAIT)


def head(row: UpdateRow) -> UpdateHead:
    return UpdateHead.model_validate(_head(row))


def view(db: Database, update_id: int, now: datetime) -> UpdateView:
    """One consistent picture. Raises NotFound."""
    with db.reading() as connection:
        row = updates.get(connection, update_id)
        lines = deliveries.counts_by_endpoint(connection, row.broadcast_id) if row.broadcast_id is not None else []
        moving = row.state in MOVING or row.state is UpdateState.RELEASING
        ways = _ways(connection, now) if moving else {}
    etas = {line.endpoint: _eta(line, ways[line.endpoint], row.broadcast_id or 0, now) for line in lines if ways}
    return UpdateView.model_validate(
        {
            **_head(row),
            "content_hash": row.content_hash,
            "document": row.document,
            "corrects": row.corrects,
            "submitted_by": row.submitted_by,
            "approved_at": row.approved_at,
            "approved_by": row.approved_by,
            "ended_at": row.ended_at,
            "reason": row.reason,
            "counts": _total(lines),
            "undo_until": row.sent_at if row.state is UpdateState.RELEASING else None,
            "per_endpoint": [_line(line, etas.get(line.endpoint)) for line in lines],
            "eta": _last([(line, etas.get(line.endpoint)) for line in lines]),
        }
    )


def settled(shown: UpdateView) -> bool:
    """Whether nothing of it will change any more by itself."""
    return UpdateState(shown.state) in ENDED and not any(shown.counts.get(state, 0) for state in _WAITING)


def _head(row: UpdateRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "crisis": row.crisis,
        "stage": row.document.get("stage", ""),
        "state": row.state.value,
        "revision": row.revision,
        "audience": row.document.get("audience"),
        "recipients": row.recipients,
        "drill": bool(row.document.get("drill", False)),
        "created_at": row.created_at,
        "submitted_at": row.submitted_at,
        "sent_at": row.sent_at,
    }


def _total(lines: Sequence[EndpointCounts]) -> dict[str, int]:
    return {state.value: sum(line.counts[state] for line in lines) for state in State} if lines else {}


def _line(line: EndpointCounts, eta: datetime | None) -> EndpointProgress:
    counts = {state.value: count for state, count in line.counts.items()}
    return EndpointProgress(endpoint=line.endpoint, medium=line.medium.value, size=line.size, counts=counts, eta=eta)


@dataclass(frozen=True, slots=True)
class _Way:
    """One endpoint now: `rate` is None while nothing leaves, because it is halted or its breaker is open."""

    rate: float | None
    backlogs: Sequence[tuple[Backlog, Seen | None]]


def _ways(connection: Connection, now: datetime) -> dict[str, _Way]:
    now_ms = to_ms(now)
    waiting, shared = backlogs.by_endpoint(connection, now_ms), pacing.rates(connection)
    broken = {endpoint for endpoint, known in breakers.everything(connection).items() if known.state == OPEN}
    return {
        each.slug: _Way(
            None if each.halted_reason or each.id in broken else shared.get(each.id, each.rate_per_second),
            waiting.get(each.id, ()),
        )
        for each in endpoints.everything(connection)
    }


def _eta(line: EndpointCounts, way: _Way, broadcast_id: int, now: datetime) -> datetime | None:
    """Played forward with everything else that waits for this endpoint; None = nothing waits, or nobody can say."""
    if way.rate is None or not any(line.counts[state] for state in _WAITING):
        return None
    rate = pace_of(way.rate, [seen for _, seen in way.backlogs])
    seconds = finishing(rate, [backlog for backlog, _ in way.backlogs]).get(broadcast_id, 0.0)
    return now + timedelta(seconds=seconds) if seconds < FOREVER_SECONDS else None


def _last(etas: Sequence[tuple[EndpointCounts, datetime | None]]) -> datetime | None:
    """Endpoints send side by side, so the slowest decides; nobody can say while one that still has something stands."""
    found = [eta for line, eta in etas if any(line.counts[state] for state in _WAITING)]
    return max((eta for eta in found if eta is not None), default=None) if None not in found else None
