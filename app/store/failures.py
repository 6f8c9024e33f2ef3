"""Pages of deliveries of one state, found by the ledger's counters instead of by looking at everybody."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Select, and_, or_, select

from app.domain.delivery import State, Why
from app.store import deliveries
from app.store.deliveries import Delivery
from app.store.ledger_tables import due, outcome, shard

_COUNTED: Final = {
    state: state.value
    for state in (State.FAILED, State.DEAD, State.SUPPRESSED)
}  # fmt: skip
_WAITING: Final = {State.UNKNOWN: Why.UNKNOWN, State.RETRY_WAIT: Why.RETRY}


def page(
    connection: Connection, broadcast_id: int, state: State | None, *, after: str | None = None, limit: int = 100
) -> tuple[list[Delivery], str | None]:
    """As `deliveries.page`, without looking at those who are well: as fast for ten failures in a million."""
    if state in _COUNTED:
        query = _by_counter(broadcast_id, _COUNTED[state])
    elif state in _WAITING:
        query = select(due.c.medium, due.c.address_id).where(
            due.c.broadcast == broadcast_id, due.c.why == _WAITING[state].value
        )
    else:
        return deliveries.page(connection, broadcast_id, after=after, limit=limit, state=state)
    medium, address_id = query.selected_columns
    if after:
        at = deliveries.cursor(after)
        query = query.where(or_(medium > at[0], and_(medium == at[0], address_id > at[1])))
    keys = [tuple(row) for row in connection.execute(query.order_by(medium, address_id).limit(limit + 1).distinct())]
    following = f"{keys[limit - 1][0]}.{keys[limit - 1][1]}" if len(keys) > limit else None
    return deliveries.those(connection, broadcast_id, keys[:limit], state), following


def _by_counter(broadcast_id: int, counter: str) -> Select[Any]:
    in_shard = and_(
        outcome.c.broadcast == shard.c.broadcast,
        outcome.c.medium == shard.c.medium,
        outcome.c.address_id.between(shard.c.first_address, shard.c.last_address),
    )
    return (
        select(outcome.c.medium, outcome.c.address_id)
        .select_from(shard)
        .join(outcome, in_shard)
        .where(shard.c.broadcast == broadcast_id, shard.c[counter] > 0, outcome.c.result == counter)
    )
