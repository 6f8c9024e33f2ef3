"""Somebody wants to hear from us again."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor, permit
from app.errors import Conflict, Invalid, Problem
from app.store import addresses, audit
from app.store.addresses import AddressRow
from app.store.database import Database


def lift_suppression(db: Database, actor: Actor, address_id: int, reason: str, now: datetime) -> AddressRow:
    """Only with a reason, which is kept: the person's own wish is the only good one.

    Raise Conflict (code `not_suppressed`) when the address is not on the list.
    """
    permit(actor, "lift_suppression")
    if not reason.strip():
        raise Invalid(
            Problem("reason_missing", "Lifting a suppression needs a reason.", "reason", "Say how the person asked.")
        )
    with db.writing() as tx:
        row = addresses.get(tx, address_id)
        if not addresses.lift(tx, address_id):
            raise Conflict(
                Problem("not_suppressed", "This address is not on the suppression list.", "address", "Nothing to do.")
            )
        audit.append(tx, actor.name, "lift_suppression", f"address/{address_id}", {"reason": reason.strip()}, now)
    return row
