"""One update as the API shows it: its life, its counts, and when the last waiting delivery will have left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from app.api.answers import EndpointProgress, UpdateHead, UpdateView
from app.clock import from_ms
from app.domain.crisis import ENDED, MOVING, UpdateState
from app.domain.delivery import State
from app.domain.pacing import seconds_left
from app.store import deliveries, endpoints, paced, updates
from app.store.database import Database
from app.store.deliveries import EndpointCounts
from app.store.updates import UpdateRow

_WAITING: Final = (State.QUEUED, State.SENDING, State.RETRY_WAIT)


def head(row: UpdateRow) -> UpdateHead:
    return UpdateHead.model_validate(_head(row))


def view(db: Database, update_id: int, now: datetime) -> UpdateView:
    """One consistent picture. Raises NotFound."""
    with db.reading() as connection:
        row = updates.get(connection, update_id)
        lines = deliveries.counts_by_endpoint(connection, row.broadcast_id) if row.broadcast_id is not None else []
        last_ms = paced.last_start_ms(connection, row.broadcast_id) if row.broadcast_id is not None else None
        rates = {each.slug: each.rate_per_second for each in endpoints.everything(connection)}
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
            "per_endpoint": [_line(line) for line in lines],
            "eta": _eta(lines, rates, now, last_ms) if row.state in (*MOVING, UpdateState.RELEASING) else None,
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


def _line(line: EndpointCounts) -> EndpointProgress:
    counts = {state.value: count for state, count in line.counts.items()}
    return EndpointProgress(endpoint=line.endpoint, medium=line.medium.value, size=line.size, counts=counts)


def _eta(
    lines: Sequence[EndpointCounts], rates: Mapping[str, float], now: datetime, last_ms: int | None
) -> datetime | None:
    """Endpoints send side by side, so the slowest one decides; of a paced update its last shard."""
    waiting = [(sum(line.counts[state] for state in _WAITING), rates[line.endpoint]) for line in lines]
    slowest = max((seconds_left(number, rate) for number, rate in waiting), default=0.0)
    if not slowest > 0:
        return None
    soonest = now + timedelta(seconds=slowest)
    return soonest if last_ms is None else max(soonest, from_ms(last_ms))
