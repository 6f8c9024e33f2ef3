"""Addresses: one immutable row for each place to reach, whoever shares it; and the list of those never to write to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, Row, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.clock import from_ms, to_ms
from app.domain.devices import endpoint_of
from app.domain.message import CODE_MEDIA, MEDIUM_CODES, Medium
from app.domain.suppressing import Source, Why, is_own_stop
from app.errors import not_found
from app.keyring import Keyring
from app.store.devices import give_way
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
    source: Source | None = None
    """None = nobody noted it, long ago."""


def hashes(keyring: Keyring, places: Iterable[Place]) -> dict[Place, bytes]:
    """The keyed hash of each place; worth doing before the transaction starts."""
    return {
        (medium, value): keyring.address_hash(MEDIUM_CODES[medium], _identity(medium, value))
        for medium, value in places
    }


def _identity(medium: Medium, value: str) -> str:
    return endpoint_of(value) if medium is Medium.PUSH else value


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


def known(connection: Connection, hashed: Mapping[Place, bytes]) -> int | None:
    """The id of the first of these that was ever seen; nothing is made."""
    for (medium, _), digest in hashed.items():
        query = select(address.c.id).where(address.c.medium == MEDIUM_CODES[medium], address.c.value_hash == digest)
        found = connection.scalar(query)
        if found is not None:
            return int(found)
    return None


def restore(connection: Connection, address_id: int, value: str) -> None:
    """Give an erased address its value back: only when its owner has just proved that it is theirs."""
    mine = (address.c.id == address_id) & address.c.value.is_(None)
    connection.execute(update(address).where(mine).values(value=value))


def get(connection: Connection, address_id: int) -> AddressRow:
    row = connection.execute(select(address).where(address.c.id == address_id)).one_or_none()
    if row is None:
        raise not_found("address", address_id)
    return AddressRow(row.id, CODE_MEDIA[row.medium], row.value)


def suppressed(connection: Connection, address_ids: Sequence[int]) -> set[int]:
    """Those of these that must not be written to."""
    query = select(suppression.c.address_id).where(suppression.c.address_id.in_(address_ids))
    return set(connection.execute(query).scalars())


def suppress(
    connection: Connection, address_id: int, reason: str, now: datetime, source: Source = Source.STAFF
) -> bool:
    """False when it was on the list already; the first reason stays, unless it was the person's own STOP and this one
    is not: a START must not take a bounce back.
    """
    if suppressed(connection, [address_id]):
        _outweigh(connection, [Suppressing(address_id, reason, to_ms(now), source)])
        return False
    values = {"address_id": address_id, "reason": reason, "at_ms": to_ms(now), "source": source.value}
    connection.execute(insert(suppression).values(**values))
    give_way(connection, [address_id])
    return True


class Suppressing(NamedTuple):
    address_id: int
    reason: str
    at_ms: int
    source: Source


def suppress_many(connection: Connection, wanted: Iterable[Suppressing]) -> None:
    """The same for what providers say, in a few statements; in one order, so that two of us never wait in a circle."""
    ordered = sorted(wanted)
    rows = [{**one._asdict(), "source": one.source.value} for one in ordered]
    insert_missing(connection, suppression, rows, ["address_id"])
    _outweigh(connection, ordered)
    if ordered:
        give_way(connection, [one.address_id for one in ordered])


def _outweigh(connection: Connection, wanted: Iterable[Suppressing]) -> None:
    rows = [
        {"whose": one.address_id, "because": one.reason, "when": one.at_ms, "by": one.source.value}
        for one in wanted
        if not is_own_stop(one.reason, one.source)
    ]
    if rows:
        connection.execute(_OUTWEIGH, rows)


def _own_stop() -> ColumnElement[bool]:
    """As `domain.suppressing.is_own_stop` has it."""
    of_person, of_provider = (suppression.c.source == one.value for one in (Source.PERSON, Source.PROVIDER))
    return and_(suppression.c.reason == Why.OPTED_OUT.value, or_(of_person, of_provider))


_OUTWEIGH: Final = (
    update(suppression)
    .where(suppression.c.address_id == bindparam("whose"), _own_stop())
    .values(reason=bindparam("because"), at_ms=bindparam("when"), source=bindparam("by"))
)


def newly_stopped(connection: Connection, since_ms: int) -> dict[int, str]:
    """The reason of every address that people, not providers, put onto the list since then."""
    return {row.address_id: row.reason for row in connection.execute(_NEWLY, {"since_ms": since_ms})}


_NEWLY: Final = select(suppression.c.address_id, suppression.c.reason).where(
    suppression.c.at_ms >= bindparam("since_ms", type_=BigInteger),
    suppression.c.source.in_((Source.PERSON.value, Source.STAFF.value)),
)


def lift(connection: Connection, address_id: int) -> bool:
    """False when it was not on the list."""
    return connection.execute(delete(suppression).where(suppression.c.address_id == address_id)).rowcount > 0


def take_back_stop(connection: Connection, address_id: int) -> bool:
    """For a START: False unless the address is on the list by the person's own STOP and by nothing else."""
    return (
        connection.execute(delete(suppression).where(suppression.c.address_id == address_id, _own_stop())).rowcount > 0
    )


def suppression_of(connection: Connection, address_id: int) -> SuppressionRow | None:
    """None = it may be written to."""
    row = connection.execute(_LISTED.where(suppression.c.address_id == address_id)).one_or_none()
    return _suppression(row) if row is not None else None


def suppression_page(
    connection: Connection, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[SuppressionRow]:
    """By address id."""
    query = _LISTED.order_by(suppression.c.address_id).limit(check_limit(limit) + 1)
    after = number_cursor(cursor)
    if after is not None:
        query = query.where(suppression.c.address_id > after)
    return cut_page(connection.execute(query).all(), limit, _suppression, lambda row: row.address_id)


_LISTED: Final = select(suppression, address.c.medium, address.c.value).join(
    address, address.c.id == suppression.c.address_id
)


def _suppression(row: Row[Any]) -> SuppressionRow:
    source = Source(row.source) if row.source else None
    return SuppressionRow(row.address_id, CODE_MEDIA[row.medium], row.value, row.reason, from_ms(row.at_ms), source)
