"""Addresses that several people share: few, known beforehand, so that nobody has to look for them among millions.

Whoever links people to addresses says so here. One that is shared no longer may stay: those who ask look at its people
anyway.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, exists, func, select, true
from sqlalchemy.exc import IntegrityError

from app.store.database import Database
from app.store.ledger_tables import shared_address
from app.store.tables import subscriber_address
from app.store.upsert import insert_missing, insert_selected, is_listed

AT_ONCE: Final = 5_000
FEW: Final = 1_000
UNNOTED: Final = (IntegrityError,)
"""What is raised where two people meet at an address that was taken for one person's."""


def note(connection: Connection, places: Collection[int]) -> None:
    """People were linked to these addresses just now."""
    if places:
        linked = is_listed(connection, subscriber_address.c.address_id, sorted(places))
        insert_selected(connection, shared_address, ["address_id"], _several().where(linked))


def how_many() -> ScalarSelect[int]:
    """There are, up to one more than FEW."""
    some = select(shared_address.c.address_id).limit(FEW + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def alone(shared: int) -> ColumnElement[bool]:
    """The condition over `subscriber_address` that nobody else has the address, when `how_many` said so."""
    if not shared:
        return true()
    if shared <= FEW:  # PostgreSQL keeps them in a hash; else it reads so small a table once for every person
        return subscriber_address.c.address_id.not_in(select(shared_address.c.address_id))
    return ~exists().where(shared_address.c.address_id == subscriber_address.c.address_id)


def after(place: int, most: int) -> Select[int]:
    """The next of them, in order."""
    these = select(shared_address.c.address_id).where(shared_address.c.address_id > place)
    return these.order_by(shared_address.c.address_id).limit(most)


def find_all(db: Database) -> None:
    """Look for all of them anew: processes of a version before this one note none. Takes seconds, locks nothing."""
    with db.reading() as connection:
        found = connection.scalars(_several()).all()
    for at in range(0, len(found), AT_ONCE):
        with db.writing() as tx:
            rows = [{"address_id": place} for place in found[at : at + AT_ONCE]]
            insert_missing(tx, shared_address, rows, ["address_id"])


def _several() -> Select[int]:
    place = subscriber_address.c.address_id
    return select(place).group_by(place).having(func.count() > 1)
