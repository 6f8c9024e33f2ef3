"""The service stops a broadcast by itself; only a person lets it go on."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from app.domain.crisis import MOVING, Action, move
from app.domain.halting import Counts, Sign
from app.domain.staff_notices import Notice, NoticeKind
from app.store import audit, crises, endpoints, stopping, updates
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases.tell_staff import tell_staff

ENGINE: Final = "engine"


def halt_update(
    db: Database, update_id: int, sign: Sign, endpoint_id: int, counts: Counts, now: datetime
) -> UpdateRow | None:
    """Nothing more is admitted; staff see why and are told. None when it was not moving any more.

    `counts` at `endpoint_id` are what gave the sign. The update's reason is the sign's value.
    """
    with db.writing() as tx:
        row = updates.get(tx, update_id, lock=True)
        if row.state not in MOVING or row.broadcast_id is None:
            return None
        stopped = stopping.pause(tx, row.broadcast_id)
        changed = updates.change(tx, update_id, row.state, state=move(row.state, Action.HALT), reason=sign.value)
        body = {
            "update": update_id,
            "reason": sign.value,
            "endpoint": endpoints.by_id(tx, endpoint_id).slug,
            **counts._asdict(),
            "in_flight": stopped.in_flight,
            "out": stopped.out,
        }
        crises.add_timeline(tx, row.crisis, ENGINE, "update_halted", body, now)
        severity = crises.get(tx, row.crisis).severity
        why = {"reason": f"{sign.value} at {body['endpoint']}"}
        tell_staff(tx, Notice(NoticeKind.UPDATE_HALTED, str(update_id), now.isoformat(), severity, why), now)
        audit.append(tx, ENGINE, "halt_update", f"update/{update_id}", body, now)
    return changed
