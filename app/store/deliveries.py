"""Deliveries as people see them: counts that always add up, and pages of rows with masked addresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    ScalarSelect,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
)

from app.clock import from_ms
from app.domain.delivery import State, accepted_state
from app.domain.masking import mask
from app.domain.message import CODE_MEDIA, Medium, ReceiptKind
from app.errors import Invalid, Problem
from app.store.ledger import same_delivery
from app.store.ledger_tables import address, due, outcome, receipt_count, receipt_state, recipient, shard
from app.store.mercy_tables import detour
from app.store.tables import endpoint

_DIRECT = ("failed", "suppressed", "superseded", "expired", "cancelled", "dead")
_COLUMNS = {
    **{State(name): name for name in _DIRECT},
    **dict.fromkeys((State.ACCEPTED, State.DELIVERED, State.UNDELIVERED), "accepted"),
    State.RETRY_WAIT: "retrying",
    State.QUEUED: "returned",
    State.UNKNOWN: "unsure",
    State.SENDING: "in_flight",
}
"""The counter of a shard in which a delivery of this state stands, once admitted."""
_OVER_ACCEPTED = ("suppressed", "failed", "dead", "superseded", "expired", "cancelled")


@dataclass(frozen=True, slots=True)
class Delivery:
    medium: Medium
    endpoint: str
    address: str
    """Masked: enough to recognise, not enough to use."""
    address_id: int
    language: str
    state: State
    reason: str
    provider_id: str
    attempts: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class EndpointCounts:
    endpoint: str
    medium: Medium
    size: int
    counts: Mapping[State, int]


def counts(connection: Connection, broadcast_id: int) -> dict[State, int]:
    """Deliveries per state, zeroes included. Sums of counters, never a scan; they add up to the frozen audience."""
    total: Counter[State] = Counter()
    for line in counts_by_endpoint(connection, broadcast_id):
        total.update(line.counts)
    return {state: total[state] for state in State}


def counts_by_endpoint(connection: Connection, broadcast_id: int) -> list[EndpointCounts]:
    sums = [
        func.sum(shard.c[name]).label(name)
        for name in ("size", "admitted", "accepted", "retrying", "returned", "unsure", *_DIRECT)
    ]
    rests = [
        func.sum(case((shard.c.rest_state == state, shard.c.size - shard.c.admitted), else_=0)).label(f"rest_{state}")
        for state in ("superseded", "expired", "cancelled")
    ]
    rows = connection.execute(
        select(shard.c.endpoint, shard.c.medium, endpoint.c.slug, *sums, *rests)
        .join(endpoint, endpoint.c.id == shard.c.endpoint)
        .where(shard.c.broadcast == broadcast_id)
        .group_by(shard.c.endpoint, shard.c.medium, endpoint.c.slug)
        .order_by(shard.c.medium, endpoint.c.slug)
    ).all()
    heard: dict[tuple[int, int], Counter[State]] = {}
    for row in connection.execute(select(receipt_count).where(receipt_count.c.broadcast == broadcast_id)):
        per = heard.setdefault((row.endpoint, row.medium), Counter())
        per[accepted_state(ReceiptKind(row.kind))] += row.deliveries
    lines = {(row.endpoint, row.medium): (row.slug, Counter(_sums(row))) for row in rows}
    for row in _detours(connection, broadcast_id):
        moved = Counter({"size": row.n, "admitted": row.n, _COLUMNS[State(row.state)]: row.n})
        lines[row.home, row.medium][1].subtract(moved)
        lines.setdefault((row.endpoint, row.medium), (row.slug, Counter()))[1].update(moved)
    return [
        EndpointCounts(slug, CODE_MEDIA[medium], sums["size"], _states(sums, heard.get((number, medium), Counter())))
        for (number, medium), (slug, sums) in lines.items()
    ]


def _sums(row: Row[Any]) -> dict[str, int]:
    return {name: int(value) for name, value in row._asdict().items() if name not in ("endpoint", "medium", "slug")}


def _detours(connection: Connection, broadcast_id: int) -> list[Row[Any]]:
    """Retries that went on at another endpoint after a failover: few, so they are looked at one by one."""
    state = _state_sql().label("state")
    what = select(shard.c.medium, shard.c.endpoint.label("home"), detour.c.endpoint, endpoint.c.slug, state)
    query = (
        _joined(what.add_columns(func.count().label("n")), broadcast_id)
        .join(detour, same_delivery(detour, recipient))
        .join(endpoint, endpoint.c.id == detour.c.endpoint)
        .where(detour.c.endpoint != shard.c.endpoint, detour.c.broadcast == broadcast_id)
    )
    grouped = query.group_by(shard.c.medium, shard.c.endpoint, detour.c.endpoint, endpoint.c.slug, state)
    any_at_all = select(detour.c.address_id).where(detour.c.broadcast == broadcast_id).limit(1)
    return list(connection.execute(grouped)) if connection.scalar(any_at_all) is not None else []


def _states(sums: Mapping[str, int], heard: Counter[State]) -> dict[State, int]:
    rest = {state: sums[f"rest_{state}"] for state in ("superseded", "expired", "cancelled")}
    waiting = sums["retrying"] + sums["returned"] + sums["unsure"]
    settled = sums["accepted"] + sum(sums[name] for name in _DIRECT)
    states = {State(name): sums[name] + rest.get(name, 0) for name in _DIRECT}
    states[State.QUEUED] = sums["size"] - sums["admitted"] - sum(rest.values()) + sums["returned"]
    states[State.RETRY_WAIT] = sums["retrying"]
    states[State.UNKNOWN] = sums["unsure"]
    states[State.SENDING] = sums["admitted"] - settled - waiting
    states[State.DELIVERED] = heard[State.DELIVERED]
    states[State.UNDELIVERED] = heard[State.UNDELIVERED]
    states[State.ACCEPTED] = sums["accepted"] - heard[State.DELIVERED] - heard[State.UNDELIVERED]
    return {state: states[state] for state in State}


def page(
    connection: Connection, broadcast_id: int, *, after: str | None = None, limit: int = 100, state: State | None = None
) -> tuple[list[Delivery], str | None]:
    """Deliveries by (medium, address id) after the cursor, at most `limit`, and the next cursor or None."""
    query = _deliveries(broadcast_id).order_by(recipient.c.medium, recipient.c.address_id).limit(limit + 1)
    if after:
        medium, address_id = cursor(after)
        later = and_(recipient.c.medium == medium, recipient.c.address_id > address_id)
        query = query.where(or_(recipient.c.medium > medium, later))
    if state is not None:
        query = query.where(_state_sql() == state.value)
    rows = connection.execute(query).all()
    following = f"{rows[limit - 1].medium}.{rows[limit - 1].address_id}" if len(rows) > limit else None
    return [_delivery(row) for row in rows[:limit]], following


def those(connection: Connection, broadcast_id: int, keys: Sequence[tuple[int, int]], state: State) -> list[Delivery]:
    """These deliveries, by (medium, address id), as far as they are in this state; a few hundred at once."""
    found: list[Delivery] = []
    for medium in sorted({medium for medium, _ in keys}):  # SQLite finds a list of pairs by looking at everybody
        mine = recipient.c.address_id.in_([address_id for one, address_id in keys if one == medium])
        query = _deliveries(broadcast_id).where(recipient.c.medium == medium, mine, _state_sql() == state.value)
        found += [_delivery(row) for row in connection.execute(query.order_by(recipient.c.address_id))]
    return found


def moved(connection: Connection, broadcast_id: int) -> list[tuple[str, str, int]]:
    """(from, to, how many) of what a failover has given to another endpoint."""
    home = endpoint.alias("home")
    rows = connection.execute(
        select(home.c.slug, endpoint.c.slug, func.sum(shard.c.size))
        .select_from(shard)
        .join(home, home.c.id == shard.c.home)
        .join(endpoint, endpoint.c.id == shard.c.endpoint)
        .where(shard.c.broadcast == broadcast_id, shard.c.home != shard.c.endpoint)
        .group_by(home.c.slug, endpoint.c.slug)
        .order_by(home.c.slug, endpoint.c.slug)
    )
    return [(str(one), str(other), int(number)) for one, other, number in rows]


def states_by_row(connection: Connection, broadcast_id: int) -> dict[State, int]:
    """The same counts by looking at every row: slow, for `doctor` and the tests that hold the counters to it."""
    states = _state_sql().label("state")
    rows = connection.execute(_joined(select(states, func.count().label("n")), broadcast_id).group_by(states))
    found = {State(row.state): int(row.n) for row in rows}
    return {state: found.get(state, 0) for state in State}


def _deliveries(broadcast_id: int) -> Select[Any]:
    last = (
        select(func.max(outcome.c.attempt))
        .where(same_delivery(outcome, recipient))
        .correlate(recipient)
        .scalar_subquery()
    )
    told = (
        select(outcome.c.provider_id)
        .where(same_delivery(outcome, recipient))
        .order_by((outcome.c.result == "accepted").desc(), outcome.c.attempt.desc())
        .limit(1)
        .correlate(recipient)
        .scalar_subquery()
    )
    why = (
        select(outcome.c.reason)
        .where(same_delivery(outcome, recipient))
        .order_by(outcome.c.attempt.desc(), outcome.c.at_ms.desc())
        .limit(1)
        .correlate(recipient)
        .scalar_subquery()
    )
    at = (
        select(func.max(outcome.c.at_ms))
        .where(same_delivery(outcome, recipient))
        .correlate(recipient)
        .scalar_subquery()
    )
    return (
        _joined(
            select(
                recipient.c.medium,
                recipient.c.address_id,
                recipient.c.language,
                address.c.value,
                endpoint.c.slug,
                _state_sql().label("state"),
                func.coalesce(due.c.reason, receipt_state.c.code, "").label("later_reason"),
                why.label("reason"),
                told.label("provider_id"),
                func.coalesce(last, 0).label("attempts"),
                func.coalesce(receipt_state.c.at_ms, at).label("at_ms"),
            ),
            broadcast_id,
        )
        .join(address, address.c.id == recipient.c.address_id)
        .outerjoin(detour, same_delivery(detour, recipient))
        .join(endpoint, endpoint.c.id == func.coalesce(due.c.endpoint, detour.c.endpoint, shard.c.endpoint))
    )


def _joined(query: Select[Any], broadcast_id: int) -> Select[Any]:
    in_shard = and_(
        shard.c.broadcast == recipient.c.broadcast,
        shard.c.medium == recipient.c.medium,
        shard.c.first_address <= recipient.c.address_id,
        shard.c.last_address >= recipient.c.address_id,
    )
    return (
        query.select_from(recipient)
        .join(shard, in_shard)
        .outerjoin(due, same_delivery(due, recipient))
        .outerjoin(receipt_state, same_delivery(receipt_state, recipient))
        .where(recipient.c.broadcast == broadcast_id)
    )


def _state_sql() -> Any:  # noqa: ANN401 - a CASE expression
    """domain.delivery.state_of in SQL."""

    def has(result: str) -> Any:  # noqa: ANN401
        found = select(literal(1)).where(same_delivery(outcome, recipient), outcome.c.result == result)
        return found.correlate(recipient).exists()

    heard = case(
        *((receipt_state.c.kind == kind.value, accepted_state(kind).value) for kind in ReceiptKind),
        else_=State.ACCEPTED.value,
    )
    return case(
        (recipient.c.address_id > shard.c.watermark, func.coalesce(shard.c.rest_state, State.QUEUED.value)),
        (due.c.why == "retry", State.RETRY_WAIT.value),
        (due.c.why == "returned", State.QUEUED.value),
        (due.c.why == "unknown", State.UNKNOWN.value),
        (has("accepted"), heard),
        *((has(result), result) for result in _OVER_ACCEPTED),
        else_=State.SENDING.value,
    )


_NEVER_ASKED = frozenset({State.QUEUED, State.SENDING, State.SUPERSEDED, State.EXPIRED, State.CANCELLED})
"""States whose deliveries may have left no trace of their own: which of them it is, their shard says."""


def is_in_state(theirs: FromClause, states: Collection[State]) -> ColumnElement[bool]:
    """Whether the delivery of this recipient is in one of the states; for one recipient after the other."""
    mine = and_(shard.c.broadcast == theirs.c.broadcast, shard.c.medium == theirs.c.medium)
    before = mine & (shard.c.first_address <= theirs.c.address_id)
    asked = select(shard.c.watermark, shard.c.rest_state).where(before).order_by(shard.c.first_address.desc()).limit(1)

    def own(column: ColumnElement[Any]) -> ScalarSelect[Any]:
        return asked.with_only_columns(column).correlate(theirs).scalar_subquery()

    def has(result: str) -> ColumnElement[bool]:
        found = select(literal(1)).where(same_delivery(outcome, theirs), outcome.c.result == result)
        return found.correlate(theirs).exists()

    why = select(due.c.why).where(same_delivery(due, theirs)).correlate(theirs).scalar_subquery()
    told = select(receipt_state.c.kind).where(same_delivery(receipt_state, theirs)).correlate(theirs).scalar_subquery()
    by_kind = ((told == kind.value, accepted_state(kind).value) for kind in ReceiptKind)
    heard = case(*by_kind, else_=State.ACCEPTED.value)
    never = (theirs.c.address_id > own(shard.c.watermark), func.coalesce(own(shard.c.rest_state), State.QUEUED.value))
    alike = set(states) >= _NEVER_ASKED or not _NEVER_ASKED & set(states)
    state = case(
        *(() if alike else (never,)),
        (why == "retry", State.RETRY_WAIT.value),
        (why == "returned", State.QUEUED.value),
        (why == "unknown", State.UNKNOWN.value),
        (has("accepted"), heard),
        *((has(result), result) for result in _OVER_ACCEPTED),
        else_=State.SENDING.value,
    )
    return state.in_([one.value for one in states])


def _delivery(row: Row[Any]) -> Delivery:
    medium = CODE_MEDIA[row.medium]
    return Delivery(
        medium,
        row.slug,
        mask(medium, row.value),
        row.address_id,
        row.language,
        State(row.state),
        row.later_reason or row.reason or "",
        row.provider_id or "",
        int(row.attempts),
        from_ms(row.at_ms) if row.at_ms else None,
    )


def cursor(text: str) -> tuple[int, int]:
    """(medium, address id). Raise Invalid for what no list gave."""
    medium, _, address_id = text.partition(".")
    if not (medium.isdecimal() and address_id.isdecimal()) or max(len(medium), len(address_id)) > 18:
        raise Invalid(
            Problem("bad_cursor", "This cursor was not given by this list.", "cursor", "Start again without one.")
        )
    return int(medium), int(address_id)
