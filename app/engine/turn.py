"""One commit of the engine: what came back is settled, what may go is admitted, in a single short transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from app.domain.courtesy import Courtesy
from app.domain.delivery import Result
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.quiet_hours import REASONS
from app.domain.sharing import Shares, Waiting, after, divide
from app.engine.admitting import sort_out
from app.engine.sparing import spare
from app.settings import Timings
from app.store import breakers, courtesies, leases, ledger, locking, settling, stopping, superseding, waiting
from app.store.ledger import BroadcastRow, HeldShard
from app.store.settling import Finished, Settled
from app.store.windows import Candidates, ShardKey

CLAIM_AHEAD = 2
CLAIMS_A_TURN = 3
"""Of one broadcast, so that a turn fills a window and yet stays short where nobody is let through the door."""
NO_SHARES = Shares()
_SITE = MEDIUM_CODES[Medium.SITE]


@dataclass(frozen=True, slots=True)
class Want:
    """One endpoint's appetite: room for so many recipients, and the shards it already holds."""

    endpoint: int
    room: int
    held: Mapping[ShardKey, HeldShard]
    probe: bool = False
    """Its breaker is half-open: one delivery, if no other worker is trying."""
    unit: int = 1
    """Recipients a call."""
    shares: Shares = NO_SHARES
    look: bool = True
    """Look whether a broadcast of which it holds nothing has free shards, even if nothing better waits."""


@dataclass(frozen=True, slots=True)
class Request:
    me: str
    now_ms: int
    finished: Finished
    wants: Sequence[Want]
    sending: Sequence[BroadcastRow]
    """Broadcasts that may admit, best lane first."""
    release: Sequence[ShardKey]
    renew: bool
    renews: Sequence[ShardKey] = ()
    """With `renew`: every shard held, those of endpoints without room too, so that all are locked in one order."""
    doubtful: bool = False
    """Some of `finished` may have been committed before."""

    def touches(self) -> Iterator[ShardKey]:
        """Every shard this turn will change, but those it has yet to claim: they are free."""
        for _, key in self.finished.by_shard():
            yield key
        for want in self.wants:
            yield from want.held
        yield from self.release
        yield from self.renews


@dataclass(slots=True)
class Granted:
    """What one endpoint got: valid only once the transaction is committed."""

    go: list[Candidates] = field(default_factory=list)
    claimed: list[HeldShard] = field(default_factory=list)
    moved: dict[ShardKey, HeldShard] = field(default_factory=dict)
    """Held shards as they stand after admission."""
    lost: list[ShardKey] = field(default_factory=list)
    shares: Shares = NO_SHARES
    closed: list[Settled] = field(default_factory=list)
    """Settled or put off at the door."""

    @property
    def number(self) -> int:
        """How many recipients may be sent to."""
        return sum(map(len, self.go))


def take_turn(connection: Connection, request: Request, timings: Timings) -> dict[int, Granted]:
    """Run inside one write transaction; returns what each endpoint was granted."""
    locking.lock_shards(connection, request.touches(), whole=sites(request.finished))
    if request.finished:
        settling.settle(connection, request.finished.rows, request.finished.taken, doubtful=request.doubtful)
        _note_sites(connection, request)
    if request.renew:
        leases.renew(connection, request.me, now_ms=request.now_ms, lease_ms=int(timings.lease * 1000))
    ledger.release(connection, request.me, request.release)
    doorway = _Doorway(connection, request, timings)
    granted = {want.endpoint: doorway.serve(want) for want in request.wants}
    _note_sleepers(connection, granted.values())
    return granted


def _note_sleepers(connection: Connection, granted: Iterable[Granted]) -> None:
    waits = Counter(
        (row.broadcast, row.medium, row.due_ms)
        for got in granted
        for row in got.closed
        if row.reason in REASONS and row.due_ms is not None
    )
    if waits:
        courtesies.note_waits(connection, waits)


def _note_sites(connection: Connection, request: Request) -> None:
    """The site was read back: its broadcast's other waves need not wait for the bound."""
    for broadcast_id in sites(request.finished):
        stopping.confirm_site(connection, broadcast_id, request.now_ms)


def sites(finished: Finished) -> set[int]:
    """Broadcasts of which this shows the website with the update on it."""
    one_by_one = {row.broadcast for row in finished.rows if row.medium == _SITE and row.result is Result.ACCEPTED}
    return one_by_one | {group.origin.broadcast for group in finished.taken if group.origin.medium == _SITE}


class _Doorway:
    """Admission for all endpoints of one turn."""

    def __init__(self, connection: Connection, request: Request, timings: Timings) -> None:
        self._connection = connection
        self._request = request
        self._lease_ms = int(timings.lease * 1000)
        self._probe_ms = int((timings.call_timeout + timings.lease) * 1000)
        self._gap_ms = int(timings.correction_gap * 1000)
        self._rows = {row.id: row for row in request.sending if not _is_over(row, request.now_ms)}
        self._newer: dict[int, list[int]] = {}
        self._courtesies: dict[int, Courtesy | None] = {}

    def serve(self, want: Want) -> Granted:
        granted = Granted()
        if want.probe and not self._take_probe(want.endpoint):
            return granted
        held = {key: shard for key, shard in want.held.items() if shard.remaining > 0}
        for shard in self._claim(want, held):
            granted.claimed.append(shard)
            held[shard.key] = shard
        everybody = [Waiting(row.lane, row.id) for row in self._rows.values()]
        got = self._deal(want, everybody, held, granted)
        granted.shares = after(want.room, want.unit, everybody, want.shares, got)
        if want.probe and not granted.go:
            breakers.give_back_probe(self._connection, want.endpoint)
        return granted

    def _deal(
        self, want: Want, everybody: Sequence[Waiting], held: dict[ShardKey, HeldShard], granted: Granted
    ) -> Counter[int]:
        """Round by round until the room is full or nobody has anything; whoever takes less than offered is done."""
        hungry, room, got = list(everybody), want.room, Counter[int]()
        while room > 0 and hungry:
            for broadcast_id, offered in divide(room, want.unit, hungry, want.shares):
                taken = self._fill(self._rows[broadcast_id], want.endpoint, offered, held, granted)
                got[broadcast_id] += taken
                room -= taken
                if taken < offered:
                    hungry = [one for one in hungry if one.broadcast != broadcast_id]
        return got

    def _fill(
        self, row: BroadcastRow, endpoint: int, room: int, held: dict[ShardKey, HeldShard], granted: Granted
    ) -> int:
        """Those who wait for another attempt first, then new ones; further shards are claimed while there is room."""
        taken = self._again(row, endpoint, room, granted)
        mine = sorted(key for key, shard in held.items() if key.broadcast == row.id and shard.remaining > 0)
        for _ in range(CLAIMS_A_TURN):
            for key in mine:
                if taken >= room:
                    return taken
                taken += self._admit(held[key], room - taken, granted)
                held[key] = granted.moved.get(key, held[key])
                if key in granted.lost:
                    del held[key]
            more = self._claim_of(endpoint, row.id) if mine and taken < room else []
            granted.claimed += more
            held |= {shard.key: shard for shard in more}
            mine = [shard.key for shard in more]
        return taken

    def _take_probe(self, endpoint: int) -> bool:
        now_ms = self._request.now_ms
        return breakers.take_probe(self._connection, endpoint, now_ms=now_ms, until_ms=now_ms + self._probe_ms)

    def _again(self, row: BroadcastRow, endpoint: int, room: int, granted: Granted) -> int:
        again = ledger.claim_due(
            self._connection,
            self._request.me,
            endpoint,
            row.id,
            now_ms=self._request.now_ms,
            lease_ms=self._lease_ms,
            most=room,
            newer=self._newer_than(row),
            corrects=row.corrects,
            minor_news=row.minor_news,
        )
        return sum(self._let_through(candidates, row, granted) for candidates in again)

    def _claim(self, want: Want, held: Mapping[ShardKey, HeldShard]) -> list[HeldShard]:
        """Some shards of every broadcast of which nothing is held: at once when the hands are empty or a better lane
        waits, else when it is time to look. So a big broadcast never keeps a small one out.
        """
        have = {key.broadcast for key in held}
        missing = [row for row in self._rows.values() if row.id not in have]
        best = min((shard.lane for shard in held.values()), default=None)
        if best is not None and not want.look and not any(row.lane < best for row in missing):
            return []
        now_ms = self._request.now_ms
        free = waiting.free_broadcasts(self._connection, want.endpoint, [row.id for row in missing], now_ms=now_ms)
        return [shard for broadcast_id in free for shard in self._claim_of(want.endpoint, broadcast_id)]

    def _claim_of(self, endpoint: int, broadcast_id: int) -> list[HeldShard]:
        return ledger.claim_shards(
            self._connection,
            self._request.me,
            endpoint,
            now_ms=self._request.now_ms,
            lease_ms=self._lease_ms,
            most=CLAIM_AHEAD,
            broadcast_id=broadcast_id,
        )

    def _admit(self, shard: HeldShard, room: int, granted: Granted) -> int:
        row = self._rows.get(shard.key.broadcast)
        if row is None:
            granted.lost.append(shard.key)
            return 0
        moved = HeldShard(
            shard.key, shard.endpoint, shard.lane, shard.fence, shard.watermark, shard.last_address, shard.remaining
        )
        candidates = ledger.admit(
            self._connection,
            moved,
            min(room, shard.remaining),
            newer=self._newer_than(row),
            corrects=row.corrects,
            minor_news=row.minor_news,
        )
        if candidates is None:
            granted.lost.append(shard.key)
            return 0
        granted.moved[moved.key] = moved
        return self._let_through(candidates, row, granted)

    def _let_through(self, candidates: Candidates, row: BroadcastRow, granted: Granted) -> int:
        go, not_now = sort_out(candidates, row, now_ms=self._request.now_ms, gap_ms=self._gap_ms)
        courtesy = self._courtesy_of(row) if go else None
        if courtesy is not None:
            go, spared = spare(self._connection, go, courtesy, row.expires_ms, self._request.now_ms)
            not_now += spared
        if not_now:
            settling.settle(self._connection, not_now)
            granted.closed.extend(not_now)
        if go:
            granted.go.append(go)
        return len(go)

    def _courtesy_of(self, row: BroadcastRow) -> Courtesy | None:
        """Read where its shards are locked, so that nobody is put to sleep once staff have woken everybody."""
        if not row.courteous:
            return None
        if row.id not in self._courtesies:
            self._courtesies[row.id] = courtesies.of_broadcast(self._connection, row.id)
        return self._courtesies[row.id]

    def _newer_than(self, row: BroadcastRow) -> list[int]:
        if row.id not in self._newer:
            self._newer[row.id] = superseding.newer_broadcasts(self._connection, row, self._request.now_ms)
        return self._newer[row.id]


def _is_over(row: BroadcastRow, now_ms: int) -> bool:
    return row.expires_ms is not None and row.expires_ms <= now_ms
