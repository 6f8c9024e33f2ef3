"""Deliveries that surely did not leave and may be tried again because somebody says so."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from app.domain.delivery import Event, Result, Why
from app.domain.message import FailureKind
from app.store import settling
from app.store.ledger import same_delivery
from app.store.ledger_tables import address, due, outcome, receipt_state, shard, suppression
from app.store.locking import lock_broadcast
from app.store.upsert import insert_missing
from app.store.windows import ShardKey

_OVER: Final[list[ColumnElement[str]]] = [
    literal_column(f"'{result.value}'") for result in (Result.FAILED, Result.DEAD)
]
"""Spelt out, not bound: only then does the index of those that are over serve."""
MOST_COUNTED: Final = 5_000
_NEVER: Final = (Result.ACCEPTED.value, Result.UNKNOWN.value, Result.SUPPRESSED.value)
"""A delivery with any of these may be with its reader already, or must not be."""
_HOPELESS: Final = (f"{FailureKind.RECIPIENT.value}:%", f"{FailureKind.OPTED_OUT.value}:%")
"""The address itself was refused: again is the same again, and costs the sender its name."""


def count(connection: Connection, broadcast_id: int) -> int:
    """How many may be sent again: clear refusals only, never unknown, never suppressed, nobody in doubt.

    At most MOST_COUNTED + 1, which means: more than that.
    """
    found = _safe(broadcast_id).limit(MOST_COUNTED + 1).subquery()
    return int(connection.scalar(select(func.count()).select_from(found)) or 0)


def send_again(connection: Connection, broadcast_id: int, now_ms: int, most: int) -> int:
    """Put so many back into `due`; how many there were, 0 when none is left.

    The one place where an outcome is rewritten: what was final becomes an attempt that was refused, so that the next
    one alone decides, and counters and rows stay one.
    """
    lock_broadcast(connection, broadcast_id)
    rows = connection.execute(_safe(broadcast_id).order_by(outcome.c.medium, outcome.c.address_id).limit(most)).all()
    if not rows:
        return 0
    insert_missing(connection, due, [_due(broadcast_id, row, now_ms) for row in rows], settling.DELIVERY)
    keys = [{"m": row.medium, "a": row.address_id, "n": row.attempt, "r": row.result} for row in rows]
    mine = and_(
        outcome.c.broadcast == broadcast_id,
        outcome.c.medium == bindparam("m"),
        outcome.c.address_id == bindparam("a"),
        outcome.c.attempt == bindparam("n"),
        outcome.c.result == bindparam("r"),
    )
    connection.execute(update(outcome).where(mine).values(result=Result.REFUSED.value), keys)
    moves: dict[ShardKey, Counter[str]] = defaultdict(Counter)
    for row in rows:
        move = moves[ShardKey(broadcast_id, row.medium, row.no)]
        move[row.result] -= 1
        move["retrying"] += 1
        if row.result == Result.FAILED.value and row.reason.startswith(settling.WORDS_REFUSED):
            move["filtered"] -= 1
    settling.add_to_shards(connection, moves)
    return len(rows)


def _safe(broadcast_id: int) -> Select[Any]:
    other = outcome.alias("other")
    doubtful = select(literal(1)).where(same_delivery(other, outcome), other.c.result.in_(_NEVER))
    again = select(literal(1)).where(
        same_delivery(other, outcome), other.c.result == Result.REFUSED.value, other.c.attempt == outcome.c.attempt
    )
    waiting = select(literal(1)).where(same_delivery(due, outcome))
    heard = select(literal(1)).where(same_delivery(receipt_state, outcome))
    blocked = select(literal(1)).where(suppression.c.address_id == outcome.c.address_id)
    in_shard = and_(
        outcome.c.broadcast == shard.c.broadcast,
        outcome.c.medium == shard.c.medium,
        outcome.c.address_id.between(shard.c.first_address, shard.c.last_address),
    )
    return (
        select(
            outcome.c.medium,
            outcome.c.address_id,
            outcome.c.attempt,
            outcome.c.result,
            outcome.c.reason,
            shard.c.no,
            shard.c.endpoint,
            shard.c.lane,
        )
        .select_from(shard)
        .join(outcome, in_shard)
        .join(address, address.c.id == outcome.c.address_id)
        .where(
            shard.c.broadcast == broadcast_id,
            or_(shard.c.failed > 0, shard.c.dead > 0),
            shard.c.rest_state.is_(None),
            outcome.c.result.in_(_OVER),
            *(outcome.c.reason.not_like(one) for one in _HOPELESS),
            address.c.value.is_not(None),
            *(~one.correlate(outcome).exists() for one in (doubtful, again, waiting, heard, blocked)),
        )
    )


def _due(broadcast_id: int, row: Row[Any], now_ms: int) -> dict[str, Any]:
    return {
        "broadcast": broadcast_id,
        "medium": row.medium,
        "address_id": row.address_id,
        "shard": row.no,
        "endpoint": row.endpoint,
        "lane": row.lane,
        "attempt": row.attempt,
        "why": Why.RETRY.value,
        "reason": Event.DECIDED_RESEND.value,
        "due_ms": now_ms,
        "asked": 0,
        "since_ms": now_ms,
        "owner": None,
        "fence": 0,
        "lease_until_ms": 0,
    }
