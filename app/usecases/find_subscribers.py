"""Who is reached at an address, asked with the whole address: parts of one find nobody."""

from __future__ import annotations

from app.domain.audience import normalise
from app.domain.message import Medium
from app.domain.principals import Actor, permit
from app.keyring import Keyring
from app.store import addresses, people
from app.store.database import Database
from app.store.subscribers import SubscriberRow


def find_subscribers(db: Database, keyring: Keyring, actor: Actor, address: str, region: str) -> list[SubscriberRow]:
    """By e-mail address or number, the lowest id first. Raise Invalid when it is neither."""
    permit(actor, "save_subscriber")
    medium = Medium.EMAIL if "@" in address else Medium.SMS
    hashed = addresses.hashes(keyring, [(medium, normalise(medium, address, region))])
    with db.reading() as connection:
        number = addresses.known(connection, hashed)
        return people.at_address(connection, number) if number is not None else []
