"""Accepted deliveries whose provider stays silent: found by walking a broadcast in small steps, never by a scan.

A round walks all deliveries of one broadcast at one endpoint in the order of their addresses; `poll` holds how far it
has come, so that another process goes on where a dead one stopped.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.domain.delivery import Result, State, accepted_state
from app.domain.message import ReceiptKind
from app.store.duty_tables import poll
from app.store.ledger import LIVE, same_delivery
from app.store.ledger_tables import broadcast, outcome, receipt_count, receipt_state, shard
from app.store.upsert import insert_missing

STEP: Final = 2_000
"""Outcomes looked at in one query."""
FINAL_KINDS: Final = [kind.value for kind in ReceiptKind if accepted_state(kind) is not State.ACCEPTED]
"""After these there is nothing left to ask."""


@dataclass(frozen=True, slots=True)
class Round:
    broadcast: int
    medium: int
    endpoint: int
    number: int
    after_address: int
    sent_ms: int


@dataclass(frozen=True, slots=True)
class Silent:
    """A delivery the provider accepted and has not told the end of."""

    address_id: int
    attempt: int
    provider_id: str


NOTHING_MISSING_MS: Final = 300_000
"""Until we look again at a broadcast all of whose deliveries were told of; more of it may still leave."""


def begin(connection: Connection, endpoints: Collection[int], *, now_ms: int, after_ms: int, give_up_ms: int) -> None:
    """Open the first round of whatever was sent long enough ago; sums of counters tell whether it is urgent."""
    groups = connection.execute(
        select(shard.c.broadcast, shard.c.medium, shard.c.endpoint, func.sum(shard.c.accepted).label("accepted"))
        .join(broadcast, broadcast.c.id == shard.c.broadcast)
        .where(
            broadcast.c.sent_ms.between(now_ms - give_up_ms, now_ms - after_ms),
            broadcast.c.drill == 0,
            shard.c.endpoint.in_(endpoints),
        )
        .group_by(shard.c.broadcast, shard.c.medium, shard.c.endpoint)
    ).all()
    fresh = []
    for row in groups:
        missing = row.accepted > _told(connection, row.broadcast, row.medium, row.endpoint)
        key = {"broadcast": row.broadcast, "medium": row.medium, "endpoint": row.endpoint}
        begins = now_ms if missing else now_ms + NOTHING_MISSING_MS
        fresh.append({**key, "round": 0, "after_address": 0, "due_ms": begins})
    insert_missing(connection, poll, fresh, ["broadcast", "medium", "endpoint"])


def anything(
    connection: Connection, endpoints: Collection[int], *, now_ms: int, after_ms: int, give_up_ms: int
) -> bool:
    """Whether it is worth taking the write lock: a round is due, or a broadcast has come of age without one."""
    if due(connection, endpoints, now_ms) is not None:
        return True
    known = select(poll.c.broadcast).where(poll.c.broadcast == broadcast.c.id).exists()
    young = select(broadcast.c.id).where(
        broadcast.c.sent_ms.between(now_ms - give_up_ms, now_ms - after_ms), broadcast.c.drill == 0, ~known
    )
    used = select(shard.c.no).where(shard.c.broadcast.in_(young), shard.c.endpoint.in_(endpoints))
    return connection.execute(used.limit(1)).first() is not None


def due(connection: Connection, endpoints: Collection[int], now_ms: int) -> Round | None:
    """The round that waits longest for its next step."""
    row = connection.execute(
        select(poll, broadcast.c.sent_ms)
        .join(broadcast, broadcast.c.id == poll.c.broadcast)
        .where(poll.c.due_ms <= now_ms, poll.c.endpoint.in_(endpoints))
        .order_by(poll.c.due_ms)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Round(row.broadcast, row.medium, row.endpoint, row.round, row.after_address, row.sent_ms or now_ms)


def silent(connection: Connection, at: Round, *, before_ms: int, most: int) -> tuple[list[Silent], int | None]:
    """(the next deliveries to ask about, the address to go on from; None = the round has come to its end)."""
    step = (
        select(outcome.c.broadcast, outcome.c.medium, outcome.c.address_id, outcome.c.attempt, outcome.c.provider_id)
        .add_columns(outcome.c.result, outcome.c.endpoint, outcome.c.at_ms)
        .where(
            outcome.c.broadcast == at.broadcast,
            outcome.c.medium == at.medium,
            outcome.c.address_id > at.after_address,
        )
        .order_by(outcome.c.address_id)
        .limit(STEP)
        .subquery()
    )
    last, looked = connection.execute(select(func.max(step.c.address_id), func.count()).select_from(step)).one()
    rows = connection.execute(
        select(step.c.address_id, step.c.attempt, step.c.provider_id)
        .outerjoin(receipt_state, same_delivery(step, receipt_state))
        .where(
            step.c.result == Result.ACCEPTED.value,
            step.c.endpoint == at.endpoint,
            step.c.provider_id != "",
            step.c.at_ms <= before_ms,
            or_(receipt_state.c.kind.is_(None), receipt_state.c.kind.not_in(FINAL_KINDS)),
        )
        .order_by(step.c.address_id)
        .limit(most)
    ).all()
    found = [Silent(row.address_id, row.attempt, row.provider_id) for row in rows]
    if len(found) == most:
        return found, found[-1].address_id
    return found, int(last) if looked == STEP else None


def go_on(connection: Connection, at: Round, after_address: int, due_ms: int) -> None:
    """The round has come this far."""
    connection.execute(update(poll).where(_is(at)).values(after_address=after_address, due_ms=due_ms))


def end_round(connection: Connection, at: Round, due_ms: int | None) -> None:
    """The next round begins at `due_ms`; None, or nothing missing any more = there is none."""
    told = _told(connection, at.broadcast, at.medium, at.endpoint)
    mine = (shard.c.broadcast == at.broadcast, shard.c.medium == at.medium, shard.c.endpoint == at.endpoint)
    accepted = connection.scalar(select(func.coalesce(func.sum(shard.c.accepted), 0)).where(*mine)) or 0
    moving = connection.scalar(select(broadcast.c.state).where(broadcast.c.id == at.broadcast)) in LIVE
    following = due_ms if moving or accepted > told else None
    connection.execute(update(poll).where(_is(at)).values(round=at.number + 1, after_address=0, due_ms=following))


def _told(connection: Connection, broadcast_id: int, medium: int, endpoint: int) -> int:
    mine = and_(
        receipt_count.c.broadcast == broadcast_id,
        receipt_count.c.medium == medium,
        receipt_count.c.endpoint == endpoint,
        receipt_count.c.kind.in_(FINAL_KINDS),
    )
    return connection.scalar(select(func.coalesce(func.sum(receipt_count.c.deliveries), 0)).where(mine)) or 0


def _is(at: Round) -> ColumnElement[bool]:
    return (poll.c.broadcast == at.broadcast) & (poll.c.medium == at.medium) & (poll.c.endpoint == at.endpoint)
