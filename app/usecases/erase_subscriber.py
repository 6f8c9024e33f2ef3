"""Forget one person for good; what was sent keeps adding up, and who said STOP stays stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.principals import Actor, permit
from app.errors import Invalid, Problem
from app.store import audit, hearing, idempotency, people, sign_ups, subscribers, traces
from app.store.database import Database
from app.usecases.save_subscriber import SUBJECT


@dataclass(frozen=True, slots=True)
class Erased:
    addresses: int
    """Blanked; one that somebody else shares stays theirs."""
    shared: int


def erase_subscriber(db: Database, actor: Actor, external_id: str, typed: str, now: datetime) -> Erased:
    """Raise Invalid (code `not_confirmed`) unless `typed` is the external id once more, NotFound.

    Gone are the person, what they said, wrote back and filled in, kept answers that may tell of it, and the value of
    each address nobody else has. Its keyed hash stays: deliveries still add up, the suppression list still knows it,
    and an import that names it again does not bring it back.
    """
    permit(actor, "erase_subscriber")
    if typed != external_id:
        sentence, remedy = "This is not the external id of the person.", "Type it once more, exactly."
        raise Invalid(Problem("not_confirmed", sentence, "confirm", remedy))
    with db.writing() as tx:
        row = subscribers.get(tx, external_id)
        places = [one.address_id for one in row.addresses]
        people.remove(tx, row.id)
        alone = traces.unshared(tx, places)
        sign_ups.forget_addresses(tx, traces.hashes(tx, alone))
        hearing.forget_address(tx, alone)
        traces.blank(tx, alone)
        idempotency.forget_personal(tx)
        body = {"subscriber": row.id, "addresses": len(alone)}
        audit.append(tx, actor.name, "erase_subscriber", SUBJECT, body, now)
    return Erased(len(alone), len(places) - len(alone))
