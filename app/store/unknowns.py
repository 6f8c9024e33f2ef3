"""Deliveries of which nobody knows whether the provider has them: taken up to ask, put back, or left to a person."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.domain.delivery import Why
from app.store.ledger import same_delivery
from app.store.ledger_tables import address, due, recipient
from app.store.tables import endpoint
from app.store.windows import ShardKey


class Unsure(NamedTuple):
    broadcast: int
    medium: int
    address_id: int
    shard: int
    endpoint: int
    lane: int
    attempt: int
    asked: int
    since_ms: int
    fence: int
    language: str = ""
    variant: int = 0
    address: str | None = None
    area: str = ""

    @property
    def shard_key(self) -> ShardKey:
        return ShardKey(self.broadcast, self.medium, self.shard)


_FACTS = [due.c[name] for name in Unsure._fields[:9]]


def claim(
    connection: Connection, me: str, *, now_ms: int, lease_ms: int, most: int, busy: Collection[int] = ()
) -> list[Unsure]:
    """Take up those whose time to ask has come, oldest first; also what an earlier pass of ours left unfinished.

    Not of endpoints that are `busy`: we are asking them still.
    """
    rows = connection.execute(
        select(
            *_FACTS,
            due.c.fence + 1,
            recipient.c.language,
            recipient.c.variant,
            address.c.value,
            recipient.c.area,
        )
        .join(recipient, same_delivery(due, recipient))
        .join(address, address.c.id == due.c.address_id)
        .where(due.c.why == Why.UNKNOWN.value, due.c.due_ms <= now_ms, _free(me), _at_endpoints(busy))
        .order_by(due.c.lane, due.c.due_ms)
        .limit(most)
        .with_for_update(of=due, skip_locked=True)
    ).all()
    found = [Unsure(*tuple(row)) for row in rows]
    for unsure in found:
        connection.execute(
            update(due).where(_is(unsure)).values(owner=me, fence=due.c.fence + 1, lease_until_ms=now_ms + lease_ms)
        )
    return found


def ask_again(connection: Connection, unsure: Unsure, at_ms: int | None, reason: str) -> None:
    """Put one back to be asked about at that time; None = only a receipt or a person can tell."""
    connection.execute(
        update(due)
        .where(_is(unsure), due.c.fence == unsure.fence)
        .values(owner=None, due_ms=at_ms, asked=due.c.asked + 1, reason=reason)
    )


def page(connection: Connection, broadcast_id: int, most: int) -> list[Unsure]:
    """Unknown deliveries of one broadcast that nobody is asking about right now."""
    rows = connection.execute(
        select(
            *_FACTS,
            due.c.fence,
        )
        .where(due.c.broadcast == broadcast_id, due.c.why == Why.UNKNOWN.value, due.c.owner.is_(None))
        .order_by(due.c.medium, due.c.address_id)
        .limit(most)
    )
    return [Unsure(*tuple(row)) for row in rows]


def waiting_for_a_person(connection: Connection, broadcast_id: int) -> int:
    """How many only a receipt or a person can settle."""
    parked = (
        select(func.count())
        .select_from(due)
        .where(due.c.broadcast == broadcast_id, due.c.why == Why.UNKNOWN.value, due.c.due_ms.is_(None))
    )
    return connection.scalar(parked) or 0


def time_to_ask(connection: Connection, me: str, now_ms: int, busy: Collection[int] = ()) -> bool:
    due_now = (due.c.why == Why.UNKNOWN.value) & (due.c.due_ms <= now_ms) & _at_endpoints(busy)
    ready = select(due.c.address_id).where(due_now, _free(me))
    return connection.scalar(ready.limit(1)) is not None


def _at_endpoints(busy: Collection[int]) -> ColumnElement[bool]:
    """One by one, each from the beginning of its queue: whoever is not due yet is not looked at, however many."""
    return due.c.endpoint.in_(select(endpoint.c.id).where(endpoint.c.id.not_in(busy)))


def _free(me: str) -> ColumnElement[bool]:
    """A worker asks an endpoint one pass at a time: what stands in its name beside that was left by a failed one."""
    return due.c.owner.is_(None) | (due.c.owner == me)


def _is(unsure: Unsure) -> ColumnElement[bool]:
    return (
        (due.c.broadcast == unsure.broadcast)
        & (due.c.medium == unsure.medium)
        & (due.c.address_id == unsure.address_id)
    )
