"""Another endpoint goes on with what one has not begun, and gives it back when that one is well again.

What was once handed over and not clearly refused stays where it was: nobody can get it from both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Row,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal,
    select,
    union,
    update,
)
from sqlalchemy.sql.elements import ColumnElement

from app.clock import to_ms
from app.domain.delivery import Result, Why
from app.domain.message import MEDIUM_CODES, PERSONAL_MEDIA
from app.domain.planning import share_out
from app.domain.quiet_hours import REASONS
from app.store import locking
from app.store.ledger import is_shard, same_delivery
from app.store.ledger_tables import due, outcome, recipient, shard
from app.store.mercy_tables import breaker, detour
from app.store.tables import endpoint
from app.store.upsert import insert_or_update
from app.store.windows import ShardKey

RETRIES_A_STEP = 2_000
_PERSONAL = sorted(MEDIUM_CODES[medium] for medium in PERSONAL_MEDIA)


class Share(NamedTuple):
    """Work of one broadcast and medium that stands at one endpoint."""

    broadcast: int
    medium: int
    endpoint: int


class StandIn(NamedTuple):
    endpoint: int
    weight: int


class Moved(NamedTuple):
    rest: int
    """Deliveries never begun."""
    retries: int
    """Deliveries clearly refused, or given back before they were begun."""


def down_since(connection: Connection, at_ms: int, *, untried_ms: int) -> set[int]:
    """Endpoints whose breaker has been open, or which were halted, since then or longer.

    Not one that was lent a delivery after `untried_ms`: it may keep that one and show what it can do.
    """
    opened = select(breaker.c.endpoint).where(
        breaker.c.state == "open", breaker.c.since_ms <= at_ms, breaker.c.trial_ms <= untried_ms
    )
    down = set(connection.scalars(opened))
    for row in connection.execute(select(endpoint.c.id, endpoint.c.halted_at).where(endpoint.c.halted_at.is_not(None))):
        if to_ms(row.halted_at) <= at_ms:
            down.add(row.id)
    return down


def unwell(connection: Connection) -> set[int]:
    """Endpoints that are halted or whose breaker is open at all: nobody's stand-in."""
    return set(connection.scalars(_UNWELL))


_UNWELL: Final = union(
    select(breaker.c.endpoint).where(breaker.c.state == "open"),
    select(endpoint.c.id).where(endpoint.c.halted_reason.is_not(None)),
)
"""Asked four times a second, and so built once, like `_AWAY`."""


def waiting_at(connection: Connection, endpoints: set[int], live: Sequence[int]) -> list[Share]:
    """Where something of these broadcasts that may move waits at one of these endpoints."""
    open_rest = select(shard.c.broadcast, shard.c.medium, shard.c.endpoint).where(
        _rest(live), shard.c.endpoint.in_(endpoints)
    )
    doubted = exists().where(same_delivery(outcome, due), outcome.c.result == Result.UNKNOWN.value)
    retries = select(due.c.broadcast, due.c.medium, due.c.endpoint).where(
        due.c.broadcast.in_(live),
        due.c.endpoint.in_(endpoints),
        due.c.medium.in_(_PERSONAL),
        due.c.why.in_((Why.RETRY, Why.RETURNED)),
        due.c.owner.is_(None),
        ~doubted,
    )
    found = {Share(*row) for query in (open_rest, retries) for row in connection.execute(query.distinct())}
    return sorted(found)


def away(connection: Connection, live: Sequence[int]) -> list[tuple[Share, int]]:
    """Where a rest of these broadcasts waits at a stand-in, each with the endpoint it was staged for."""
    return [(Share(*row[:3]), row.home) for row in connection.execute(_AWAY, {"live": list(live)})]


def stand_ins(connection: Connection, share: Share, sick: set[int]) -> list[StandIn]:
    """Who may go on for it: its declared fallbacks, and the other endpoints of the medium this broadcast uses."""
    slug = select(endpoint.c.slug).where(endpoint.c.id == share.endpoint).scalar_subquery()
    medium = select(endpoint.c.medium).where(endpoint.c.id == share.endpoint).scalar_subquery()
    mine = (shard.c.broadcast == share.broadcast) & (shard.c.medium == share.medium)
    used = select(shard.c.home).where(mine)
    query = (
        select(endpoint.c.id, endpoint.c.weight)
        .where((endpoint.c.fallback_for == slug) | endpoint.c.id.in_(used), endpoint.c.medium == medium)
        .order_by(endpoint.c.id)
    )
    return [StandIn(*row) for row in connection.execute(query) if row.id not in sick and row.id != share.endpoint]


def move(connection: Connection, share: Share, to: Sequence[StandIn], now_ms: int) -> Moved:
    """The never-admitted rest of every shard and the retries that were clearly not taken, in one transaction."""
    locking.lock_broadcast(connection, share.broadcast)
    rest = 0
    shards = _open_shards(connection, shard.c.endpoint == share.endpoint, share)
    weights = [one.weight for one in to]
    for row, turn in zip(shards, share_out(len(shards), weights), strict=True):
        rest += _take_rest(connection, row, to[turn].endpoint)
    best = max(to, key=lambda one: (one.weight, -one.endpoint))
    retries = 0
    while moved := _move_retries(connection, share, best.endpoint, now_ms):
        retries += moved
    return Moved(rest, retries)


def move_back(connection: Connection, share: Share, home: int) -> Moved:
    """What was staged for `home` and waits at its stand-in goes home."""
    locking.lock_broadcast(connection, share.broadcast)
    shards = _open_shards(connection, (shard.c.endpoint == share.endpoint) & (shard.c.home == home), share)
    return Moved(sum(_take_rest(connection, row, home) for row in shards), 0)


def lend_one(connection: Connection, share: Share, home: int) -> bool:
    """One delivery goes home to find out whether `home` is well again; False when there is none to spare."""
    shards = _open_shards(connection, (shard.c.endpoint == share.endpoint) & (shard.c.home == home), share)
    for row in shards:
        if row.size - row.admitted > 1:
            mine = (recipient.c.broadcast == row.broadcast) & (recipient.c.medium == row.medium)
            before = connection.scalar(
                select(func.max(recipient.c.address_id)).where(mine, recipient.c.address_id < row.last_address)
            )
            connection.execute(
                update(shard)
                .where(is_shard(_key(row)))
                .values(last_address=before, size=shard.c.size - 1, fence=shard.c.fence + 1)
            )
            _add(connection, row, home, first=row.last_address, size=1)
            return True
    return False


def claim_trial(connection: Connection, share: Share, endpoint_id: int, *, now_ms: int, before_ms: int) -> bool:
    """Whether the caller may lend `endpoint_id` a delivery: its breaker is half-open, and none was lent of late."""
    locking.lock_broadcast(connection, share.broadcast)  # before the breaker's row, as a turn does
    mine = (
        (breaker.c.endpoint == endpoint_id)
        & (breaker.c.state == "open")
        & (breaker.c.until_ms <= now_ms)
        & (breaker.c.probe_until_ms <= now_ms)
        & (breaker.c.trial_ms <= before_ms)
    )
    return connection.execute(update(breaker).where(mine).values(trial_ms=now_ms)).rowcount == 1


def _take_rest(connection: Connection, row: Row[Any], to: int) -> int:
    """The rest becomes a shard of its own, so that every shard counts for the one endpoint that admitted from it."""
    rest = int(row.size - row.admitted)
    if row.admitted == 0:
        values = {"no": _next_no(connection, row), "endpoint": to, "fence": row.fence + 1}
        connection.execute(update(shard).where(is_shard(_key(row))).values(**values, owner=None, lease_until_ms=0))
        return rest
    first = connection.scalar(
        select(func.min(recipient.c.address_id)).where(
            recipient.c.broadcast == row.broadcast,
            recipient.c.medium == row.medium,
            recipient.c.address_id > row.watermark,
        )
    )
    connection.execute(
        update(shard)
        .where(is_shard(_key(row)))
        .values(last_address=row.watermark, size=row.admitted, fence=row.fence + 1)
    )
    _add(connection, row, to, first=first or row.watermark + 1, size=rest)
    return rest


def _add(connection: Connection, row: Row[Any], to: int, *, first: int, size: int) -> None:
    kept = ("broadcast", "medium", "home", "canary", "lane", "wave_offset_ms", "not_before_ms", "last_address")
    counters = {
        column.name: 0
        for column in shard.c
        if column.name not in (*kept, "no", "first_address", "size", "endpoint", "watermark", "owner", "rest_state")
    }
    values: Mapping[str, Any] = {
        **counters,
        **{name: getattr(row, name) for name in kept},
        "no": _next_no(connection, row),
        "first_address": first,
        "size": size,
        "endpoint": to,
        "watermark": first - 1,
        "fence": row.fence + 1,
    }
    connection.execute(insert(shard).values(values))


def _move_retries(connection: Connection, share: Share, to: int, now_ms: int) -> int:
    """Whoever was ever unknown stays with the endpoint that may have sent it."""
    doubted = exists().where(same_delivery(outcome, due), outcome.c.result == Result.UNKNOWN.value)
    keys = connection.scalars(
        select(due.c.address_id)
        .where(
            due.c.broadcast == share.broadcast,
            due.c.medium == share.medium,
            due.c.endpoint == share.endpoint,
            due.c.why.in_((Why.RETRY, Why.RETURNED)),
            due.c.owner.is_(None),
            ~doubted,
        )
        .limit(RETRIES_A_STEP)
        .with_for_update(skip_locked=True)
    ).all()
    for at in range(0, len(keys), 400):
        mine = (due.c.broadcast == share.broadcast) & (due.c.medium == share.medium)
        some = due.c.address_id.in_(keys[at : at + 400])
        when = case(
            (due.c.reason.in_(REASONS), due.c.due_ms), else_=literal(now_ms, BigInteger)
        )  # whoever sleeps goes on
        connection.execute(update(due).where(mine, some).values(endpoint=to, due_ms=when, fence=due.c.fence + 1))
    rows = [{"broadcast": share.broadcast, "medium": share.medium, "address_id": key, "endpoint": to} for key in keys]
    insert_or_update(connection, detour, rows, ["broadcast", "medium", "address_id"], ["endpoint"])
    return len(keys)


def _open_shards(connection: Connection, which: ColumnElement[bool], share: Share) -> Sequence[Row[Any]]:
    mine = (shard.c.broadcast == share.broadcast) & (shard.c.medium == share.medium)
    query = select(shard).where(mine, which, shard.c.rest_state.is_(None), shard.c.admitted < shard.c.size)
    return connection.execute(query.order_by(shard.c.no).with_for_update()).all()


def _rest(live: Sequence[int] | BindParameter[Any]) -> ColumnElement[bool]:
    return (
        shard.c.broadcast.in_(live)
        & shard.c.medium.in_(_PERSONAL)
        & shard.c.rest_state.is_(None)
        & (shard.c.admitted < shard.c.size)
    )


def _next_no(connection: Connection, row: Row[Any]) -> int:
    mine = (shard.c.broadcast == row.broadcast) & (shard.c.medium == row.medium)
    return (connection.scalar(select(func.max(shard.c.no)).where(mine)) or 0) + 1


def _key(row: Row[Any]) -> ShardKey:
    return ShardKey(row.broadcast, row.medium, row.no)


_AWAY: Final = (
    select(shard.c.broadcast, shard.c.medium, shard.c.endpoint, shard.c.home)
    .where(_rest(bindparam("live", expanding=True)), shard.c.endpoint != shard.c.home)
    .distinct()
)
