"""A person decides about deliveries of which nobody can find out whether they arrived."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from app.clock import to_ms
from app.domain.delivery import Event, Result, Why
from app.domain.principals import Actor, permit
from app.errors import Conflict, Problem
from app.store import audit, crises, settling, unknowns, updates
from app.store.database import Database
from app.store.settling import Settled
from app.store.unknowns import Unsure

ROWS_A_STEP = 1_000


class UnknownDecision(StrEnum):
    RESEND = "resend"
    """Some people may get it twice; every such delivery is flagged."""
    ACCEPT_AS_SENT = "accept_as_sent"
    """Some people may never have got it."""


def settle_unknown(db: Database, actor: Actor, update_id: int, decision: UnknownDecision, now: datetime) -> int:
    """Decide for all unknown deliveries of the update at once; how many were decided."""
    permit(actor, "settle_unknown")
    with db.reading() as connection:
        row = updates.get(connection, update_id)
    if row.broadcast_id is None:
        raise Conflict(Problem("not_sent", "This update was never sent.", "state", "There is nothing to decide."))
    total = 0
    while True:
        with db.writing() as tx:
            found = unknowns.page(tx, row.broadcast_id, ROWS_A_STEP)
            settling.settle(tx, [_decided(unsure, decision, to_ms(now)) for unsure in found])
            total += len(found)
            if len(found) < ROWS_A_STEP:
                body = {"update": update_id, "decision": decision.value, "deliveries": total}
                crises.add_timeline(tx, row.crisis, actor.name, "unknown_decided", body, now)
                audit.append(tx, actor.name, "settle_unknown", f"update/{update_id}", body, now)
                return total


def _decided(unsure: Unsure, decision: UnknownDecision, now_ms: int) -> Settled:
    sent = decision is UnknownDecision.ACCEPT_AS_SENT
    return Settled(
        broadcast=unsure.broadcast,
        medium=unsure.medium,
        address_id=unsure.address_id,
        shard=unsure.shard,
        endpoint=unsure.endpoint,
        lane=unsure.lane,
        attempt=unsure.attempt if sent else unsure.attempt + 1,
        result=Result.ACCEPTED if sent else None,
        reason=(Event.DECIDED_SENT if sent else Event.DECIDED_RESEND).value,
        at_ms=now_ms,
        was=Why.UNKNOWN,
        again=None if sent else Why.RETRY,
        due_ms=None if sent else now_ms,
        since_ms=unsure.since_ms,
        fence=unsure.fence,
    )
