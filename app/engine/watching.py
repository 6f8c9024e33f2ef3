"""What time alone changes: the undo window ends, an update expires, a broadcast is over."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from app.clock import from_ms
from app.domain.crisis import Action, UpdateState, move
from app.domain.delivery import Result
from app.domain.halting import Limits
from app.engine.judging import judge, limits_of
from app.store import audit, crises, halting, publishing, stopping, updates
from app.store.database import Database
from app.store.halting import Tally
from app.store.ledger import BroadcastRow

ENGINE = "engine"


def watch(db: Database, rows: Sequence[BroadcastRow], now_ms: int) -> int:
    """Do what is due for these live broadcasts, a transaction each; how many changed."""
    with db.reading() as connection:
        seen = [(row, *_look(connection, row)) for row in rows]
    changed = 0
    for row, tallies, limits in seen:
        if row.expires_ms is not None and row.expires_ms <= now_ms:
            changed += _expire(db, row, now_ms)
        elif row.sent_ms is not None and row.sent_ms <= now_ms:
            changed += _release(db, row)
            if row.state == "sending":
                changed += judge(db, row, tallies, limits, now_ms)
        if row.state != "paused" and not any(tally.open for tally in tallies):
            changed += _finish(db, row, now_ms)
    return changed


def _look(connection: Connection, row: BroadcastRow) -> tuple[list[Tally], Limits]:
    tallies = halting.tallies(connection, row.id)
    return tallies, limits_of(connection, row)


def _release(db: Database, row: BroadcastRow) -> int:
    if row.update_state != UpdateState.RELEASING:
        return 0
    with db.writing() as tx:
        found = updates.get(tx, row.update_id, lock=True)
        if found.state is UpdateState.RELEASING:
            action = Action.RELEASE if row.canary_until_ms is None else Action.TRY_FIRST
            updates.change(tx, found.id, found.state, state=move(found.state, action))
    return 1


def _expire(db: Database, row: BroadcastRow, now_ms: int) -> int:
    """Nothing stale leaves: the unsent rest is closed, staff see it in the timeline."""
    with db.reading() as connection:
        if not stopping.has_open_rest(connection, row.id):
            return 0
    with db.writing() as tx:
        stopped = stopping.stop_rest(tx, row.id, Result.EXPIRED, now_ms)
        stopping.set_broadcast_state(tx, row.id, "stopping")
        body = {"update": row.update_id, "never_sent": stopped.stopped, "in_flight": stopped.in_flight}
        now = from_ms(now_ms)
        crises.add_timeline(tx, row.crisis, ENGINE, "update_expired", body, now)
        publishing.request(tx, "update_expired", now)
        audit.append(tx, ENGINE, "expire_update", f"update/{row.update_id}", body, now)
    return 1


def _finish(db: Database, row: BroadcastRow, now_ms: int) -> int:
    now = from_ms(now_ms)
    with db.writing() as tx:
        if stopping.still_open(tx, row.id):
            return 0
        state = stopping.finish(tx, row, now)
        crises.add_timeline(tx, row.crisis, ENGINE, f"update_{state.value}", {"update": row.update_id}, now)
        audit.append(tx, ENGINE, "finish_update", f"update/{row.update_id}", {"state": state.value}, now)
    return 1
