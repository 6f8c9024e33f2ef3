"""Never write to this address again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from app.domain.audience import normalise
from app.domain.message import Medium
from app.domain.principals import Actor, permit
from app.keyring import Keyring
from app.store import addresses, audit
from app.store.addresses import AddressRow
from app.store.database import Database


def suppress_address(
    db: Database,
    keyring: Keyring,
    actor: Actor | None,
    medium: Medium,
    value: str,
    reason: str,
    now: datetime,
    *,
    region: str = "",
) -> AddressRow:
    """`value` as a person writes it; an address we never saw is suppressed too, for later imports.

    `actor` None = the reader themselves (unsubscribe) or a provider's word.
    """
    if actor is not None:
        permit(actor, "suppress_address")
    clean = normalise(medium, value, region)
    with db.writing() as tx:
        address_id = addresses.resolve(tx, keyring, medium, clean)
        if addresses.suppress(tx, address_id, reason, now):
            _note(tx, actor, address_id, reason, now)
        return addresses.get(tx, address_id)


def suppress_known_address(
    db: Database, actor: Actor | None, address_id: int, reason: str, now: datetime
) -> AddressRow:
    """The same for an address by its id. Raise NotFound when there is none."""
    if actor is not None:
        permit(actor, "suppress_address")
    with db.writing() as tx:
        row = addresses.get(tx, address_id)
        if addresses.suppress(tx, address_id, reason, now):
            _note(tx, actor, address_id, reason, now)
        return row


def _note(tx: Connection, actor: Actor | None, address_id: int, reason: str, now: datetime) -> None:
    name = actor.name if actor is not None else "reader"
    audit.append(tx, name, "suppress_address", f"address/{address_id}", {"reason": reason}, now)
