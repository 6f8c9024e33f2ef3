"""Taking over from a dead worker: one transaction frees its shards and names what nobody can be sure of."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, func, literal, select, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from app.domain.delivery import Result, Why
from app.store.ledger import is_shard, same_delivery
from app.store.ledger_tables import broadcast, due, outcome, recipient, shard
from app.store.upsert import insert_found, insert_selected, is_listed
from app.store.windows import ShardKey

LEASE_LOST = "lease_lost"
SHARDS_A_PASS = 500
OUTCOME = ("broadcast", "medium", "address_id", "attempt", "result", "endpoint", "reason", "provider_id", "at_ms")


def take_over(connection: Connection, me: str, *, now_ms: int, settle_ms: int, alone: bool) -> tuple[int, list[int]]:
    """Free what dead workers held: admitted without an answer -> unknown; the never-admitted rest is free at once.

    `alone`: no other worker can exist (SQLite, the engine lock is held), so leases need not run out.
    Returns how many deliveries became unknown, and the broadcasts they belong to.
    """
    gone = and_(shard.c.owner.is_not(None), shard.c.owner != me)
    if not alone:
        gone = and_(gone, shard.c.lease_until_ms < now_ms)
    unsure, touched = 0, set()
    for row in connection.execute(select(shard).where(gone).with_for_update(of=shard, skip_locked=True)).all():
        key = ShardKey(row.broadcast, row.medium, row.no)
        orphans = _orphan(connection, key, row, now_ms=now_ms, ask_ms=now_ms + settle_ms)
        connection.execute(
            update(shard)
            .where(is_shard(key))
            .values(owner=None, fence=row.fence + 1, lease_until_ms=0, unsure=shard.c.unsure + orphans)
        )
        unsure += orphans
        touched.add(row.broadcast)
    return unsure + _take_over_due(connection, me, now_ms=now_ms, settle_ms=settle_ms, alone=alone), sorted(touched)


def _orphan(connection: Connection, key: ShardKey, row: Row[Any], *, now_ms: int, ask_ms: int) -> int:
    """Admitted, no outcome, not due: nobody knows whether the provider has it, or since when.

    So the doubt reaches back to the broadcast's beginning: a search from the take-over on would miss what was accepted.
    """
    began = select(func.coalesce(broadcast.c.sent_ms, now_ms)).where(broadcast.c.id == key.broadcast).scalar_subquery()
    in_window = and_(
        recipient.c.broadcast == key.broadcast,
        recipient.c.medium == key.medium,
        recipient.c.address_id >= row.first_address,
        recipient.c.address_id <= row.watermark,
        ~exists().where(same_delivery(outcome, recipient)),
        ~exists().where(same_delivery(due, recipient)),
    )
    values = {
        "shard": key.no,
        "endpoint": row.endpoint,
        "lane": row.lane,
        "attempt": 1,
        "why": Why.UNKNOWN.value,
        "reason": LEASE_LOST,
        "due_ms": ask_ms,
        "asked": 0,
        "fence": 0,
        "lease_until_ms": 0,
    }
    who = (recipient.c.broadcast, recipient.c.medium, recipient.c.address_id)
    found = select(*who, began, *map(literal, values.values())).where(in_window)
    orphans = insert_found(connection, due, ["broadcast", "medium", "address_id", "since_ms", *values], found)
    of_this_shard = and_(due.c.broadcast == key.broadcast, due.c.medium == key.medium, due.c.shard == key.no)
    _note_doubt(connection, _doubts(now_ms, due.c.attempt).where(of_this_shard, due.c.reason == LEASE_LOST))
    return orphans


def _doubts(now_ms: int, attempt: ColumnElement[int]) -> Select[Any]:
    unknown = (literal(Result.UNKNOWN.value), due.c.endpoint, literal(LEASE_LOST), literal(""), literal(now_ms))
    return select(due.c.broadcast, due.c.medium, due.c.address_id, attempt, *unknown)


def _note_doubt(connection: Connection, doubts: Select[Any]) -> None:
    """The record that this attempt was once unknown outlives whatever the delivery comes to."""
    insert_selected(connection, outcome, OUTCOME, doubts)


def _take_over_due(connection: Connection, me: str, *, now_ms: int, settle_ms: int, alone: bool) -> int:
    """Second and later attempts a dead worker had in flight: that attempt is now unknown."""
    gone = and_(due.c.owner.is_not(None), due.c.owner != me)
    if not alone:
        gone = and_(gone, due.c.lease_until_ms < now_ms)
    if connection.scalar(select(due.c.address_id).where(gone).limit(1)) is None:
        return 0  # found by the index of owners: a million who wait for their morning have none
    touched = select(due.c.broadcast, due.c.medium, due.c.shard).where(gone).distinct().limit(SHARDS_A_PASS)
    keys = [tuple(row) for row in connection.execute(touched)]
    if not keys:
        return 0
    whole = select(shard.c.broadcast, shard.c.medium, shard.c.no).where(
        tuple_(shard.c.broadcast, shard.c.medium, shard.c.no).in_(keys)
    )
    ours = [tuple(row) for row in connection.execute(whole.with_for_update(skip_locked=True))]
    # Whoever was only slow renews what it has without touching these shards: what is ours from here on is locked.
    mine = and_(gone, tuple_(due.c.broadcast, due.c.medium, due.c.shard).in_(ours))
    facts = (due.c.broadcast, due.c.medium, due.c.shard, due.c.why, due.c.address_id)
    rows = connection.execute(select(*facts).where(mine).with_for_update(skip_locked=True)).all()
    attempted = Counter((tuple(row[:3]), row.why) for row in rows if row.why != Why.UNKNOWN)
    for (key, why), number in attempted.items():
        column = shard.c.retrying if why == Why.RETRY else shard.c.returned
        connection.execute(
            update(shard)
            .where(is_shard(ShardKey(*key)))
            .values({column: column - number, shard.c.unsure: shard.c.unsure + number})
        )
    places: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in rows:
        places[row.broadcast, row.medium].append(row.address_id)
    for (broadcast_id, medium), ids in places.items():
        these = and_(due.c.broadcast == broadcast_id, due.c.medium == medium)
        _doubt(connection, and_(these, is_listed(connection, due.c.address_id, ids)), now_ms, settle_ms)
    return sum(attempted.values())


def _doubt(connection: Connection, these: ColumnElement[bool], now_ms: int, settle_ms: int) -> None:
    """What was tried is unknown; what was asked about is free to be asked about again."""
    tried = and_(these, due.c.why != Why.UNKNOWN)
    _note_doubt(connection, _doubts(now_ms, due.c.attempt + 1).where(tried))
    free = {"owner": None, "fence": due.c.fence + 1}
    connection.execute(update(due).where(these, due.c.why == Why.UNKNOWN).values(free))
    connection.execute(
        update(due)
        .where(tried)
        .values(
            why=Why.UNKNOWN.value,
            reason=LEASE_LOST,
            attempt=due.c.attempt + 1,
            due_ms=now_ms + settle_ms,
            asked=0,
            **free,
        )
    )
