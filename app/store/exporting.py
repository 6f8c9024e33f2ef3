"""Everybody, a step at a time, for a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Text, cast, func, select, text

from app.domain.message import MEDIUM_CODES, Medium
from app.domain.subscribers import LISTED_MEDIA
from app.store.ledger_tables import address
from app.store.tables import language_list, subscriber, subscriber_address
from app.store.upsert import is_listed


@dataclass(frozen=True, slots=True)
class ExportRow:
    id: int
    external_id: str
    name: str
    languages: str
    """With commas between."""
    timezone: str
    area: str
    attributes: str
    """A JSON object."""
    email: str
    phone: str
    preferred_medium: str
    """ "" = none, or by an address of which the other two have none."""


def own_columns(connection: Connection) -> list[str]:
    """Every name of an attribute that anybody has, sorted."""
    keys = (
        "json_each(attributes)"
        if connection.dialect.name == "sqlite"
        else "jsonb_object_keys(CAST(attributes AS jsonb)) AS key"
    )
    plain = "" if connection.dialect.name == "sqlite" else "::text"
    statement = f"SELECT DISTINCT key FROM subscriber, {keys} WHERE attributes{plain} <> '{{}}'"  # noqa: S608 - our own words
    return sorted(connection.execute(text(statement)).scalars())


def sampled_columns(connection: Connection, people: int = 300) -> list[str]:
    """Names of attributes that the people who came last have, sorted: quick, to be offered where one is typed."""
    newest = select(subscriber.c.attributes).order_by(subscriber.c.id.desc()).limit(people)
    return sorted({name for attributes in connection.scalars(newest) for name in attributes})


def last_number(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(subscriber.c.id), 0))).scalar_one())


def step(connection: Connection, after: int, last: int, limit: int) -> list[ExportRow]:
    """In the order of their ids; of each medium the address that is written to, "" when there is none."""
    query = (
        select(
            subscriber.c.id,
            subscriber.c.external_id,
            subscriber.c.name,
            language_list.c.languages,
            subscriber.c.timezone,
            subscriber.c.area,
            subscriber.c.preferred_medium,
            cast(subscriber.c.attributes, Text).label("attributes"),
        )
        .join(language_list, language_list.c.id == subscriber.c.language_list_id)
        .where(subscriber.c.id > after, subscriber.c.id <= last)
    )
    people = connection.execute(query.order_by(subscriber.c.id).limit(limit)).all()
    links = (
        select(subscriber_address.c.subscriber_id, subscriber_address.c.medium, address.c.value)
        .join(address, address.c.id == subscriber_address.c.address_id)
        .where(
            is_listed(connection, subscriber_address.c.subscriber_id, [row.id for row in people]),
            subscriber_address.c.preferred.is_(True),
            address.c.value.is_not(None),
        )
    )
    values = {(row[0], row[1]): row[2] for row in connection.execute(links)}
    return [_row(row, values) for row in people]


def _row(row: Row[Any], values: Mapping[tuple[int, int], str]) -> ExportRow:
    listed = {medium.value: values.get((row.id, MEDIUM_CODES[medium]), "") for medium in LISTED_MEDIA}
    preferred = row.preferred_medium or ""
    return ExportRow(
        row.id, row.external_id, row.name, row.languages, row.timezone, row.area, row.attributes,
        listed[Medium.EMAIL], listed[Medium.SMS], preferred if listed.get(preferred, "there") else "",
    )  # fmt: skip
