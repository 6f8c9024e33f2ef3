"""Ending, pausing and finishing a broadcast: what may still leave, and what becomes of the rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, delete, func, insert, literal, select, update

from app.domain.crisis import UpdateState
from app.domain.delivery import Result, Why
from app.domain.message import MEDIUM_CODES, Medium
from app.store.calling import call
from app.store.ledger import BroadcastRow
from app.store.ledger_tables import broadcast, due, outcome, shard
from app.store.locking import lock_broadcast
from app.store.settling import add_to_shards
from app.store.tables import update as update_table
from app.store.windows import ShardKey

LIVE_STATES = ("releasing", "canary", "sending", "paused", "halted")
_STARTABLE = (Why.RETRY.value, Why.RETURNED.value)
_SETTLED = ("accepted", "failed", "suppressed", "superseded", "expired", "cancelled", "dead")


@dataclass(frozen=True, slots=True)
class Stopped:
    """What a stop did: `stopped` will never leave, `in_flight` may, `out` already did."""

    stopped: int
    in_flight: int
    out: int


def stop_rest(connection: Connection, broadcast_id: int, rest: Result, now_ms: int) -> Stopped:
    """Nothing of this broadcast is admitted or retried any more; its unsent rest becomes `rest`.

    Deliveries already admitted settle by themselves; unknown ones stay unknown until somebody knows.
    """
    lock_broadcast(connection, broadcast_id)
    call(connection)
    mine = shard.c.broadcast == broadcast_id
    waiting = and_(due.c.broadcast == broadcast_id, due.c.why.in_(_STARTABLE), due.c.owner.is_(None))
    queued = connection.scalar(
        select(func.coalesce(func.sum(shard.c.size - shard.c.admitted), 0)).where(mine, shard.c.rest_state.is_(None))
    )
    connection.execute(
        update(shard).where(mine, shard.c.rest_state.is_(None)).values(rest_state=rest.value, fence=shard.c.fence + 1)
    )
    ended = select(
        due.c.broadcast,
        due.c.medium,
        due.c.address_id,
        due.c.attempt,
        literal(rest.value),
        due.c.endpoint,
        literal(f"rest_{rest.value}"),
        literal(""),
        literal(now_ms),
    ).where(waiting)
    columns = ["broadcast", "medium", "address_id", "attempt", "result", "endpoint", "reason", "provider_id", "at_ms"]
    connection.execute(insert(outcome).from_select(columns, ended))
    moves: dict[ShardKey, Counter[str]] = defaultdict(Counter)
    groups = select(due.c.medium, due.c.shard, due.c.why, func.count().label("n")).where(waiting)
    total = 0
    for row in connection.execute(groups.group_by(due.c.medium, due.c.shard, due.c.why)):
        move = moves[ShardKey(broadcast_id, row.medium, row.shard)]
        move["retrying" if row.why == Why.RETRY else "returned"] -= row.n
        move[rest.value] += row.n
        total += row.n
    add_to_shards(connection, moves)
    connection.execute(delete(due).where(waiting))
    return _stopped(connection, broadcast_id, (queued or 0) + total)


def pause(connection: Connection, broadcast_id: int) -> Stopped:
    """Nothing starts until `resume`; what was admitted but not begun comes back by itself."""
    lock_broadcast(connection, broadcast_id)
    call(connection)
    connection.execute(update(broadcast).where(broadcast.c.id == broadcast_id).values(state="paused"))
    connection.execute(update(shard).where(shard.c.broadcast == broadcast_id).values(fence=shard.c.fence + 1))
    return _stopped(connection, broadcast_id, 0)


def set_broadcast_state(connection: Connection, broadcast_id: int, state: str) -> None:
    connection.execute(update(broadcast).where(broadcast.c.id == broadcast_id).values(state=state))


def confirm_site(connection: Connection, broadcast_id: int, now_ms: int) -> bool:
    """When every site of the broadcast is read back: note it and bring the other waves forward. False = not yet."""
    site = MEDIUM_CODES[Medium.SITE]
    mine = and_(shard.c.broadcast == broadcast_id, shard.c.medium == site)
    lock_broadcast(connection, broadcast_id)
    open_sites = connection.scalar(select(func.sum(shard.c.size - shard.c.accepted)).where(mine))
    if open_sites is None or open_sites > 0:
        return False
    unconfirmed = and_(broadcast.c.id == broadcast_id, broadcast.c.site_confirmed_ms.is_(None))
    if connection.execute(update(broadcast).where(unconfirmed).values(site_confirmed_ms=now_ms)).rowcount != 1:
        return False
    earlier = now_ms + shard.c.wave_offset_ms
    connection.execute(
        update(shard)
        .where(shard.c.broadcast == broadcast_id, shard.c.medium != site)
        .values(not_before_ms=case((shard.c.not_before_ms > earlier, earlier), else_=shard.c.not_before_ms))
    )
    return True


def has_open_rest(connection: Connection, broadcast_id: int) -> bool:
    """Whether a shard of this broadcast may still admit or retry."""
    open_shards = select(shard.c.no).where(shard.c.broadcast == broadcast_id, shard.c.rest_state.is_(None))
    return connection.execute(open_shards.limit(1)).first() is not None


def still_open(connection: Connection, broadcast_id: int) -> bool:
    """Whether any delivery may still change by our own doing or is unknown."""
    settled = sum((shard.c[name] for name in _SETTLED), literal(0))
    sums = connection.execute(
        select(
            func.sum(case((shard.c.rest_state.is_(None), shard.c.size - shard.c.admitted), else_=0)).label("queued"),
            func.sum(shard.c.admitted - settled).label("unsettled"),
        ).where(shard.c.broadcast == broadcast_id)
    ).one()
    return bool((sums.queued or 0) + (sums.unsettled or 0))


def finish(connection: Connection, row: BroadcastRow, now: datetime) -> UpdateState:
    """Close a broadcast with nothing open; the update ends as done, or expired when a part was never sent in time."""
    expired = connection.scalar(
        select(func.count()).select_from(shard).where(shard.c.broadcast == row.id, shard.c.rest_state == "expired")
    )
    state = UpdateState.EXPIRED if expired else UpdateState.DONE
    set_broadcast_state(connection, row.id, "cancelled" if row.state == "cancelling" else "ended")
    running = and_(update_table.c.id == row.update_id, update_table.c.state.in_(LIVE_STATES))
    connection.execute(update(update_table).where(running).values(state=state.value, ended_at=now))
    return state


def _stopped(connection: Connection, broadcast_id: int, stopped: int) -> Stopped:
    settled = sum((shard.c[name] for name in _SETTLED), literal(0))
    waiting = shard.c.retrying + shard.c.returned
    sums = connection.execute(
        select(
            func.sum(shard.c.admitted - settled - waiting - shard.c.unsure).label("in_flight"),
            func.sum(shard.c.accepted).label("out"),
        ).where(shard.c.broadcast == broadcast_id)
    ).one()
    return Stopped(stopped, int(sums.in_flight or 0), int(sums.out or 0))
