"""Pages of deliveries of one state, found by the ledger's counters instead of by looking at everybody."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, func, literal_column, or_, select

from app.domain.delivery import State, Why
from app.store import deliveries
from app.store.deliveries import Delivery
from app.store.ledger_tables import due, outcome, shard

_COUNTED: Final = {
    state: state.value
    for state in (State.FAILED, State.DEAD, State.SUPPRESSED)
}  # fmt: skip
_BEGINNING: Final = (-1, -1)
_WAITING: Final = {State.UNKNOWN: Why.UNKNOWN, State.RETRY_WAIT: Why.RETRY}


def page(
    connection: Connection, broadcast_id: int, state: State | None, *, after: str | None = None, limit: int = 100
) -> tuple[list[Delivery], str | None]:
    """As `deliveries.page`, without looking at those who are well: as fast for ten failures in a million."""
    at = deliveries.cursor(after) if after else _BEGINNING
    if state in _COUNTED:
        keys = _by_counter(connection, broadcast_id, _COUNTED[state], at, limit + 1)
    elif state in _WAITING:
        mine = (due.c.broadcast == broadcast_id, due.c.why == _WAITING[state].value)
        query = select(due.c.medium, due.c.address_id).where(*mine, _later(due.c.medium, due.c.address_id, at))
        ordered = query.order_by(due.c.medium, due.c.address_id).limit(limit + 1)
        keys = [(row.medium, row.address_id) for row in connection.execute(ordered)]
    else:
        return deliveries.page(connection, broadcast_id, after=after, limit=limit, state=state)
    following = f"{keys[limit - 1][0]}.{keys[limit - 1][1]}" if len(keys) > limit else None
    return deliveries.those(connection, broadcast_id, keys[:limit], state), following


def suppressed_reasons(connection: Connection, broadcast_id: int) -> dict[str, int]:
    """Stored reason -> how many deliveries; out of an index that has the suppressed ones only."""
    mine = (outcome.c.broadcast == broadcast_id, outcome.c.result == literal_column("'suppressed'"))
    query = select(outcome.c.reason, func.count().label("number")).where(*mine).group_by(outcome.c.reason)
    return {row.reason: row.number for row in connection.execute(query)}


def _by_counter(
    connection: Connection, broadcast_id: int, counter: str, at: tuple[int, int], wanted: int
) -> list[tuple[int, int]]:
    """The first ones after `at`, out of the shards that have any: no more is looked at than the page needs."""
    shards = (
        select(shard.c.medium, shard.c.first_address, shard.c.last_address)
        .where(
            shard.c.broadcast == broadcast_id, shard.c[counter] > 0, _later(shard.c.medium, shard.c.last_address, at)
        )
        .order_by(shard.c.medium, shard.c.first_address)
    )
    found: list[tuple[int, int]] = []
    for medium, first, last in connection.execute(shards).all():
        begins = max(first, at[1] + 1) if medium == at[0] else first
        query = select(outcome.c.address_id).where(
            outcome.c.broadcast == broadcast_id,
            outcome.c.medium == medium,
            outcome.c.address_id.between(begins, last),
            outcome.c.result == counter,
        )
        ordered = query.order_by(outcome.c.address_id).distinct().limit(wanted - len(found))
        found += [(medium, address_id) for address_id in connection.scalars(ordered)]
        if len(found) >= wanted:
            break
    return found


def _later(medium: ColumnElement[int], address_id: ColumnElement[int], at: tuple[int, int]) -> ColumnElement[bool]:
    return or_(medium > at[0], and_(medium == at[0], address_id > at[1]))
