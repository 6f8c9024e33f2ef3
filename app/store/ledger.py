"""The ledger as a queue: claim shards by lease, admit recipients behind a committed watermark, claim what is due again.

Every function works inside the caller's transaction. `me` is the worker's random name; times are milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson
from sqlalchemy import (
    BigInteger,
    Connection,
    FromClause,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from app.domain.delivery import FINAL, Result, Why
from app.store import paced, tables, wishes
from app.store.courtesy_tables import courtesy
from app.store.ledger_tables import address, broadcast, due, outcome, recipient, shard, suppression
from app.store.windows import Candidates, FirstMessage, Origin, ShardKey

LIVE = ("sending", "paused", "stopping", "cancelling")
"""States of a broadcast between `send` and its end; only `sending` admits."""
LATE_MS: Final = 1_000
"""A shard is taken so soon after its time when engines run and nothing else comes first."""


@dataclass(slots=True)
class HeldShard:
    """A shard this worker may admit from, until its lease ends or its fence moves."""

    key: ShardKey
    endpoint: int
    lane: int
    fence: int
    watermark: int
    last_address: int
    remaining: int


@dataclass(frozen=True, slots=True)
class BroadcastRow:
    id: int
    update_id: int
    revision: int
    crisis: str
    state: str
    drill: bool
    lane: int
    corrects: int | None
    sent_ms: int | None
    expires_ms: int | None
    site_confirmed_ms: int | None
    site_bound_ms: int | None
    canary_until_ms: int | None = None
    """While set only the first portion may be admitted."""
    canary_wait_ms: int = 0
    minor_news: bool = False
    """Whoever asked for LESS does not get it."""
    update_state: str = ""
    playbook: str | None = None
    """Of its crisis."""
    courteous: bool = False  # somebody may be held back at the door: see `store.courtesies`


def broadcast_row(connection: Connection, broadcast_id: int) -> BroadcastRow | None:
    row = connection.execute(_BROADCAST, {"wanted": broadcast_id}).one_or_none()
    return None if row is None else _as_broadcast(row)


def live_broadcasts(connection: Connection) -> list[BroadcastRow]:
    """Those with anything left to send or to settle, oldest first."""
    return [_as_broadcast(row) for row in connection.execute(_LIVE_BROADCASTS)]


def claim_shards(
    connection: Connection,
    me: str,
    endpoint: int,
    *,
    now_ms: int,
    lease_ms: int,
    most: int,
    better_than: int | None = None,
    broadcast_id: int | None = None,
) -> list[HeldShard]:
    """Up to `most` free shards, best lane first; if given, of lanes better than `better_than` or of one broadcast.

    Of a broadcast that goes out slowly, an outage leaves several overdue: one is taken, the others are put off.
    """
    narrowed = {"better_than": better_than, "in_broadcast": broadcast_id}
    given = {name: value for name, value in narrowed.items() if value is not None}
    wanted = {"by_endpoint": endpoint, "now_ms": now_ms, "most": most, **given}
    held: list[HeldShard] = []
    put_off: dict[tuple[int, int], int] = {}
    for row in connection.execute(_free_shards(frozenset(given)), wanted).all():
        key = ShardKey(row.broadcast, row.medium, row.no)
        if row.not_before_ms > put_off.get((row.broadcast, row.medium), row.not_before_ms):
            continue
        late = now_ms - row.not_before_ms > LATE_MS
        if late and row.spread and paced.catch_up_with(connection, key, row.not_before_ms, now_ms):
            put_off[row.broadcast, row.medium] = row.not_before_ms
        left = row.size - row.admitted
        held.append(HeldShard(key, row.endpoint, row.lane, row.fence + 1, row.watermark, row.last_address, left))
    if held:
        ours = {"me": me, "until_ms": now_ms + lease_ms}
        connection.execute(_TAKE, [{**which(one.key), **ours, "to_fence": one.fence} for one in held])
    return held


@lru_cache(maxsize=4)
def _free_shards(given: frozenset[str]) -> Select[Any]:
    """Like every statement of a turn built once: putting one together costs more than running it."""
    wanted = (
        select(shard, paced.spread.label("spread"))
        .join(broadcast, broadcast.c.id == shard.c.broadcast)
        .where(shard.c.endpoint == bindparam("by_endpoint"), claimable(bindparam("now_ms", type_=BigInteger)))
        .order_by(shard.c.lane, shard.c.no, shard.c.broadcast)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(of=shard, skip_locked=True)
    )
    if "better_than" in given:
        wanted = wanted.where(shard.c.lane < bindparam("better_than"))
    if "in_broadcast" in given:
        wanted = wanted.where(shard.c.broadcast == bindparam("in_broadcast"))
    return wanted


def admit(
    connection: Connection,
    held: HeldShard,
    most: int,
    *,
    newer: Sequence[int],
    corrects: int | None,
    minor_news: bool = False,
) -> Candidates | None:
    """Move the watermark over up to `most` recipients and return them; None when the fence has moved on.

    Only after the transaction is committed may any of them be sent.
    """
    within = {"above": held.watermark, "last": held.last_address, "most": most}
    window = {"in_broadcast": held.key.broadcast, "by_medium": held.key.medium, **within}
    columns = _columns(
        connection, _admission(tuple(newer), corrects, minor_news=minor_news, pack=packed(connection)), window
    )
    number = len(columns[0])
    watermark = columns[0][-1] if number else held.last_address
    move = {"by_fence": held.fence, "to": watermark, "more": number}
    moved = connection.execute(_MOVE_ON, {**which(held.key), **move})
    if moved.rowcount != 1:
        return None
    held.watermark = watermark
    held.remaining -= number
    return Candidates(Origin(*held.key, held.endpoint, held.lane, attempt=1, fence=held.fence), *columns)


def _columns(connection: Connection, query: Select[Any], values: Mapping[str, object]) -> Sequence[Sequence[Any]]:
    found = connection.execute(query, values)
    if packed(connection):
        return [orjson.loads(column) for column in found.one()]
    return _turned(found.all())


def _turned(rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """Rows into columns."""
    return list(zip(*rows, strict=True)) if rows else [()] * _COLUMNS


def packed(connection: Connection) -> bool:
    """Whether to ask for whole columns as one JSON text each: SQLite's driver gives the interpreter's lock away and
    takes it back at every row, which beside a busy event loop takes longer than everything else about the row.
    """
    return connection.dialect.name == "sqlite"


@lru_cache(maxsize=64)
def _admission(newer: tuple[int, ...], corrects: int | None, *, minor_news: bool, pack: bool) -> Select[Any]:
    window = select(*_WHO).where(
        recipient.c.broadcast == bindparam("in_broadcast"),
        recipient.c.medium == bindparam("by_medium"),
        recipient.c.address_id > bindparam("above"),
        recipient.c.address_id <= bindparam("last"),
    )
    decided = _with_decisions(window, newer=newer, corrects=corrects, minor_news=minor_news)
    rows = decided.order_by(recipient.c.address_id).limit(bindparam("most", type_=Integer))
    return select(*map(func.json_group_array, rows.subquery().c)) if pack else rows


THIS_SHARD: Final = and_(
    shard.c.broadcast == bindparam("in_broadcast"),
    shard.c.medium == bindparam("by_medium"),
    shard.c.no == bindparam("no_"),
)
"""For statements that are built once; `which` fills it in."""


def which(key: ShardKey) -> dict[str, int | str]:
    return {"in_broadcast": key.broadcast, "by_medium": key.medium, "no_": key.no}


_TAKEN: Final = {"owner": "me", "fence": "to_fence", "lease_until_ms": "until_ms"}
_TAKE: Final = update(shard).where(THIS_SHARD).values({name: bindparam(given) for name, given in _TAKEN.items()})
_MOVE_ON: Final = (
    update(shard)
    .where(THIS_SHARD, shard.c.fence == bindparam("by_fence"))
    .values(watermark=bindparam("to"), admitted=shard.c.admitted + bindparam("more"))
)
_LET_GO: Final = update(shard).where(THIS_SHARD, shard.c.owner == bindparam("me")).values(owner=None, lease_until_ms=0)
_WHO: Final = (recipient.c.address_id, recipient.c.language, recipient.c.variant, recipient.c.area)
_COLUMNS: Final = len(_WHO) + 4
"""With what `_with_decisions` adds."""


def claim_due(
    connection: Connection,
    me: str,
    endpoint: int,
    broadcast_id: int,
    *,
    now_ms: int,
    lease_ms: int,
    most: int,
    newer: Sequence[int],
    corrects: int | None = None,
    minor_news: bool = False,
) -> list[Candidates]:
    """Take deliveries of one broadcast whose next attempt is due, the longest waiting first; those alike together.

    They keep their place in `due` until settling says what became of the attempt.
    """
    mine = {"by_endpoint": endpoint, "in_broadcast": broadcast_id, "now_ms": now_ms, "most": most}
    rows = connection.execute(_due_now(tuple(newer), corrects, minor_news=minor_news), mine).all()
    by_medium: dict[int, list[int]] = {}
    for row in rows:
        by_medium.setdefault(row.medium, []).append(row.address_id)
    for medium, addresses in by_medium.items():
        connection.execute(
            update(due)
            .where(due.c.broadcast == broadcast_id, due.c.medium == medium, due.c.address_id.in_(addresses))
            .values(owner=me, fence=due.c.fence + 1, lease_until_ms=now_ms + lease_ms)
        )
    alike: dict[Origin, list[Row[Any]]] = {}
    for row in rows:
        attempt, was, fence = row.attempt + 1, Why(row.why), row.fence + 1
        origin = Origin(broadcast_id, row.medium, row.shard, endpoint, row.lane, attempt, fence, row.since_ms, was)
        alike.setdefault(origin, []).append(row)
    return [Candidates(origin, *_turned([row[:_COLUMNS] for row in group])) for origin, group in alike.items()]


@lru_cache(maxsize=64)
def _due_now(newer: tuple[int, ...], corrects: int | None, *, minor_news: bool) -> Select[Any]:
    waiting = (
        select(*_WHO)
        .select_from(due)
        .join(recipient, same_delivery(due, recipient))
        .join(shard, _its_shard)
        .where(
            due.c.endpoint == bindparam("by_endpoint"),
            due.c.broadcast == bindparam("in_broadcast"),
            due.c.due_ms <= bindparam("now_ms"),
            due.c.owner.is_(None),
            due.c.why.in_((Why.RETRY, Why.RETURNED)),
        )
    )
    decided = _with_decisions(waiting, newer=newer, corrects=corrects, minor_news=minor_news)
    stood = (due.c[name] for name in ("medium", "shard", "lane", "attempt", "why", "since_ms", "fence"))
    decided = decided.order_by(due.c.due_ms).add_columns(*stood).limit(bindparam("most", type_=Integer))
    return decided.with_for_update(of=(due, shard), skip_locked=True)


def release(connection: Connection, me: str, keys: Sequence[ShardKey]) -> None:
    """Give shards back that have nothing of ours in flight."""
    if keys:
        connection.execute(_LET_GO, [{**which(key), "me": me} for key in keys])


def claimable(now_ms: int | ColumnElement[int] | None) -> ColumnElement[bool]:
    """Of shard and broadcast joined: nobody has it, and it has somebody who may be sent to now; None = now or later."""
    return and_(
        shard.c.rest_state.is_(None),
        shard.c.owner.is_(None),
        shard.c.admitted < shard.c.size,
        true() if now_ms is None else shard.c.not_before_ms <= now_ms,
        broadcast.c.state == "sending",
        open_to(shard),
    )


def open_to(shards: FromClause) -> ColumnElement[bool]:
    """While a broadcast tries its words on a first portion, the other shards wait."""
    return or_(broadcast.c.canary_until_ms.is_(None), shards.c.canary == 1)


def is_shard(key: ShardKey) -> ColumnElement[bool]:
    return and_(shard.c.broadcast == key.broadcast, shard.c.medium == key.medium, shard.c.no == key.no)


def same_delivery(left: FromClause, right: FromClause) -> ColumnElement[bool]:
    return and_(*(left.c[name] == right.c[name] for name in ("broadcast", "medium", "address_id")))


_its_shard = and_(shard.c.broadcast == due.c.broadcast, shard.c.medium == due.c.medium, shard.c.no == due.c.shard)


def _with_decisions(query: Select[Any], *, newer: Sequence[int], corrects: int | None, minor_news: bool) -> Select[Any]:
    """Join what decides at the last moment: erased or suppressed address, newer words, an unanswered first message."""
    newest = recipient.alias("newest")
    superseded: ColumnElement[bool] = literal(0)
    if newer:
        superseded = exists().where(
            newest.c.broadcast.in_(newer),
            newest.c.medium == recipient.c.medium,
            newest.c.address_id == recipient.c.address_id,
            wishes.hears_of(newest),
        )
    first: ColumnElement[str] = literal(FirstMessage.TOLD.value)
    if corrects is not None:
        ends = [result.value for result in FINAL if result is not Result.ACCEPTED]
        first = case(
            (_ended(corrects, [Result.ACCEPTED.value]), FirstMessage.TOLD.value),
            (_ended(corrects, ends), FirstMessage.SPARED.value),
            else_=FirstMessage.OPEN.value,
        )
    return (
        query.add_columns(
            address.c.value,
            (wishes.why_held_back() if minor_news else suppression.c.reason).label("suppressed"),
            superseded.label("superseded"),
            first.label("first"),
        )
        .join(address, address.c.id == recipient.c.address_id)
        .outerjoin(suppression, suppression.c.address_id == recipient.c.address_id)
    )


def _ended(broadcast_id: int, results: Sequence[str]) -> ColumnElement[bool]:
    """The same address has an outcome with one of these results in that broadcast."""
    return exists().where(
        outcome.c.broadcast == broadcast_id,
        outcome.c.medium == recipient.c.medium,
        outcome.c.address_id == recipient.c.address_id,
        outcome.c.result.in_(results),
    )


_BROADCASTS: Final[Select[Any]] = (
    select(
        broadcast.c.id,
        broadcast.c.update_id,
        broadcast.c.revision,
        broadcast.c.crisis,
        broadcast.c.state,
        broadcast.c.drill,
        broadcast.c.lane,
        broadcast.c.corrects,
        broadcast.c.sent_ms,
        broadcast.c.expires_ms,
        broadcast.c.site_confirmed_ms,
        broadcast.c.site_bound_ms,
        broadcast.c.canary_until_ms,
        broadcast.c.canary_wait_ms,
        broadcast.c.minor_news,
        tables.update.c.state.label("update_state"),
        tables.crisis.c.playbook,
        courtesy.c.broadcast.is_not(None).label("courteous"),
    )
    .outerjoin(courtesy, courtesy.c.broadcast == broadcast.c.id)
    .outerjoin(tables.update, tables.update.c.id == broadcast.c.update_id)
    .outerjoin(tables.crisis, tables.crisis.c.slug == broadcast.c.crisis)
)
_BROADCAST: Final = _BROADCASTS.where(broadcast.c.id == bindparam("wanted"))
_LIVE_BROADCASTS: Final = _BROADCASTS.where(broadcast.c.state.in_(LIVE)).order_by(broadcast.c.id)


def _as_broadcast(row: Row[Any]) -> BroadcastRow:
    return BroadcastRow(**{**row._asdict(), "drill": bool(row.drill), "minor_news": bool(row.minor_news)})
