"""Receipts: stored as they come, then folded into the deliveries by one applier; any order ends the same."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Integer, bindparam, delete, func, or_, select, update
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import ColumnElement

from app.domain.delivery import RECEIPT_RANK, SUPPRESSING, Result, Why
from app.domain.message import ReceiptKind
from app.domain.suppressing import Source
from app.store.addresses import Suppressing, suppress_many
from app.store.ledger import same_delivery
from app.store.ledger_tables import due, outcome, receipt, receipt_count, receipt_state
from app.store.locking import lock_shards
from app.store.settling import DELIVERY, add_to_shards, clean
from app.store.upsert import insert_missing, insert_tuples, is_listed
from app.store.windows import ShardKey

_CHUNK = 400
RAW_MOST = 1_000
"""Characters of a provider's own words."""
_EVENT = ("broadcast", "endpoint", "event_hash")
_KEPT = (*_EVENT, "medium", "address_id", "attempt", "kind", "code", "provider_id", "at_ms", "heard_ms", "raw")


class Key(NamedTuple):
    broadcast: int
    medium: int
    address_id: int


class RawReceipt(NamedTuple):
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
    before = connection.scalar(_LAST) or 0
    values = [
        (
            broadcast,
            endpoint,
            hashlib.sha256(event_id.encode("utf-8", "surrogatepass")).digest()[:16],
            medium,
            address_id,
            attempt,
            kind.value,
            clean(code)[:64],
            clean(provider_id)[:200],
            at_ms,
            heard_ms,
            clean(raw)[:RAW_MOST],
        )
        for (
            broadcast,
            endpoint,
            event_id,
            medium,
            address_id,
            attempt,
            kind,
            code,
            provider_id,
            at_ms,
            heard_ms,
            raw,
        ) in receipts
    ]
    if insert_tuples(connection, receipt, _KEPT, values, _EVENT) == len(values):
        return [True] * len(values)
    fresh = {tuple(row) for row in connection.execute(_ADDED, {"before": before})}
    return [_take(fresh, value[:3]) for value in values]


_LAST: Final = select(func.coalesce(func.max(receipt.c.id), 0))
_ADDED: Final = select(*(receipt.c[name] for name in _EVENT)).where(receipt.c.id > bindparam("before"))


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
    window = {"after": after, "most": most}
    rows = _heard(connection, window)
    if not rows:
        return 0, 0
    locked = {row.shard for row in rows if row.shard is not None}
    if locked:  # nobody settles those meanwhile; what they look like is only now certain
        lock_shards(connection, locked)
        rows = _heard(connection, window)
    by_key: dict[Key, list[_Heard]] = defaultdict(list)
    for row in rows:
        by_key[row.key].append(row)
    unexplained = [key for key, (row, *_) in by_key.items() if row.why is None and row.accepted_by is None]
    applied = _Applied(_contradicting(connection, unexplained))
    for key, heard in by_key.items():
        if heard[0].shard is None or heard[0].shard in locked:
            _fold_one(key, heard, applied)
    applied.write(connection)
    return len(applied.done), rows[-1].id if len(rows) == most else 0


class _Heard(NamedTuple):
    """A receipt that waits, and what the ledger says about its delivery."""

    id: int
    key: Key
    attempt: int
    kind: ReceiptKind
    code: str
    provider_id: str
    at_ms: int
    why: str | None
    """In `due`; so are the next three."""
    owner: str | None
    shard: ShardKey | None
    endpoint: int | None
    known: ReceiptKind | None
    """What was folded before."""
    accepted_by: int | None
    """The endpoint of its accepted outcome."""


def _heard(connection: Connection, window: Mapping[str, int]) -> list[_Heard]:
    return [
        _Heard(
            number,
            Key(broadcast, medium, address_id),
            attempt,
            _KINDS[kind],
            code,
            provider_id,
            at_ms,
            why,
            owner,
            None if why is None else ShardKey(broadcast, medium, no),
            endpoint,
            None if known is None else _KINDS[known],
            accepted_by,
        )
        for (
            number,
            broadcast,
            medium,
            address_id,
            attempt,
            kind,
            code,
            provider_id,
            at_ms,
            why,
            owner,
            no,
            endpoint,
            known,
            accepted_by,
        ) in connection.execute(_WAITING, window)
    ]


_KINDS: Final = {kind.value: kind for kind in ReceiptKind}
_NEXT: Final = (
    select(*(receipt.c[name] for name in ("id", *DELIVERY, "attempt", "kind", "code", "provider_id", "at_ms")))
    .where(receipt.c.applied.is_(None), receipt.c.id > bindparam("after"))
    .order_by(receipt.c.id)
    .limit(bindparam("most", type_=Integer))
    .subquery("next")
)
_WAITING: Final = (
    select(
        _NEXT,
        due.c.why,
        due.c.owner,
        due.c.shard,
        due.c.endpoint,
        receipt_state.c.kind.label("known"),
        select(outcome.c.endpoint)
        .where(same_delivery(outcome, _NEXT), outcome.c.result == Result.ACCEPTED.value)
        .order_by(outcome.c.attempt.desc())
        .limit(1)
        .scalar_subquery(),
    )
    .outerjoin(due, same_delivery(due, _NEXT))
    .outerjoin(receipt_state, same_delivery(receipt_state, _NEXT))
    .order_by(_NEXT.c.id)
)
"""Put together once: the same few joins for every pass."""


def _contradicting(connection: Connection, keys: Sequence[Key]) -> frozenset[Key]:
    """Those that ended in another way than by acceptance; one accepted since they were read waits for the next pass."""
    open_still = (Result.REFUSED.value, Result.UNKNOWN.value, Result.ACCEPTED.value)
    ended = outcome.c.result.not_in(open_still)
    names = [outcome.c[name] for name in DELIVERY]
    return frozenset(
        Key(*row)
        for chunk in _chunks(keys)
        for row in connection.execute(select(*names).where(_any_of(outcome.c, chunk), ended))
    )


@dataclass(slots=True)
class _Applied:
    """The changes of one pass, written together."""

    contradicting: frozenset[Key]
    done: dict[int, str] = field(default_factory=dict)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    resolved: list[Key] = field(default_factory=list)
    shards: dict[ShardKey, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    states: list[tuple[Any, ...]] = field(default_factory=list)
    counts: Counter[tuple[int, int, int, str]] = field(default_factory=Counter)
    suppressed: list[Suppressing] = field(default_factory=list)

    def write(self, connection: Connection) -> None:
        insert_missing(connection, outcome, self.outcomes, [*DELIVERY, "attempt", "result"])
        for chunk in _chunks(self.resolved):
            connection.execute(delete(due).where(_any_of(due.c, chunk)))
        add_to_shards(connection, self.shards)
        insert_tuples(connection, receipt_state, (*DELIVERY, *_STATE), self.states, DELIVERY, _STATE)
        for (broadcast_id, medium, endpoint, kind), change in self.counts.items():
            _add_count(connection, broadcast_id, medium, endpoint, kind, change)
        suppress_many(connection, self.suppressed)
        by_reason: dict[str, list[int]] = defaultdict(list)
        for number, reason in self.done.items():
            by_reason[reason].append(number)
        for reason, numbers in by_reason.items():
            done = update(receipt).where(is_listed(connection, receipt.c.id, numbers))
            connection.execute(done.values(applied=reason))


_STATE = ("kind", "code", "at_ms")


def _fold_one(key: Key, heard: Sequence[_Heard], applied: _Applied) -> None:
    told = []
    for row in heard:
        if row.kind in SUPPRESSING:
            applied.suppressed.append(Suppressing(key.address_id, row.kind.value, row.at_ms, Source.PROVIDER))
        if row.kind in RECEIPT_RANK:
            told.append(row)
        else:
            applied.done[row.id] = "suppressed" if row.kind in SUPPRESSING else "unknown_word"
    if not told:
        return
    endpoint = heard[0].accepted_by if heard[0].why is None else None
    if endpoint is None:
        endpoint = _proven(key, told, applied)
    if endpoint is None:
        return
    before = state = told[0].known
    last = None
    for row in told:
        if state is None or RECEIPT_RANK[row.kind] > RECEIPT_RANK[state]:  # as domain.delivery.fold has it
            state, last = row.kind, row
            applied.done[row.id] = "applied"
        else:
            applied.done[row.id] = "not_newer"
    if state is None or last is None:
        return
    applied.states.append((*key, state.value, last.code, last.at_ms))
    applied.counts[(key.broadcast, key.medium, endpoint, state.value)] += 1
    if before is not None:
        applied.counts[(key.broadcast, key.medium, endpoint, before.value)] -= 1


def _proven(key: Key, told: Sequence[_Heard], applied: _Applied) -> int | None:
    """A receipt without an accepted outcome proves acceptance, once no attempt of ours is in flight."""
    standing = told[0]
    if standing.why is None or standing.shard is None or standing.endpoint is None:
        if key in applied.contradicting:
            applied.done |= {row.id: "contradicts_outcome" for row in told}
        return None
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
    move = applied.shards[standing.shard]
    move["accepted"] += 1
    move[column[standing.why]] -= 1
    return standing.endpoint


def _add_count(connection: Connection, broadcast_id: int, medium: int, endpoint: int, kind: str, change: int) -> None:
    if not change:
        return
    key: Mapping[str, Any] = {"broadcast": broadcast_id, "medium": medium, "endpoint": endpoint, "kind": kind}
    insert_missing(connection, receipt_count, [{**key, "deliveries": 0}], list(key))
    mine = [receipt_count.c[name] == value for name, value in key.items()]
    connection.execute(update(receipt_count).where(*mine).values(deliveries=receipt_count.c.deliveries + change))


def _any_of(of: ReadOnlyColumnCollection[str, Any], keys: Sequence[Key]) -> ColumnElement[bool]:
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for key in keys:
        groups[(key.broadcast, key.medium)].append(key.address_id)
    return or_(
        *(
            (of.broadcast == broadcast_id) & (of.medium == medium) & of.address_id.in_(ids)
            for (broadcast_id, medium), ids in groups.items()
        )
    )


def _chunks(keys: Sequence[Key]) -> list[Sequence[Key]]:
    return [keys[at : at + _CHUNK] for at in range(0, len(keys), _CHUNK)]
