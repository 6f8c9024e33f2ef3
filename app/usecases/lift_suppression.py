"""Somebody wants to hear from us again."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from app.domain.principals import Actor, permit
from app.errors import Conflict, Invalid, Problem
from app.store import addresses, audit
from app.store.addresses import AddressRow
from app.store.database import Database

_CHANGED: Final = Problem(
    "suppression_changed",
    "Meanwhile this address is on the list for another reason.",
    "reason",
    "Look at the list again: the person may have said STOP.",
)


def lift_suppression(
    db: Database, actor: Actor, address_id: int, reason: str, now: datetime, seen: str = ""
) -> AddressRow:
    """Only with a reason, which is kept: the person's own wish is the only good one.

    `seen`: the reason on the list that whoever lifts it had before them; "" = they say nothing of it. Raise Conflict
    when the address is not on the list (code `not_suppressed`) or by another reason now (`suppression_changed`):
    the person may have said STOP meanwhile.
    """
    permit(actor, "lift_suppression")
    if not reason.strip():
        raise Invalid(
            Problem("reason_missing", "Lifting a suppression needs a reason.", "reason", "Say how the person asked.")
        )
    with db.writing() as tx:
        row = addresses.get(tx, address_id)
        listed = addresses.standing(tx, [address_id], lock=True).get(address_id)
        if listed is None:
            raise Conflict(
                Problem("not_suppressed", "This address is not on the suppression list.", "address", "Nothing to do.")
            )
        if seen not in {"", listed.front.reason}:
            raise Conflict(_CHANGED)
        addresses.lift(tx, address_id)
        audit.append(tx, actor.name, "lift_suppression", f"address/{address_id}", {"reason": reason.strip()}, now)
    return row
