"""Addresses: one immutable row for each place to reach, whoever shares it; and the list of those never to write to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from app.clock import from_ms, to_ms
from app.domain.message import CODE_MEDIA, MEDIUM_CODES, Medium
from app.errors import not_found
from app.keyring import Keyring
from app.store.ledger_tables import address, suppression
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, number_cursor
from app.store.upsert import insert_missing

Place = tuple[Medium, str]
"""A medium and a normalised value."""


@dataclass(frozen=True, slots=True)
class AddressRow:
    id: int
    medium: Medium
    value: str | None
    """None = erased."""


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    address_id: int
    medium: Medium
    value: str | None
    """In the clear: mask it before showing it."""
    reason: str
    at: datetime


def hashes(keyring: Keyring, places: Iterable[Place]) -> dict[Place, bytes]:
    """The keyed hash of each place; worth doing before the transaction starts."""
    return {(medium, value): keyring.address_hash(MEDIUM_CODES[medium], value) for medium, value in places}


def upsert(connection: Connection, hashed: Mapping[Place, bytes]) -> dict[Place, int]:
    """The id of every place, made where new. An erased address stays erased."""
    rows = [
        {"medium": MEDIUM_CODES[medium], "value": value, "value_hash": digest}
        for (medium, value), digest in sorted(hashed.items(), key=lambda item: item[1])
    ]  # sorted, so that two imports at once never wait for each other in a circle
    insert_missing(connection, address, rows, ["medium", "value_hash"])
    found: dict[Place, int] = {}
    for medium in {medium for medium, _ in hashed}:
        mine = {digest: place for place, digest in hashed.items() if place[0] is medium}
        query = select(address.c.id, address.c.value_hash)
        query = query.where(address.c.medium == MEDIUM_CODES[medium], address.c.value_hash.in_(list(mine)))
        found |= {mine[row.value_hash]: row.id for row in connection.execute(query)}
    return found


def resolve(connection: Connection, keyring: Keyring, medium: Medium, value: str) -> int:
    """The id of one normalised value, made where new."""
    return upsert(connection, hashes(keyring, [(medium, value)]))[medium, value]


def get(connection: Connection, address_id: int) -> AddressRow:
    row = connection.execute(select(address).where(address.c.id == address_id)).one_or_none()
    if row is None:
        raise not_found("address", address_id)
    return AddressRow(row.id, CODE_MEDIA[row.medium], row.value)


def suppressed(connection: Connection, address_ids: Sequence[int]) -> set[int]:
    """Those of these that must not be written to."""
    query = select(suppression.c.address_id).where(suppression.c.address_id.in_(address_ids))
    return set(connection.execute(query).scalars())


def suppress(connection: Connection, address_id: int, reason: str, now: datetime) -> bool:
    """False when it was on the list already; the first reason stays."""
    if suppressed(connection, [address_id]):
        return False
    connection.execute(insert(suppression).values(address_id=address_id, reason=reason, at_ms=to_ms(now)))
    return True


def lift(connection: Connection, address_id: int) -> bool:
    """False when it was not on the list."""
    return connection.execute(delete(suppression).where(suppression.c.address_id == address_id)).rowcount > 0


def suppression_page(
    connection: Connection, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[SuppressionRow]:
    """By address id."""
    query = select(suppression, address.c.medium, address.c.value).join(
        address, address.c.id == suppression.c.address_id
    )
    query = query.order_by(suppression.c.address_id).limit(check_limit(limit) + 1)
    after = number_cursor(cursor)
    if after is not None:
        query = query.where(suppression.c.address_id > after)
    return cut_page(connection.execute(query).all(), limit, _suppression, lambda row: row.address_id)


def _suppression(row: Row[Any]) -> SuppressionRow:
    return SuppressionRow(row.address_id, CODE_MEDIA[row.medium], row.value, row.reason, from_ms(row.at_ms))
