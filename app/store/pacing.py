"""One pace for all workers of an endpoint: slices of its rate, taken from a row by compare-and-set.

For PostgreSQL. On SQLite the only engine keeps its pace in memory (docs/adr/0003). Call these in short transactions of
their own, `db.writing(alone=False)`: the row stays locked until the commit, and a whole turn would make workers queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from app.domain.pacing import SLICE_SECONDS, Pace
from app.store.upsert import insert_missing
from app.store.worker_tables import pace

ROUNDING = 1e-6
SLICE_MS = int(SLICE_SECONDS * 1000)


@dataclass(frozen=True, slots=True)
class Slice:
    """`tokens`: recipients the caller may admit in the next SLICE_SECONDS, then they lapse; `rate`: the shared one."""

    tokens: int
    rate: float


def take_slice(connection: Connection, endpoint: int, nominal: float, want: int, *, now_ms: int) -> Slice:
    """Take up to `want` recipients of this endpoint's pace; `nominal` is its configured rate a second.

    Zero tokens when nothing is left of the present slice, or another worker was quicker: ask again with the next turn.
    """
    row = _row(connection, endpoint, nominal, now_ms)
    known = _known(row, nominal, now_ms)
    tokens = max(0, min(want, int(known.tokens + ROUNDING)))
    if not tokens or not _set(connection, row, known.spent(tokens), now_ms, row.throttled_ms):
        return Slice(0, known.rate)
    return Slice(tokens, known.rate)


def throttle(connection: Connection, endpoint: int, nominal: float, *, now_ms: int) -> float:
    """The provider said 429: half the rate for everybody, once a slice however many heard it; the rate from now on."""
    row = _row(connection, endpoint, nominal, now_ms)
    known = _known(row, nominal, now_ms)
    if now_ms - row.throttled_ms < SLICE_MS:
        return known.rate
    slower = known.throttled()
    return slower.rate if _set(connection, row, slower, now_ms, now_ms) else known.rate


def rates(connection: Connection) -> dict[int, float]:
    """Recipients a second by endpoint, as last written; endpoints nobody has used yet are missing."""
    return {row.endpoint: row.rate for row in connection.execute(select(pace.c.endpoint, pace.c.rate))}


def may_be_lost(connection: Connection) -> None:
    """This transaction's commit does not wait for the disk: after a crash the pace begins anew anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _row(connection: Connection, endpoint: int, nominal: float, now_ms: int) -> Row[Any]:
    mine = select(pace).where(pace.c.endpoint == endpoint)
    found = connection.execute(mine).one_or_none()
    if found is None:
        full = Pace.full(nominal, now_ms / 1000)
        fresh = {"endpoint": endpoint, "rate": full.rate, "tokens": full.tokens, "at_ms": now_ms}
        insert_missing(connection, pace, [{**fresh, "throttled_ms": 0, "version": 0}], ["endpoint"])
        found = connection.execute(mine).one()
    return found


def _known(row: Row[Any], nominal: float, now_ms: int) -> Pace:
    """As it stands now; a worker whose clock is behind the row's finds nothing new."""
    kept = Pace(nominal, min(nominal, row.rate), row.tokens, 0.0)
    return kept.refilled(max(0, now_ms - row.at_ms) / 1000)


def _set(connection: Connection, row: Row[Any], to: Pace, now_ms: int, throttled_ms: int) -> bool:
    unchanged = (pace.c.endpoint == row.endpoint) & (pace.c.version == row.version)
    values = {"rate": to.rate, "tokens": to.tokens, "at_ms": max(row.at_ms, now_ms), "throttled_ms": throttled_ms}
    changed = connection.execute(update(pace).where(unchanged).values(**values, version=row.version + 1))
    return changed.rowcount == 1
