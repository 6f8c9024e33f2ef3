"""Send now to those who sleep: somebody decides, with a reason, that this news is worth being woken for."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from app.clock import to_ms
from app.domain.crisis import LIVE
from app.domain.principals import Actor, permit
from app.errors import Conflict, Invalid, Problem
from app.store import audit, courtesies, crises, updates
from app.store.database import Database

ROWS_A_STEP: Final = 5_000


def wake_readers(db: Database, actor: Actor, update_id: int, reason: str, now: datetime) -> int:
    """Quiet hours hold nobody of this update back any more; how many were waiting. For approvers.

    Doing it again wakes whom an interrupted call has left. Raise Invalid without a reason, Conflict (`nobody_waits`)
    when it is not on its way or lets nobody sleep.
    """
    permit(actor, "wake_readers")
    if not reason.strip():
        raise Invalid(Problem("reason_missing", "Waking people needs a reason.", "reason", "Say why it cannot wait."))
    with db.writing() as tx:
        row = updates.get(tx, update_id, lock=True)
        waiting = 0
        if row.broadcast_id is not None and row.state in LIVE:
            waiting = courtesies.wake_all(tx, row.broadcast_id)
        if row.broadcast_id is None or not waiting:
            sentence = "Nobody waits for the end of their quiet hours."
            raise Conflict(Problem("nobody_waits", sentence, "state", "There is nothing to hurry."))
        body = {"update": update_id, "deliveries": waiting, "reason": reason}
        crises.add_timeline(tx, row.crisis, actor.name, "readers_woken", body, now)
        audit.append(tx, actor.name, "wake_readers", f"update/{update_id}", body, now)
    while True:
        with db.writing() as tx:
            if not courtesies.wake_some(tx, row.broadcast_id, to_ms(now), ROWS_A_STEP):
                return waiting
