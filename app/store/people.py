"""One person at a time: put in place, found by an address, taken away. Lists of them are in subscribers.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from app.domain.areas import postcode_in
from app.domain.consent import Standing
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.people import Person
from app.errors import not_found
from app.store import consents, own_choices, sharers, subscribers
from app.store.subscribers import SubscriberRow
from app.store.tables import subscriber, subscriber_address


def put(connection: Connection, external_id: str, person: Person, now: datetime) -> tuple[int, bool]:
    """The id, and whether they are new; addresses and consents are matters of their own."""
    lists = subscribers.language_lists(connection, [person.languages])
    values: dict[str, Any] = {
        "name": person.name,
        "language_list_id": lists[person.languages],
        "timezone": person.timezone,
        "area": person.area,
        "attributes": dict(person.attributes),
        "postcode": postcode_in(person.attributes),
        "updated_at": now,
        "standing": person.standing.value,
        "preferred_medium": person.preferred_medium.value if person.preferred_medium else None,
    }
    if person.standing is Standing.SELF:
        values["chooses"] = True
    query = select(subscriber.c.id).where(subscriber.c.external_id == external_id).with_for_update()
    known = connection.scalar(query)
    if known is not None:
        connection.execute(update(subscriber).where(subscriber.c.id == known).values(**values))
        return int(known), False
    made = insert(subscriber).values(external_id=external_id, created_at=now, **values).returning(subscriber.c.id)
    return int(connection.execute(made).scalar_one()), True


def links(connection: Connection, person: int) -> dict[int, int]:
    """Medium code by address id."""
    query = select(subscriber_address.c.address_id, subscriber_address.c.medium)
    rows = connection.execute(query.where(subscriber_address.c.subscriber_id == person))
    return {row.address_id: row.medium for row in rows}


def replace_links(connection: Connection, person: int, wanted: Mapping[int, tuple[Medium, bool]]) -> None:
    """Exactly these addresses: (medium, preferred) by address id."""
    connection.execute(delete(subscriber_address).where(subscriber_address.c.subscriber_id == person))
    rows = [
        {"subscriber_id": person, "medium": MEDIUM_CODES[medium], "address_id": address_id, "preferred": preferred}
        for address_id, (medium, preferred) in wanted.items()
    ]
    if rows:
        connection.execute(insert(subscriber_address), rows)
        sharers.note(connection, list(wanted))


def get(connection: Connection, person: int) -> SubscriberRow:
    external_id = connection.scalar(select(subscriber.c.external_id).where(subscriber.c.id == person))
    if external_id is None:
        raise not_found("subscriber", person)
    return subscribers.get(connection, external_id)


def ids_at(connection: Connection, address_id: int) -> list[int]:
    """Who is reached there, the lowest first."""
    query = select(subscriber_address.c.subscriber_id).where(subscriber_address.c.address_id == address_id)
    return list(connection.scalars(query.order_by(subscriber_address.c.subscriber_id)))


def at_address(connection: Connection, address_id: int) -> list[SubscriberRow]:
    """The same, whole."""
    return [get(connection, person) for person in ids_at(connection, address_id)]


def anybody_prefers(connection: Connection, media: Sequence[Medium]) -> bool:
    """Whether somebody said that one of these reaches them best."""
    theirs = subscriber.c.preferred_medium.in_([medium.value for medium in media])
    return connection.scalar(select(subscriber.c.id).where(theirs).limit(1)) is not None


def change(connection: Connection, people: Sequence[int], now: datetime, **values: Any) -> None:  # noqa: ANN401 - columns
    """Set these columns of `subscriber`; `languages` is a tuple, best first."""
    if "languages" in values:
        languages = values.pop("languages")
        values["language_list_id"] = subscribers.language_lists(connection, [languages])[languages]
    connection.execute(update(subscriber).where(subscriber.c.id.in_(people)).values(updated_at=now, **values))


def remove(connection: Connection, person: int) -> None:
    """Them, what they said, and their links; addresses stay, since others may share them and the ledger names them."""
    consents.forget(connection, person)
    own_choices.forget(connection, person)
    connection.execute(delete(subscriber_address).where(subscriber_address.c.subscriber_id == person))
    connection.execute(delete(subscriber).where(subscriber.c.id == person))
