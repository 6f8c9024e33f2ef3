"""What was handed to providers, word for word: so that anybody can check whether a message is ours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from app.store.tables import said
from app.store.upsert import insert_missing

MOST_EACH: Final = 12
"""Different texts kept of one announcement, medium and language: they differ in opening times and areas."""
IDS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class SaidRow:
    update_id: int
    digest: str
    """Of what readers would call the same text: the sentence that says as of when is left out of it."""
    revision: int
    medium: str
    language: str
    subject: str
    """"" where the medium has none."""
    text: str
    """The marks of personal fields, `-name-`, are not filled."""
    at: datetime
    """When it was handed over first."""


def keep(connection: Connection, row: SaidRow) -> bool:
    """Whether it is new: not there yet, and not the thirteenth of its kind."""
    mine = (said.c.update_id == row.update_id) & (said.c.medium == row.medium) & (said.c.language == row.language)
    known = set(connection.scalars(select(said.c.digest).where(mine)))
    if row.digest in known or len(known) >= MOST_EACH:
        return False
    values = {name: getattr(row, name) for name in said.columns.keys()}  # noqa: SIM118 - not a dict
    insert_missing(connection, said, [values], ["update_id", "digest"])
    return True


def counts(connection: Connection) -> Mapping[int, int]:
    """How many texts there are of each announcement: one more means that pages which list them are old."""
    query = select(said.c.update_id, func.count()).group_by(said.c.update_id)
    return {update_id: int(count) for update_id, count in connection.execute(query)}


def of(connection: Connection, update_ids: Collection[int]) -> list[SaidRow]:
    """By announcement, medium and language, in the order in which they were first said."""
    found: list[SaidRow] = []
    wanted = sorted(update_ids)
    order = (said.c.update_id, said.c.medium, said.c.language, said.c.at, said.c.digest)
    for start in range(0, len(wanted), IDS_AT_ONCE):
        mine = said.c.update_id.in_(wanted[start : start + IDS_AT_ONCE])
        found += [SaidRow(**row) for row in connection.execute(select(said).where(mine).order_by(*order)).mappings()]
    return found
