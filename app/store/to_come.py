"""Readers who wait for an update in their own language: set aside while its audience is listed, brought in later."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, delete, func, insert, literal, select, update

from app.domain.message import MEDIUM_CODES, Medium
from app.store.ledger_tables import recipient
from app.store.upsert import insert_found, insert_missing
from app.store.writing_tables import waiting_language, waiting_reader

AT_ONCE: Final = 10_000
_COLUMNS: Final = ["broadcast", "medium", "address_id", "language", "area"]


@dataclass(frozen=True, slots=True)
class Waiting:
    language: str
    readers: int
    """Deliveries: somebody with two addresses counts twice."""
    taken_by: int | None
    """The broadcast that brings them the words, None while there is none."""


def set_aside(
    connection: Connection,
    broadcast_id: int,
    medium: Medium,
    languages: Collection[str],
    first_word: Collection[str],
    most: int = AT_ONCE,
) -> int | None:
    """Note the next of this medium who wait for one of `languages`; how many, None when all are noted.

    Whose language is in `first_word` stays among the recipients too: they get a first word now. The others do not.
    Nothing of the broadcast may have been cut into shards yet.
    """
    code = MEDIUM_CODES[medium]
    noted = (waiting_reader.c.broadcast == broadcast_id) & (waiting_reader.c.medium == code)
    start = connection.scalar(select(func.coalesce(func.max(waiting_reader.c.address_id), 0)).where(noted))
    mine = (recipient.c.broadcast == broadcast_id) & (recipient.c.medium == code)
    ahead = (recipient.c.address_id > start) & recipient.c.language.in_(sorted(languages))
    query = select(*(recipient.c[name] for name in _COLUMNS)).where(mine, ahead)
    found = connection.execute(query.order_by(recipient.c.address_id).limit(most)).all()
    if not found:
        return None
    connection.execute(insert(waiting_reader), [dict(zip(_COLUMNS, row, strict=True)) for row in found])
    span = recipient.c.address_id.between(found[0].address_id, found[-1].address_id)
    gone = recipient.c.language.in_(sorted(set(languages) - set(first_word)))
    connection.execute(delete(recipient).where(mine, span, gone))
    return len(found)


def close(connection: Connection, broadcast_id: int, languages: Collection[str]) -> None:
    """Count those who wait, once the audience is complete; a language nobody reads counts 0."""
    mine = waiting_reader.c.broadcast == broadcast_id
    query = select(waiting_reader.c.language, func.count()).where(mine).group_by(waiting_reader.c.language)
    counted = {language: int(readers) for language, readers in connection.execute(query)}
    rows = [{"broadcast": broadcast_id, "language": one, "readers": counted.get(one, 0)} for one in sorted(languages)]
    insert_missing(connection, waiting_language, rows, ["broadcast", "language"])


def of_broadcast(connection: Connection, broadcast_id: int) -> Mapping[str, Waiting]:
    """By language."""
    mine = waiting_language.c.broadcast == broadcast_id
    rows = connection.execute(select(waiting_language).where(mine).order_by(waiting_language.c.language))
    return {row.language: Waiting(row.language, row.readers, row.taken_by) for row in rows}


def take(connection: Connection, broadcast_id: int, languages: Sequence[str], by: int) -> bool:
    """Whether broadcast `by` may bring them all: it is the only one that ever does, unless it is dropped before."""
    mine = and_(
        waiting_language.c.broadcast == broadcast_id,
        waiting_language.c.language.in_(languages),
        waiting_language.c.taken_by.is_(None),
    )
    return connection.execute(update(waiting_language).where(mine).values(taken_by=by)).rowcount == len(languages)


def give_back(connection: Connection, by: int) -> None:
    """A broadcast that was dropped before it was sent brings nothing."""
    mine = waiting_language.c.taken_by == by
    connection.execute(update(waiting_language).where(mine).values(taken_by=None))


def stage(
    connection: Connection, broadcast_id: int, whose: int, medium: Medium, languages: Sequence[str], most: int = AT_ONCE
) -> int | None:
    """The next of those who waited for broadcast `whose` become recipients of this one; None = all are."""
    code = MEDIUM_CODES[medium]
    start = connection.scalar(
        select(func.coalesce(func.max(recipient.c.address_id), 0)).where(
            recipient.c.broadcast == broadcast_id, recipient.c.medium == code
        )
    )
    waited = waiting_reader.c
    theirs = (
        select(literal(broadcast_id), waited.medium, waited.address_id, waited.language, literal(0), waited.area)
        .where(waited.broadcast == whose, waited.medium == code, waited.address_id > start)
        .where(waited.language.in_(languages))
        .order_by(waited.address_id)
        .limit(most)
    )
    names = ["broadcast", "medium", "address_id", "language", "variant", "area"]
    return insert_found(connection, recipient, names, theirs) or None
