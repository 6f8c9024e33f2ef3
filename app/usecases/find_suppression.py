"""Whether somebody is on the list above all lists, asked with the whole address: parts of one find nobody."""

from __future__ import annotations

from app.domain.audience import normalise
from app.domain.message import Medium
from app.domain.principals import Actor, permit
from app.keyring import Keyring
from app.store import addresses
from app.store.addresses import SuppressionRow
from app.store.database import Database


def find_suppression(db: Database, keyring: Keyring, actor: Actor, address: str) -> SuppressionRow | None:
    """By e-mail address, or number with its country code; None = not on it. Raise Invalid when it is neither."""
    permit(actor, "suppress_address")
    medium = Medium.EMAIL if "@" in address else Medium.SMS
    hashed = addresses.hashes(keyring, [(medium, normalise(medium, address, ""))])
    with db.reading() as connection:
        number = addresses.known(connection, hashed)
        return addresses.suppression_of(connection, number) if number is not None else None
