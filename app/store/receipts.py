"""Receipts: stored as they come, then folded into the deliveries by one applier; any order ends the same."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Table, delete, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.domain.delivery import RECEIPT_RANK, SUPPRESSING, Result, Why, fold
from app.domain.message import ReceiptKind
from app.store.ledger import ShardKey
from app.store.ledger_tables import due, outcome, receipt, receipt_count, receipt_state, suppression
from app.store.locking import lock_shards
from app.store.settling import DELIVERY, add_to_shards, clean
from app.store.upsert import insert_missing, insert_or_update

_CHUNK = 400
RAW_MOST = 1_000
"""Characters of a provider's own words."""
_EVENT = ("broadcast", "endpoint", "event_hash")


class Key(NamedTuple):
    broadcast: int
    medium: int
    address_id: int


@dataclass(frozen=True, slots=True)
class RawReceipt:
    """One event as a provider told it; `raw` has its addresses masked."""

    broadcast: int
    endpoint: int
    event_id: str
    medium: int
    address_id: int
    attempt: int
    kind: ReceiptKind
    code: str
    provider_id: str
    at_ms: int
    """When it happened, by the provider's clock."""
    heard_ms: int
    """When we were told, by ours."""
    raw: str


def store(connection: Connection, receipts: Sequence[RawReceipt]) -> list[bool]:
    """Keep those not heard before; for each whether it was new. An event is the same by its endpoint and event id."""
    before = connection.scalar(select(func.coalesce(func.max(receipt.c.id), 0))) or 0
    values = [
        {
            "broadcast": heard.broadcast,
            "endpoint": heard.endpoint,
            "event_hash": hashlib.sha256(heard.event_id.encode("utf-8", "surrogatepass")).digest()[:16],
            "medium": heard.medium,
            "address_id": heard.address_id,
            "attempt": heard.attempt,
            "kind": heard.kind.value,
            "code": clean(heard.code)[:64],
            "provider_id": clean(heard.provider_id)[:200],
            "at_ms": heard.at_ms,
            "heard_ms": heard.heard_ms,
            "raw": clean(heard.raw)[:RAW_MOST],
        }
        for heard in receipts
    ]
    insert_missing(connection, receipt, values, _EVENT)
    added = connection.execute(select(*(receipt.c[name] for name in _EVENT)).where(receipt.c.id > before))
    fresh = {tuple(row) for row in added}
    return [_take(fresh, tuple(value[name] for name in _EVENT)) for value in values]


def _take(fresh: set[tuple[Any, ...]], event: tuple[Any, ...]) -> bool:
    """Whether the event is among the fresh ones; the second copy of it is not."""
    found = event in fresh
    fresh.discard(event)
    return found


def waiting(connection: Connection) -> bool:
    return connection.scalar(select(receipt.c.id).where(receipt.c.applied.is_(None)).limit(1)) is not None


def apply_waiting(connection: Connection, most: int, after: int = 0) -> tuple[int, int]:
    """Fold the next receipts after this id; (how many were applied, the id to go on from; 0 = start again).

    A receipt whose delivery is still in flight stays waiting: it is folded once the attempt has an outcome or is
    known to be unknown, so that every sum adds up at every moment.
    """
    rows = connection.execute(
        select(receipt).where(receipt.c.applied.is_(None), receipt.c.id > after).order_by(receipt.c.id).limit(most)
    ).all()
    if not rows:
        return 0, 0
    by_key: dict[Key, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_key[Key(row.broadcast, row.medium, row.address_id)].append(row)
    waiting_again = _rows(connection, due, list(by_key))
    lock_shards(connection, (ShardKey(row.broadcast, row.medium, row.shard) for row in waiting_again))
    known = _Known.read(connection, list(by_key))
    applied = _Applied()
    for key, heard in by_key.items():
        _fold_one(key, heard, known, applied)
    applied.write(connection)
    return len(applied.done), rows[-1].id if len(rows) == most else 0


@dataclass(slots=True)
class _Known:
    """What the ledger says about the deliveries at hand."""

    due: dict[Key, Row[Any]]
    results: dict[Key, dict[str, int]]
    states: dict[Key, ReceiptKind]

    @classmethod
    def read(cls, connection: Connection, keys: Sequence[Key]) -> _Known:
        results: dict[Key, dict[str, int]] = defaultdict(dict)
        for row in _rows(connection, outcome, keys):
            results[_key(row)][row.result] = row.endpoint
        return cls(
            {_key(row): row for row in _rows(connection, due, keys)},
            results,
            {_key(row): ReceiptKind(row.kind) for row in _rows(connection, receipt_state, keys)},
        )


class _Applied:
    """The changes of one pass, written together."""

    def __init__(self) -> None:
        self.done: dict[int, str] = {}
        self.outcomes: list[dict[str, Any]] = []
        self.resolved: list[Key] = []
        self.shards: dict[ShardKey, Counter[str]] = defaultdict(Counter)
        self.states: list[dict[str, Any]] = []
        self.counts: Counter[tuple[int, int, int, str]] = Counter()
        self.suppressed: dict[int, dict[str, Any]] = {}

    def write(self, connection: Connection) -> None:
        insert_missing(connection, outcome, self.outcomes, [*DELIVERY, "attempt", "result"])
        for chunk in _chunks(self.resolved):
            connection.execute(delete(due).where(_any_of(due, chunk)))
        add_to_shards(connection, self.shards)
        insert_or_update(connection, receipt_state, self.states, DELIVERY, ["kind", "code", "at_ms"])
        for (broadcast_id, medium, endpoint, kind), change in self.counts.items():
            _add_count(connection, broadcast_id, medium, endpoint, kind, change)
        insert_missing(connection, suppression, list(self.suppressed.values()), ["address_id"])
        by_reason: dict[str, list[int]] = defaultdict(list)
        for number, reason in self.done.items():
            by_reason[reason].append(number)
        for reason, numbers in by_reason.items():
            connection.execute(update(receipt).where(receipt.c.id.in_(numbers)).values(applied=reason))


def _fold_one(key: Key, heard: Sequence[Row[Any]], known: _Known, applied: _Applied) -> None:
    for row in heard:
        if ReceiptKind(row.kind) in SUPPRESSING:
            applied.suppressed[key.address_id] = {"address_id": key.address_id, "reason": row.kind, "at_ms": row.at_ms}
    told = [row for row in heard if ReceiptKind(row.kind) in RECEIPT_RANK]
    applied.done |= {row.id: _word(row) for row in heard if row not in told}
    if not told:
        return
    endpoint = None if key in known.due else known.results.get(key, {}).get(Result.ACCEPTED.value)
    if endpoint is None:
        endpoint = _proven(key, told, known, applied)
    if endpoint is None:
        return
    before = known.states.get(key)
    state, last = before, None
    for row in told:
        better = fold(state, ReceiptKind(row.kind))
        applied.done[row.id] = "not_newer" if better == state else "applied"
        if better != state:
            state, last = better, row
    if state is None or last is None:
        return
    applied.states.append({**key._asdict(), "kind": state.value, "code": last.code, "at_ms": last.at_ms})
    applied.counts[(key.broadcast, key.medium, endpoint, state.value)] += 1
    if before is not None:
        applied.counts[(key.broadcast, key.medium, endpoint, before.value)] -= 1


def _proven(key: Key, told: Sequence[Row[Any]], known: _Known, applied: _Applied) -> int | None:
    """A receipt without an accepted outcome proves acceptance, once no attempt of ours is in flight."""
    standing = known.due.get(key)
    if standing is not None:
        if standing.owner is not None:
            return None
        proof = max(told, key=lambda row: row.attempt)
        applied.outcomes.append(
            {
                **key._asdict(),
                "attempt": max(1, proof.attempt),
                "result": Result.ACCEPTED.value,
                "endpoint": standing.endpoint,
                "reason": "proven_by_receipt",
                "provider_id": proof.provider_id,
                "at_ms": proof.at_ms,
            }
        )
        applied.resolved.append(key)
        column = {Why.RETRY.value: "retrying", Why.RETURNED.value: "returned", Why.UNKNOWN.value: "unsure"}
        move = applied.shards[ShardKey(key.broadcast, key.medium, standing.shard)]
        move["accepted"] += 1
        move[column[standing.why]] -= 1
        return int(standing.endpoint)
    if any(result not in (Result.REFUSED.value, Result.UNKNOWN.value) for result in known.results.get(key, {})):
        applied.done |= {row.id: "contradicts_outcome" for row in told}
    return None


def _word(row: Row[Any]) -> str:
    return "suppressed" if ReceiptKind(row.kind) in SUPPRESSING else "unknown_word"


def _add_count(connection: Connection, broadcast_id: int, medium: int, endpoint: int, kind: str, change: int) -> None:
    if not change:
        return
    key: Mapping[str, Any] = {"broadcast": broadcast_id, "medium": medium, "endpoint": endpoint, "kind": kind}
    insert_missing(connection, receipt_count, [{**key, "deliveries": 0}], list(key))
    mine = [receipt_count.c[name] == value for name, value in key.items()]
    connection.execute(update(receipt_count).where(*mine).values(deliveries=receipt_count.c.deliveries + change))


def _rows(connection: Connection, table: Table, keys: Sequence[Key]) -> list[Row[Any]]:
    return [row for chunk in _chunks(keys) for row in connection.execute(select(table).where(_any_of(table, chunk)))]


def _any_of(table: Table, keys: Sequence[Key]) -> ColumnElement[bool]:
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for key in keys:
        groups[(key.broadcast, key.medium)].append(key.address_id)
    return or_(
        *(
            (table.c.broadcast == broadcast_id) & (table.c.medium == medium) & table.c.address_id.in_(ids)
            for (broadcast_id, medium), ids in groups.items()
        )
    )


def _chunks(keys: Sequence[Key]) -> list[Sequence[Key]]:
    return [keys[at : at + _CHUNK] for at in range(0, len(keys), _CHUNK)]


def _key(row: Row[Any]) -> Key:
    return Key(row.broadcast, row.medium, row.address_id)
