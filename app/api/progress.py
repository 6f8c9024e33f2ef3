"""One update as the API shows it: its life, its counts, and when the last waiting delivery will have left."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from app.api.answers import EndpointProgress, UpdateHead, UpdateView
from app.domain.crisis import ENDED, UpdateState
from app.store import staging, to_come, updates
from app.store.database import Database
from app.store.deliveries import EndpointCounts
from app.store.staging import Listed
from app.store.updates import UpdateRow
from app.usecases.foresee_end import WAITING, foresee


def head(row: UpdateRow) -> UpdateHead:
    return UpdateHead.model_validate(_head(row))


def view(db: Database, update_id: int, now: datetime) -> UpdateView:
    """One consistent picture. Raises NotFound."""
    with db.reading() as connection:
        row = updates.get(connection, update_id)
        seen = foresee(connection, row, now)
        listed = staging.listed_of(connection, row.broadcast_id) if row.broadcast_id is not None else []
        came = to_come.of_broadcast(connection, row.broadcast_id) if row.broadcast_id is not None else {}
    waiting = {one.language: one.readers for one in came.values() if one.taken_by is None}
    return UpdateView.model_validate(
        {
            **_head(row),
            "content_hash": row.content_hash,
            "document": row.document,
            "corrects": row.corrects,
            "completes": row.completes,
            "waiting": waiting,
            "submitted_by": row.submitted_by,
            "approved_at": row.approved_at,
            "approved_by": row.approved_by,
            "ended_at": row.ended_at,
            "reason": row.reason,
            "listed": [_listed(row, one) for one in listed],
            "counts": {state.value: count for state, count in seen.counts.items()},
            "spared": {reason.value: count for reason, count in seen.spared.items()},
            "undo_until": row.sent_at if row.state is UpdateState.RELEASING else None,
            "per_endpoint": [_line(line, eta) for line, eta in zip(seen.lines, seen.etas, strict=True)],
            "eta": seen.eta,
            "asleep": seen.asleep,
        }
    )


def settled(shown: UpdateView) -> bool:
    """Whether nothing of it will change any more by itself."""
    return UpdateState(shown.state) in ENDED and not any(shown.counts.get(state, 0) for state in WAITING)


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


def _listed(row: UpdateRow, one: Listed) -> dict[str, Any]:
    others = row.document.get("variants") or ()
    slug = others[one.variant - 1]["audience"] if 0 < one.variant <= len(others) else row.document.get("audience")
    return {**asdict(one), "medium": one.medium.value, "audience": slug or ""}


def _line(line: EndpointCounts, eta: datetime | None) -> EndpointProgress:
    counts = {state.value: count for state, count in line.counts.items()}
    return EndpointProgress(endpoint=line.endpoint, medium=line.medium.value, size=line.size, counts=counts, eta=eta)
