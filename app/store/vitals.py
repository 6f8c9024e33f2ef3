"""What the gauges show, read from counters in a handful of short queries; never a scan of deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from app.domain.delivery import State
from app.domain.reading_back import Seen
from app.domain.targets import TargetState
from app.store import breakers, deliveries, duties, endpoints, ledger, targets
from app.store.breakers import BreakerRow
from app.store.ledger_tables import broadcast, receipt, shard
from app.store.staff_tables import staff_notice
from app.store.tables import endpoint

_SETTLED = ("accepted", "failed", "suppressed", "superseded", "expired", "cancelled", "dead")
_WAITING = ("retrying", "returned", "unsure")


@dataclass(frozen=True, slots=True)
class Depth:
    """Open deliveries of one lane at one endpoint."""

    lane: int
    endpoint: str
    states: Mapping[State, int]


@dataclass(frozen=True, slots=True)
class Vitals:
    depths: Sequence[Depth]
    live: Mapping[State, int]
    """Deliveries of the updates that are going out."""
    halted: Mapping[str, bool]
    """Endpoint -> whether it waits for a person."""
    breakers: Mapping[str, BreakerRow | None]
    """Endpoint -> its breaker as all workers share it; None = it never opened."""
    receipt_heard_ms: int | None
    """When the oldest receipt that waits to be folded was heard; None = none waits."""
    notices: Mapping[str, int]
    """Open notices to staff by severity."""
    workers_seen_ms: Sequence[int]
    targets: Mapping[str, TargetState]
    seen: Mapping[str, Seen]
    """What visitors of each target's address found last."""


def read(connection: Connection) -> Vitals:
    live = [deliveries.counts(connection, row.id) for row in ledger.live_broadcasts(connection)]
    known, shared = endpoints.everything(connection), breakers.everything(connection)
    return Vitals(
        depths=depths(connection),
        live={state: sum(counts[state] for counts in live) for state in State},
        halted={each.slug: each.halted_reason is not None for each in known},
        breakers={each.slug: shared.get(each.id) for each in known},
        receipt_heard_ms=oldest_waiting_receipt(connection),
        notices=_notices(connection),
        workers_seen_ms=[one.seen_ms for one in duties.workers(connection)],
        targets=targets.states(connection),
        seen=targets.seen(connection),
    )


def depths(connection: Connection) -> list[Depth]:
    """Per lane and endpoint of everything that is going out."""
    never = func.sum(case((shard.c.rest_state.is_(None), shard.c.size - shard.c.admitted), else_=0))
    sums = [func.sum(shard.c[name]).label(name) for name in ("admitted", *_SETTLED, *_WAITING)]
    rows = connection.execute(
        select(shard.c.lane, endpoint.c.slug, never.label("never"), *sums)
        .join(broadcast, broadcast.c.id == shard.c.broadcast)
        .join(endpoint, endpoint.c.id == shard.c.endpoint)
        .where(broadcast.c.state.in_(ledger.LIVE))
        .group_by(shard.c.lane, endpoint.c.slug)
    )
    found = []
    for row in rows.mappings():
        answered = sum(int(row[name]) for name in (*_SETTLED, *_WAITING))
        states = {
            State.QUEUED: int(row["never"]) + int(row["returned"]),
            State.SENDING: int(row["admitted"]) - answered,
            State.RETRY_WAIT: int(row["retrying"]),
            State.UNKNOWN: int(row["unsure"]),
        }
        found.append(Depth(int(row["lane"]), str(row["slug"]), states))
    return found


def oldest_waiting_receipt(connection: Connection) -> int | None:
    first = select(receipt.c.heard_ms).where(receipt.c.applied.is_(None)).order_by(receipt.c.id).limit(1)
    return connection.scalar(first)


def _notices(connection: Connection) -> dict[str, int]:
    still = (staff_notice.c.acknowledged_at.is_(None), staff_notice.c.cleared_at.is_(None))
    rows = connection.execute(
        select(staff_notice.c.severity, func.count()).where(*still).group_by(staff_notice.c.severity)
    )
    return {str(severity): int(number) for severity, number in rows}
