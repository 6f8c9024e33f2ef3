"""What stands at a social network already."""

from __future__ import annotations

from sqlalchemy import Connection, select

from app.domain.delivery import Result
from app.domain.endpoints import Endpoint
from app.domain.message import MEDIUM_CODES
from app.store.ledger import BroadcastRow
from app.store.ledger_tables import broadcast, outcome


def first_post(connection: Connection, row: BroadcastRow, endpoint: Endpoint) -> str:
    """The provider's id of the first message about this crisis that the endpoint took; "" when none was before."""
    query = (
        select(outcome.c.provider_id)
        .join(broadcast, broadcast.c.id == outcome.c.broadcast)
        .where(
            broadcast.c.crisis == row.crisis,
            broadcast.c.id < row.id,
            broadcast.c.drill == int(row.drill),
            outcome.c.medium == MEDIUM_CODES[endpoint.medium],  # not through a million texts beside it
            outcome.c.endpoint == endpoint.id,
            outcome.c.result == Result.ACCEPTED.value,
            outcome.c.provider_id != "",
        )
        .order_by(outcome.c.broadcast)
        .limit(1)
    )
    return connection.scalar(query) or ""
