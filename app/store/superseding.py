"""Which broadcasts take the place of an older one."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, select

from app.store.ledger import BroadcastRow
from app.store.ledger_tables import broadcast


def newer_broadcasts(connection: Connection, row: BroadcastRow, now_ms: int) -> list[int]:
    """Sent later in the same crisis and not cancelled: whoever they reach must not get the older words any more.

    One still in its undo window does not count: it may never go out.
    """
    if row.sent_ms is None:
        return []
    mine = {"in_crisis": row.crisis, "as_drill": int(row.drill), "sent_ms": row.sent_ms, "now_ms": now_ms}
    return list(connection.scalars(_LATER, mine))


_LATER: Final = select(broadcast.c.id).where(
    broadcast.c.crisis == bindparam("in_crisis"),
    broadcast.c.drill == bindparam("as_drill"),
    broadcast.c.sent_ms > bindparam("sent_ms"),
    broadcast.c.sent_ms <= bindparam("now_ms"),
    broadcast.c.state.in_(("sending", "paused", "stopping", "ended")),
)
