"""Addresses: one immutable row for each place to reach, whoever shares it; and the list of those never to write to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, Row, bindparam, delete, select, update

from app.clock import from_ms, to_ms
from app.domain.devices import endpoint_of
from app.domain.message import CODE_MEDIA, MEDIUM_CODES, Medium
from app.domain.suppressing import Ground, OnList, Source, joined, without_own_stop
from app.errors import not_found
from app.keyring import Keyring
from app.store.devices import give_way
from app.store.ledger_tables import address, suppression
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, number_cursor
from app.store.upsert import insert_missing, is_listed

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
    also: str = ""
    """The reason that stays when the person's own STOP is taken back."""


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
    """False when this changes nothing: something of the same weight stood there; see `domain.suppressing.joined`."""
    return bool(suppress_many(connection, [Suppressing(address_id, reason, to_ms(now), source)]))


class Suppressing(NamedTuple):
    address_id: int
    reason: str
    at_ms: int
    source: Source


def suppress_many(connection: Connection, wanted: Iterable[Suppressing]) -> set[int]:
    """Add these reasons, in their order, in a few statements; those of the addresses that now stand otherwise.

    In one order of addresses, so that two of us never wait for each other in a circle.
    """
    more: dict[int, list[Ground]] = {}
    for one in wanted:
        more.setdefault(one.address_id, []).append(Ground(one.reason, one.at_ms, one.source.value))
    ids = sorted(more)
    if not ids:
        return set()
    before = _held(connection, ids)
    changed = {}
    for address_id in ids:
        after = joined(before[address_id], *more[address_id])
        if after is not None and after != before[address_id]:
            changed[address_id] = after
    if changed:
        connection.execute(_CHANGE, [_row(address_id, listed, "b_") for address_id, listed in changed.items()])
    fresh = [address_id for address_id in ids if before[address_id] is None]
    if fresh:
        give_way(connection, fresh)
    return set(changed)


def _held(connection: Connection, ids: Sequence[int]) -> dict[int, OnList | None]:
    """How each of these stands, on the list or not, while nobody else can change it."""
    before: dict[int, OnList | None] = {}
    while missing := [address_id for address_id in ids if address_id not in before]:  # lifted by somebody meanwhile
        insert_missing(connection, suppression, [_row(address_id, None) for address_id in missing], ["address_id"])
        before |= standing(connection, missing, lock=True)
    return before


def standing(connection: Connection, address_ids: Sequence[int], *, lock: bool = False) -> dict[int, OnList | None]:
    """How those of these that are on the list stand there."""
    query = select(suppression).where(is_listed(connection, suppression.c.address_id, address_ids))
    if lock:
        query = query.order_by(suppression.c.address_id).with_for_update()
    return {row.address_id: _on_list(row) for row in connection.execute(query)}


_NOT_YET: Final = ""
"""The reason of a row in the moment of its making, so that whoever wants the same address waits for it."""
_COLUMNS: Final = ("reason", "at_ms", "source", "behind_reason", "behind_at_ms", "behind_source")
_CHANGE: Final = (
    update(suppression)
    .where(suppression.c.address_id == bindparam("b_address_id"))
    .values({name: bindparam(f"b_{name}") for name in _COLUMNS})
)


def _row(address_id: int, listed: OnList | None, prefix: str = "") -> dict[str, Any]:
    front = listed.front if listed else Ground(_NOT_YET, 0, None)
    behind = listed.behind if listed else None
    values = (front.reason, front.at_ms, front.source, *(_three(behind)))
    return {
        f"{prefix}{name}": value for name, value in zip(("address_id", *_COLUMNS), (address_id, *values), strict=True)
    }


def _three(ground: Ground | None) -> tuple[str | None, int | None, str | None]:
    return (ground.reason, ground.at_ms, ground.source) if ground else (None, None, None)


def _on_list(row: Row[Any]) -> OnList | None:
    if row.reason == _NOT_YET:
        return None
    behind = Ground(row.behind_reason, row.behind_at_ms, row.behind_source) if row.behind_reason else None
    return OnList(Ground(row.reason, row.at_ms, row.source), behind)


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
    """For a START: False unless the person's own STOP stood there. What else holds the address stays."""
    before = standing(connection, [address_id], lock=True).get(address_id)
    after = without_own_stop(before) if before is not None else None
    if before == after:
        return False
    if after is None:
        return lift(connection, address_id)
    connection.execute(_CHANGE, _row(address_id, after, "b_"))
    return True


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
    medium, also = CODE_MEDIA[row.medium], row.behind_reason or ""
    return SuppressionRow(row.address_id, medium, row.value, row.reason, from_ms(row.at_ms), source, also)
