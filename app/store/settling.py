"""Writing what attempts came to: outcomes appended, counters moved, `due` kept in step, in one transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Update, bindparam, delete, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.domain.delivery import FINAL, Event, Result, Why
from app.domain.message import FailureKind
from app.domain.suppressing import Source
from app.store.addresses import Suppressing, suppress_many
from app.store.ledger import THIS_SHARD, which
from app.store.ledger_tables import due, outcome, shard
from app.store.locking import lock_shards
from app.store.upsert import append_alike, append_missing, insert_or_update
from app.store.windows import Origin, ShardKey

DELIVERY = ("broadcast", "medium", "address_id")
WORDS_REFUSED = f"{FailureKind.CONTENT.value}:"
_CHUNK = 400
_ID_MOST = 200
_WAITING = {Why.RETRY: "retrying", Why.RETURNED: "returned", Why.UNKNOWN: "unsure"}


class Settled(NamedTuple):
    """What one attempt came to. `again` says how the delivery goes on in `due`; None = it is settled.

    `was`: where the delivery stood in `due` before this attempt, None when it came from the shard's window.
    """

    broadcast: int
    medium: int
    address_id: int
    shard: int
    endpoint: int
    lane: int
    attempt: int
    result: Result | None
    reason: str
    at_ms: int
    provider_id: str = ""
    was: Why | None = None
    again: Why | None = None
    due_ms: int | None = None
    since_ms: int = 0
    suppress: str = ""
    fence: int = 0
    """Of the shard it was admitted from, or with `was` of the row in `due` it was taken from, as it stood then."""

    @property
    def key(self) -> tuple[int, int, int]:
        return (self.broadcast, self.medium, self.address_id)

    @property
    def shard_key(self) -> ShardKey:
        return ShardKey(self.broadcast, self.medium, self.shard)


@dataclass(slots=True)
class Taken:
    """Deliveries of one origin that the provider took, in columns of one length: what nearly all attempts come to."""

    origin: Origin
    ids: list[int] = field(default_factory=list)
    provider_ids: list[str] = field(default_factory=list)
    at_ms: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self) -> Iterator[Settled]:
        """One by one, for what happens seldom."""
        broadcast, medium, shard_no, endpoint, lane, attempt, fence, since_ms, was = self.origin
        for address_id, provider_id, at_ms in zip(self.ids, self.provider_ids, self.at_ms, strict=True):
            head = (broadcast, medium, address_id, shard_no, endpoint, lane, attempt, Result.ACCEPTED, Event.ACCEPTED)
            yield Settled(*head, at_ms, provider_id, was, since_ms=since_ms, fence=fence)


@dataclass(slots=True)
class Finished:
    """What came back and is not written yet."""

    rows: list[Settled] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows) + sum(map(len, self.taken))

    def __add__(self, other: Finished) -> Finished:
        return Finished(self.rows + other.rows, self.taken + other.taken)

    def by_shard(self) -> Counter[tuple[int, ShardKey]]:
        """How many belong to each shard of each endpoint."""
        numbers = Counter((row.endpoint, row.shard_key) for row in self.rows)
        for group in self.taken:
            numbers[group.origin.endpoint, group.origin.shard_key] += len(group)
        return numbers


_MOVE = attrgetter("broadcast", "medium", "shard", "was", "again", "result")


def settle(
    connection: Connection, rows: Sequence[Settled], taken: Sequence[Taken] = (), *, doubtful: bool = False
) -> None:
    """Append and count. `doubtful`: these rows may have been written before.

    A row whose fence has moved on (takeover, stop) is reconciled with what happened meanwhile, so that no delivery
    is ever counted twice and none goes uncounted.
    """
    shards = {row.shard_key for row in rows} | {group.origin.shard_key for group in taken}
    lock_shards(connection, shards)
    standing = _standing(connection, shards)
    plain: list[Taken] = []
    others: list[Settled] = list(rows)
    for group in taken:
        if doubtful or not _stands(group.origin, standing):
            others += group.rows()
        else:
            plain.append(group)
    rows = _reconcile(connection, others, standing, doubtful=doubtful)
    _append(connection, rows, plain)
    _keep_due(connection, rows)
    _count(connection, rows, plain)
    _suppress(connection, rows)


class _Standing(NamedTuple):
    """A shard as it is now."""

    fence: int
    rest_state: str | None


def _standing(connection: Connection, keys: Iterable[ShardKey]) -> dict[ShardKey, _Standing]:
    numbers: dict[tuple[int, int], list[int]] = defaultdict(list)
    for broadcast, medium, no in keys:
        numbers[broadcast, medium].append(no)
    return {
        ShardKey(*whose, row.no): _Standing(row.fence, row.rest_state)
        for whose, some in numbers.items()
        for row in connection.execute(_FENCES, {"in_broadcast": whose[0], "by_medium": whose[1], "among": some})
    }


_FENCES: Final = select(shard.c.no, shard.c.fence, shard.c.rest_state).where(
    shard.c.broadcast == bindparam("in_broadcast"),
    shard.c.medium == bindparam("by_medium"),
    shard.c.no.in_(bindparam("among", expanding=True)),
)


def _stands(origin: Origin, standing: Mapping[ShardKey, _Standing]) -> bool:
    """Nothing has moved since these were admitted from their shard's window, so there is nothing to reconcile."""
    return origin.was is None and standing[origin.shard_key] == (origin.fence, None)


def _append(connection: Connection, rows: Iterable[Settled], taken: Sequence[Taken] = ()) -> None:
    for (broadcast, medium, endpoint, attempt), groups in _alike(taken).items():
        shared = {"broadcast": broadcast, "medium": medium, "endpoint": endpoint, "attempt": attempt, **_ACCEPTED}
        own = {
            "address_id": [one for group in groups for one in group.ids],
            "provider_id": _clean_ids([one for group in groups for one in group.provider_ids]),
            "at_ms": [one for group in groups for one in group.at_ms],
        }
        append_alike(connection, outcome, shared, own)
    values = [
        (
            row.broadcast,
            row.medium,
            row.address_id,
            row.attempt,
            row.result.value,
            row.endpoint,
            clean(row.reason)[:64],
            clean(row.provider_id)[:_ID_MOST],
            row.at_ms,
        )
        for row in rows
        if row.result is not None
    ]
    append_missing(connection, outcome, values)


_ACCEPTED: Final = {"result": Result.ACCEPTED.value, "reason": Event.ACCEPTED.value}


def _alike(taken: Iterable[Taken]) -> dict[tuple[int, int, int, int], list[Taken]]:
    """By what their rows have in common: the shards of a broadcast go in the same statements."""
    groups: dict[tuple[int, int, int, int], list[Taken]] = defaultdict(list)
    for group in taken:
        origin = group.origin
        groups[origin.broadcast, origin.medium, origin.endpoint, origin.attempt].append(group)
    return groups


def _clean_ids(provider_ids: Sequence[str]) -> Sequence[str]:
    if clean(together := "".join(provider_ids)) == together and max(map(len, provider_ids), default=0) <= _ID_MOST:
        return provider_ids
    return [clean(one)[:_ID_MOST] for one in provider_ids]


def clean(text: str) -> str:
    """Whatever a provider calls its messages: what no database takes must not hold up everybody else's outcomes."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _keep_due(connection: Connection, rows: Iterable[Settled]) -> None:
    gone, kept = [], []
    for row in rows:
        if row.again is not None:
            kept.append(_due_values(row))
        elif row.was is not None:
            gone.append({"b": row.broadcast, "m": row.medium, "a": row.address_id})
    if gone:
        connection.execute(_GONE, gone)
    if kept:
        changed = [name for name in kept[0] if name not in (*DELIVERY, "since_ms", "fence")]
        # Whoever took the row up before, to ask or to decide, finds by its fence that it is about something else now.
        insert_or_update(connection, due, kept, DELIVERY, changed, {"fence": due.c.fence + 1})


_GONE: Final = delete(due).where(
    due.c.broadcast == bindparam("b"), due.c.medium == bindparam("m"), due.c.address_id == bindparam("a")
)


def _due_values(row: Settled) -> dict[str, Any]:
    attempts = row.attempt if row.result is not None else row.attempt - 1
    return {
        "broadcast": row.broadcast,
        "medium": row.medium,
        "address_id": row.address_id,
        "shard": row.shard,
        "endpoint": row.endpoint,
        "lane": row.lane,
        "attempt": attempts,
        "why": (row.again or Why.RETRY).value,
        "reason": clean(row.reason)[:64],
        "due_ms": row.due_ms,
        "asked": 0,
        "since_ms": row.since_ms or row.at_ms,
        "owner": None,
        "fence": 0,
        "lease_until_ms": 0,
    }


def _count(connection: Connection, rows: Sequence[Settled], taken: Sequence[Taken]) -> None:
    """One update per shard: what left `due`, what entered it, what is settled."""
    moves: dict[ShardKey, Counter[str]] = defaultdict(Counter)
    for group in taken:
        moves[group.origin.shard_key][Result.ACCEPTED.value] += len(group)
    for (broadcast, medium, no, was, again, result), number in Counter(map(_MOVE, rows)).items():
        move = moves[ShardKey(broadcast, medium, no)]
        if was is not None:
            move[_WAITING[was]] -= number
        if again is not None:
            move[_WAITING[again]] += number
        elif result in FINAL:
            move[result.value] += number
    for row in rows:
        if row.result is Result.FAILED and row.reason.startswith(WORDS_REFUSED):
            moves[row.shard_key]["filtered"] += 1
    add_to_shards(connection, moves)


def add_to_shards(connection: Connection, moves: dict[ShardKey, Counter[str]]) -> None:
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for key, move in moves.items():
        changes = {name: change for name, change in sorted(move.items()) if change}
        more = {f"more_{name}": change for name, change in changes.items()}
        alike[tuple(changes)].append({**which(key), **more})
    for names, values in alike.items():
        if names:
            connection.execute(_adding(names), values)


@lru_cache(maxsize=256)
def _adding(names: tuple[str, ...]) -> Update:
    return update(shard).where(THIS_SHARD).values({name: shard.c[name] + bindparam(f"more_{name}") for name in names})


def _suppress(connection: Connection, rows: Iterable[Settled]) -> None:
    wanted = [Suppressing(row.address_id, row.suppress, row.at_ms, Source.PROVIDER) for row in rows if row.suppress]
    if wanted:
        suppress_many(connection, wanted)


def _reconcile(
    connection: Connection, rows: Sequence[Settled], standing: Mapping[ShardKey, _Standing], *, doubtful: bool
) -> list[Settled]:
    """Fit rows to shards that moved on under us."""
    groups: dict[ShardKey, list[Settled]] = defaultdict(list)
    for row in rows:
        groups[row.shard_key].append(row)
    waiting = _fences_in_due(connection, [row for row in rows if row.was is not None])
    fitted: list[Settled] = []
    lost: list[Settled] = []
    for key, group in groups.items():
        fence, rest_state = standing[key]
        for row in group if rest_state is None else _with_rest(group, Result(rest_state)):
            mine = row.fence == (fence if row.was is None else waiting.get(row.key))
            (fitted if mine and not doubtful else lost).append(row)
    return fitted + [settled for row in lost if (settled := _after_takeover(connection, row)) is not None]


def _with_rest(rows: Iterable[Settled], rest: Result) -> Iterator[Settled]:
    """Of a stopped shard nothing is tried again: what would be, ends like the rest."""
    for row in rows:
        if row.again in (Why.RETRY, Why.RETURNED):
            yield row._replace(again=None, due_ms=None, result=rest, reason=f"rest_{rest}")
        else:
            yield row


def _fences_in_due(connection: Connection, rows: Sequence[Settled]) -> dict[tuple[int, int, int], int]:
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in rows:
        groups[(row.broadcast, row.medium)].append(row.address_id)
    found: dict[tuple[int, int, int], int] = {}
    for (broadcast_id, medium), addresses in groups.items():
        for at in range(0, len(addresses), _CHUNK):
            mine = due.c.address_id.in_(addresses[at : at + _CHUNK])
            standing = select(due.c.address_id, due.c.fence).where(
                due.c.broadcast == broadcast_id, due.c.medium == medium, mine
            )
            found |= {(broadcast_id, medium, one.address_id): one.fence for one in connection.execute(standing)}
    return found


def _after_takeover(connection: Connection, row: Settled) -> Settled | None:
    """A late answer of a worker that had lost the delivery: it may stand in `due` by now, or be settled already.

    A final answer counts even while somebody else tries again; theirs then finds the delivery settled.
    """
    waiting = connection.execute(select(due.c.why, due.c.owner, due.c.fence).where(_delivery(due, row))).one_or_none()
    still_ours = waiting is not None and row.was is not None and waiting.fence == row.fence
    if waiting is not None and (waiting.owner is None or still_ours or row.result in FINAL):
        return row._replace(was=Why(waiting.why))
    results = {Result(one) for one in connection.scalars(select(outcome.c.result).where(_delivery(outcome, row)))}
    counted = Result.ACCEPTED if Result.ACCEPTED in results else next(iter(results & FINAL), None)
    if waiting is None and counted is None:
        return row._replace(was=None)
    if row.result is Result.ACCEPTED or row.result not in FINAL:
        _append(connection, [row])  # evidence, perhaps of a second copy
    if row.result is Result.ACCEPTED and counted not in {None, Result.ACCEPTED}:
        add_to_shards(connection, {row.shard_key: Counter({str(counted): -1, "accepted": 1})})
    return None


def _delivery(table: Any, row: Settled) -> ColumnElement[bool]:  # noqa: ANN401 - any ledger table
    return (  # type: ignore[no-any-return]  # columns of an untyped table
        (table.c.broadcast == row.broadcast) & (table.c.medium == row.medium) & (table.c.address_id == row.address_id)
    )
