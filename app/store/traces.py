"""Everything that is held of one person beside their own row, and what is blanked when they are erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.clock import from_ms
from app.domain.consent import REACH_A_PERSON
from app.domain.message import CODE_MEDIA, MEDIUM_CODES, Medium
from app.domain.replying import FOR_PEOPLE, AnswerState
from app.store.hearing_tables import inbound
from app.store.ledger_tables import address, broadcast, outcome, receipt_state, recipient, suppression
from app.store.tables import subscriber_address
from app.store.upsert import is_listed


@dataclass(frozen=True, slots=True)
class Message:
    """One message that was meant for an address of theirs."""

    update_id: int
    medium: Medium
    address_id: int
    language: str
    sent_at: datetime | None
    attempts: tuple[tuple[int, str, str, datetime], ...]
    """(number, result, reason, when)"""
    receipt: str | None
    """What the provider told last."""


def messages(connection: Connection, address_ids: Sequence[int]) -> list[Message]:
    """Oldest first; those of broadcasts that were forgotten are gone."""
    query = (
        select(recipient, broadcast.c.update_id, broadcast.c.sent_ms, receipt_state.c.kind)
        .join(broadcast, broadcast.c.id == recipient.c.broadcast)
        .outerjoin(receipt_state, _same(receipt_state))
        .where(recipient.c.address_id.in_(address_ids), recipient.c.medium.in_(list(CODE_MEDIA)))
        .order_by(recipient.c.broadcast, recipient.c.address_id)
    )
    tried = select(outcome).where(outcome.c.address_id.in_(address_ids), outcome.c.medium.in_(list(CODE_MEDIA)))
    tried = tried.where(outcome.c.broadcast.in_(select(broadcast.c.id)))
    attempts: dict[tuple[int, int, int], list[tuple[int, str, str, datetime]]] = {}
    for row in connection.execute(tried.order_by(outcome.c.attempt, outcome.c.at_ms)):
        one = (row.attempt, row.result, row.reason, from_ms(row.at_ms))
        attempts.setdefault((row.broadcast, row.medium, row.address_id), []).append(one)
    return [
        Message(
            row.update_id,
            CODE_MEDIA[row.medium],
            row.address_id,
            row.language,
            from_ms(row.sent_ms) if row.sent_ms else None,
            tuple(attempts.get((row.broadcast, row.medium, row.address_id), ())),
            row.kind,
        )
        for row in connection.execute(query)
    ]


def hashes(connection: Connection, address_ids: Sequence[int]) -> list[bytes]:
    """The keyed hashes of these addresses."""
    return list(connection.scalars(select(address.c.value_hash).where(address.c.id.in_(address_ids))))


def stops(connection: Connection, address_ids: Sequence[int]) -> dict[int, tuple[str, datetime]]:
    """Why and since when an address is on the suppression list."""
    rows = connection.execute(select(suppression).where(suppression.c.address_id.in_(address_ids)))
    return {row.address_id: (row.reason, from_ms(row.at_ms)) for row in rows}


def unshared(connection: Connection, address_ids: Sequence[int]) -> list[int]:
    """Those of these addresses that nobody has any more and that are still known."""
    theirs = exists().where(subscriber_address.c.address_id == address.c.id)
    query = select(address.c.id).where(address.c.id.in_(address_ids), address.c.value.is_not(None), ~theirs)
    return list(connection.scalars(query))


def blank(connection: Connection, address_ids: Sequence[int]) -> None:
    """Take away the value of these addresses; their keyed hash stays."""
    connection.execute(update(address).where(address.c.id.in_(address_ids)).values(value=None))


def unused(connection: Connection, start: int, most: int) -> tuple[int | None, list[int]]:
    """Of the next `most` ids after `start` the last one (None = there are no more), and those that are `of_nobody`."""
    ahead = select(address.c.id).where(address.c.id > start).order_by(address.c.id).limit(most).subquery()
    end = connection.scalar(select(func.max(ahead.c.id)))
    if end is None:
        return None, []
    query = select(address.c.id).where(address.c.id > start, address.c.id <= end)
    return int(end), list(connection.scalars(query.where(_of_nobody())))


def of_nobody(connection: Connection, address_ids: Sequence[int]) -> list[int]:
    """Those of these that are still known though nobody has them, no remembered delivery names them and nothing that
    was written from there waits for staff or for an answer.
    """
    query = select(address.c.id).where(is_listed(connection, address.c.id, address_ids))
    return list(connection.scalars(query.where(_of_nobody())))


def _of_nobody() -> ColumnElement[bool]:
    theirs = exists().where(subscriber_address.c.address_id == address.c.id)
    sent = exists().where(
        recipient.c.broadcast == broadcast.c.id,
        recipient.c.medium == address.c.medium,
        recipient.c.address_id == address.c.id,
        broadcast.c.forgotten == 0,
    )
    to_read = and_(inbound.c.effect.in_(FOR_PEOPLE), inbound.c.handled_ms.is_(None), inbound.c.words.is_not(None))
    to_answer = inbound.c.answer_state.in_((AnswerState.QUEUED.value, AnswerState.SENDING.value))
    waits = exists().where(inbound.c.address_id == address.c.id, or_(to_read, to_answer))
    personal = address.c.medium.in_([MEDIUM_CODES[medium] for medium in REACH_A_PERSON])
    return and_(personal, address.c.value.is_not(None), ~theirs, ~sent, ~waits)


def _same(table: Any) -> Any:  # noqa: ANN401 - tables and conditions
    return and_(
        table.c.broadcast == recipient.c.broadcast,
        table.c.medium == recipient.c.medium,
        table.c.address_id == recipient.c.address_id,
    )
