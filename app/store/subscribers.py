"""Subscribers, the languages they read, and the addresses they can be reached at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, select, tuple_

from app.domain.areas import postcode_in
from app.domain.message import CODE_MEDIA, MEDIUM_CODES, Medium
from app.errors import not_found
from app.store import sharers
from app.store.ledger_tables import address, suppression
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, number_cursor
from app.store.tables import language_list, subscriber, subscriber_address
from app.store.upsert import insert_missing, insert_or_update


@dataclass(frozen=True, slots=True)
class KnownSubscriber:
    id: int
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class ReachableAt:
    address_id: int
    medium: Medium
    value: str | None
    """In the clear: mask it before showing it. None = erased."""
    suppressed: bool
    preferred: bool = True
    """The one of its medium that is written to."""


@dataclass(frozen=True, slots=True)
class SubscriberRow:
    id: int
    external_id: str
    name: str
    languages: tuple[str, ...]
    """Best first."""
    timezone: str
    area: str
    attributes: dict[str, str]
    updated_at: datetime
    addresses: tuple[ReachableAt, ...]
    standing: str = "customer"
    """customer | self: see domain.consent.Standing."""
    preferred_medium: str | None = None


def known(connection: Connection, external_ids: Collection[str]) -> dict[str, KnownSubscriber]:
    """Those of these that are stored already, by external id."""
    query = select(subscriber.c.external_id, subscriber.c.id, subscriber.c.attributes)
    query = query.where(subscriber.c.external_id.in_(external_ids))
    return {row.external_id: KnownSubscriber(row.id, row.attributes) for row in connection.execute(query)}


def language_lists(connection: Connection, wanted: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """The id of each list of languages, made where new. There are few different ones, however many people."""
    joined = {",".join(languages): languages for languages in wanted}
    insert_missing(connection, language_list, [{"languages": text} for text in joined], ["languages"])
    query = select(language_list.c.languages, language_list.c.id).where(language_list.c.languages.in_(list(joined)))
    return {joined[row.languages]: row.id for row in connection.execute(query)}


def upsert(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    changed: Sequence[str],
    before: Mapping[str, KnownSubscriber],
) -> dict[str, int]:
    """Insert whole rows; of people known already only the columns `changed` are set. Ids by external id.

    `before`: what `known` said in this transaction.
    """
    placed = [{**row, "postcode": postcode_in(row["attributes"])} for row in rows]
    also = ["postcode"] if "attributes" in changed else []
    insert_or_update(connection, subscriber, placed, ["external_id"], [*changed, *also])
    ids = {external_id: one.id for external_id, one in before.items()}
    fresh = [row["external_id"] for row in rows if row["external_id"] not in ids]
    query = select(subscriber.c.external_id, subscriber.c.id).where(subscriber.c.external_id.in_(fresh))
    return ids | {row.external_id: row.id for row in connection.execute(query)}


def link(connection: Connection, wanted: Mapping[int, Mapping[Medium, int | None]], existing: Collection[int]) -> None:
    """Make each person's address of a medium exactly this one (None = no address); other media stay.

    `existing`: the people who may have links already.
    """
    codes = {(person, MEDIUM_CODES[medium]): place for person, by in wanted.items() for medium, place in by.items()}
    there = [(row.subscriber_id, row.medium, row.address_id) for row in _links(connection, existing)]
    stale = [link for link in there if codes.get(link[:2], link[2]) != link[2]]
    if stale:
        keys = tuple_(subscriber_address.c.subscriber_id, subscriber_address.c.medium, subscriber_address.c.address_id)
        connection.execute(delete(subscriber_address).where(keys.in_(stale)))
    kept = set(there)
    rows = [
        {"subscriber_id": person, "medium": medium, "address_id": place, "preferred": True}
        for (person, medium), place in codes.items()
        if place is not None and (person, medium, place) not in kept
    ]
    insert_missing(connection, subscriber_address, rows, ["subscriber_id", "medium", "address_id"])
    sharers.note(connection, {row["address_id"] for row in rows})


def _links(connection: Connection, people: Collection[int]) -> Sequence[Row[Any, Any, Any]]:
    if not people:
        return []
    query = select(subscriber_address.c.subscriber_id, subscriber_address.c.medium, subscriber_address.c.address_id)
    return connection.execute(query.where(subscriber_address.c.subscriber_id.in_(people))).all()


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(subscriber)).scalar_one()


def get(connection: Connection, external_id: str) -> SubscriberRow:
    found = find(connection, external_id)
    if not found:
        raise not_found("subscriber", external_id)
    return found[0]


def find(connection: Connection, external_id: str) -> list[SubscriberRow]:
    """The person, or nobody."""
    rows = connection.execute(_people().where(subscriber.c.external_id == external_id)).all()
    return _with_addresses(connection, rows)


def page(
    connection: Connection,
    *,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
    within: ColumnElement[bool] | None = None,
) -> Page[SubscriberRow]:
    """In the order they were first imported; `within`: only those for whom it holds."""
    query = _people().order_by(subscriber.c.id).limit(check_limit(limit) + 1)
    if within is not None:
        query = query.where(within)
    after = number_cursor(cursor)
    if after is not None:
        query = query.where(subscriber.c.id > after)
    people = _with_addresses(connection, connection.execute(query).all())
    return cut_page(people, limit, lambda row: row, lambda row: row.id)


def _people() -> Any:  # noqa: ANN401 - a typed Select of nine columns says nothing to a reader
    return select(subscriber, language_list.c.languages).join(
        language_list, language_list.c.id == subscriber.c.language_list_id
    )


def _with_addresses(connection: Connection, rows: Sequence[Row[Any]]) -> list[SubscriberRow]:
    query = (
        select(
            subscriber_address.c.subscriber_id,
            subscriber_address.c.preferred,
            address.c.id,
            address.c.medium,
            address.c.value,
            suppression.c.reason,
        )
        .join(address, address.c.id == subscriber_address.c.address_id)
        .outerjoin(suppression, suppression.c.address_id == address.c.id)
        .where(subscriber_address.c.subscriber_id.in_([row.id for row in rows]))
        .order_by(address.c.medium, address.c.id)
    )
    reachable: dict[int, list[ReachableAt]] = {}
    for row in connection.execute(query):
        place = ReachableAt(row.id, CODE_MEDIA[row.medium], row.value, row.reason is not None, row.preferred)
        reachable.setdefault(row.subscriber_id, []).append(place)
    return [_subscriber(row, tuple(reachable.get(row.id, ()))) for row in rows]


def _subscriber(row: Row[Any], addresses: tuple[ReachableAt, ...]) -> SubscriberRow:
    return SubscriberRow(
        id=row.id,
        external_id=row.external_id,
        name=row.name,
        languages=tuple(row.languages.split(",")) if row.languages else (),
        timezone=row.timezone,
        area=row.area,
        attributes=row.attributes,
        updated_at=row.updated_at,
        addresses=addresses,
        standing=row.standing,
        preferred_medium=row.preferred_medium,
    )
