"""Which broadcasts take the place of an older one."""

from __future__ import annotations

from sqlalchemy import Connection, select

from app.store.ledger import BroadcastRow
from app.store.ledger_tables import broadcast


def newer_broadcasts(connection: Connection, row: BroadcastRow, now_ms: int) -> list[int]:
    """Sent later in the same crisis and not cancelled: whoever they reach must not get the older words any more.

    One still in its undo window does not count: it may never go out.
    """
    if row.sent_ms is None:
        return []
    later = select(broadcast.c.id).where(
        broadcast.c.crisis == row.crisis,
        broadcast.c.drill == int(row.drill),
        broadcast.c.sent_ms > row.sent_ms,
        broadcast.c.sent_ms <= now_ms,
        broadcast.c.state.in_(("sending", "paused", "stopping", "ended")),
    )
    return list(connection.scalars(later))
