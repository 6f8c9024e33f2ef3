"""What the outcomes of a broadcast add up to at each endpoint, and the window in which they are judged."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, case, delete, func, literal, select, update

from app.domain.delivery import State, accepted_state
from app.domain.halting import Counts, Marks
from app.domain.message import ReceiptKind
from app.store.ledger_tables import broadcast, receipt_count, shard
from app.store.mercy_tables import halt_mark
from app.store.upsert import insert_or_update

_COUNTS = Counts._fields
_SETTLED = ("accepted", "failed", "suppressed", "superseded", "expired", "cancelled", "dead")


@dataclass(frozen=True, slots=True)
class Tally:
    """One broadcast at one endpoint and medium. `waiting`: not settled yet, admitted or not."""

    medium: int
    endpoint: int
    size: int
    accepted: int
    waiting: int
    counts: Counts
    marks: Marks
    half_ms: int
    """When the later mark was set; 0 = never."""
    first_size: int
    """Of the canary: those from whom an outcome is to come."""
    open: int
    """Those who may yet change by our own doing, or are unknown: `waiting` less a rest that was stopped."""

    @property
    def key(self) -> tuple[int, int]:
        return (self.medium, self.endpoint)


def tallies(connection: Connection, broadcast_id: int) -> list[Tally]:
    """Sums of counters, never a scan of deliveries. Whoever was suppressed or stopped is no failure."""
    mine = {"of": broadcast_id}
    rows: Sequence[Row[Any]] = connection.execute(_SUMS, mine).all()
    heard = _heard(connection, broadcast_id)
    marks = {(row.medium, row.endpoint): row for row in connection.execute(_MARKS, mine)}
    return [_tally(row, heard[row.medium, row.endpoint], marks.get((row.medium, row.endpoint))) for row in rows]


_FINISHED: Final = sum((shard.c[name] for name in _SETTLED), literal(0))
_OWN: Final = shard.c.suppressed + shard.c.superseded + shard.c.expired + shard.c.cancelled
_QUEUED: Final = case((shard.c.rest_state.is_(None), shard.c.size - shard.c.admitted), else_=0)
_SUMS: Final[Select[Any]] = (
    select(
        shard.c.medium,
        shard.c.endpoint,
        func.sum(shard.c.size).label("size"),
        func.sum(shard.c.canary * (shard.c.size - _OWN)).label("first_size"),
        func.sum(shard.c.accepted).label("accepted"),
        func.sum(shard.c.size - _FINISHED).label("waiting"),
        func.sum(_QUEUED + shard.c.admitted - _FINISHED).label("open"),
        func.sum(_FINISHED - _OWN).label("settled"),
        func.sum(shard.c.filtered).label("words"),
        func.sum(shard.c.failed - shard.c.filtered + shard.c.dead).label("addresses"),
    )
    .where(shard.c.broadcast == bindparam("of"))
    .group_by(shard.c.medium, shard.c.endpoint)
)
"""Like every statement that runs four times a second built once: putting one together costs more than running it."""
_MARKS: Final = select(halt_mark).where(halt_mark.c.broadcast == bindparam("of"))
_HEARD: Final = select(receipt_count).where(receipt_count.c.broadcast == bindparam("of"))


def move_marks(connection: Connection, broadcast_id: int, moved: Mapping[tuple[int, int], Marks], now_ms: int) -> None:
    """The window slides. Two workers may do it at once: both saw the same counters, the later one wins."""
    values = []
    for (medium, endpoint), marks in moved.items():
        begin = {f"begin_{name}": value for name, value in marks.begin._asdict().items()}
        half = {f"half_{name}": value for name, value in marks.half._asdict().items()}
        key = {"broadcast": broadcast_id, "medium": medium, "endpoint": endpoint}
        values.append({**key, **begin, **half, "begin_ms": now_ms, "half_ms": now_ms})
    changed = [name for name in (values[0] if values else ()) if name not in ("broadcast", "medium", "endpoint")]
    insert_or_update(connection, halt_mark, values, ["broadcast", "medium", "endpoint"], changed)


def judge_anew(connection: Connection, broadcast_id: int, now_ms: int) -> None:
    """Somebody has looked: what is known by now is not held against the broadcast again."""
    connection.execute(delete(halt_mark).where(halt_mark.c.broadcast == broadcast_id))
    known = {tally.key: Marks(tally.counts, tally.counts) for tally in tallies(connection, broadcast_id)}
    move_marks(connection, broadcast_id, known, now_ms)


def end_canary(connection: Connection, broadcast_id: int) -> None:
    """The rest may go."""
    connection.execute(update(broadcast).where(broadcast.c.id == broadcast_id).values(canary_until_ms=None))


def canary_until(connection: Connection, broadcast_id: int) -> int | None:
    """Milliseconds; until when the first portion is watched, None when there is none or it is over."""
    return connection.scalar(select(broadcast.c.canary_until_ms).where(broadcast.c.id == broadcast_id))


def _heard(connection: Connection, broadcast_id: int) -> dict[tuple[int, int], Counter[str]]:
    """Per medium and endpoint: accepted deliveries that were filtered by a carrier, or came to nothing otherwise."""
    heard: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for row in connection.execute(_HEARD, {"of": broadcast_id}):
        kind = ReceiptKind(row.kind)
        if kind is ReceiptKind.FILTERED:
            heard[row.medium, row.endpoint]["words"] += row.deliveries
        elif accepted_state(kind) is State.UNDELIVERED:
            heard[row.medium, row.endpoint]["undelivered"] += row.deliveries
    return heard


def _tally(row: Row[Any], heard: Counter[str], mark: Row[Any] | None) -> Tally:
    words = int(row.words) + heard["words"]
    return Tally(
        row.medium,
        row.endpoint,
        int(row.size),
        int(row.accepted),
        int(row.waiting),
        Counts(int(row.settled), words, int(row.addresses), heard["undelivered"]),
        Marks() if mark is None else Marks(_counts(mark, "begin"), _counts(mark, "half")),
        0 if mark is None else mark.half_ms,
        int(row.first_size),
        int(row.open),
    )


def _counts(mark: Row[Any], which: str) -> Counts:
    return Counts(*(getattr(mark, f"{which}_{name}") for name in _COUNTS))
