"""A small broadcast in the ledger, and workers that do to it what engines do, without an engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from app.clock import from_ms, to_ms
from app.domain.crisis import CrisisState, Severity
from app.domain.delivery import Facts, Result, State, Why, state_of
from app.domain.message import MEDIUM_CODES, Medium, ReceiptKind
from app.engine.admitting import put_back, settled
from app.store import crises, deliveries, endpoints, ledger, settling, staging, takeover, updates
from app.store.crises import CrisisRow
from app.store.endpoints import EndpointValues
from app.store.ledger import BroadcastRow, HeldShard
from app.store.ledger_tables import address, due, outcome, receipt_state, recipient, shard
from app.store.receipts import RawReceipt
from app.store.receipts import store as store_receipts
from app.store.settling import Settled
from app.store.staging import WayOut
from app.store.unknowns import Unsure
from app.store.windows import Candidates, FirstMessage, Origin, ShardKey
from tests.conftest import NOON

SMS = MEDIUM_CODES[Medium.SMS]
LEASE_MS = 1_000
NOON_MS = to_ms(NOON)


def add_crisis(connection: Connection, slug: str = "outage") -> None:
    crises.add(connection, CrisisRow(slug, {"en": "Outage"}, Severity.MAJOR, CrisisState.OPEN, None, NOON, None, 1))


def add_endpoint(connection: Connection, slug: str = "text", medium: Medium = Medium.SMS) -> int:
    values = EndpointValues(slug, medium, {}, b"", 10.0, 1, None)
    return endpoints.save(connection, slug, values, None).id


def add_broadcast(connection: Connection, crisis: str = "outage", *, number: int = 1, lane: int = 2) -> int:
    """A broadcast in staging, with an update of its own."""
    made = updates.add(connection, crisis, {"stage": "holding"}, 1, NOON)
    broadcast_id = (NOON_MS << 10) + number
    values = {
        "id": broadcast_id,
        "update_id": made.id,
        "revision": 1,
        "crisis": crisis,
        "drill": 0,
        "lane": lane,
        "corrects": None,
        "stage_total": 0,
    }
    staging.open_broadcast(connection, values)
    return broadcast_id


def add_addresses(connection: Connection, first: int, number: int, medium: int = SMS) -> list[int]:
    ids = list(range(first, first + number))
    rows = [{"id": n, "medium": medium, "value": f"+1555{n:07d}", "value_hash": n.to_bytes(16)} for n in ids]
    connection.execute(insert(address), rows)
    return ids


def add_recipients(connection: Connection, broadcast: int, ids: Sequence[int], way: WayOut, *, size: int) -> None:
    """In shards of `size`."""
    code = MEDIUM_CODES[way.medium]
    rows = [{"broadcast": broadcast, "medium": code, "address_id": n, "language": "en", "variant": 0} for n in ids]
    connection.execute(insert(recipient), rows)
    for number, at in enumerate(range(0, len(ids), size)):
        piece = ids[at : at + size]
        staging._insert_shards(connection, broadcast, code, [(number, (piece[0], piece[-1], len(piece)), way, 0)])


def send(connection: Connection, broadcast: int, now_ms: int = NOON_MS) -> None:
    staging.close_staging(connection, broadcast)
    staging.start_sending(connection, broadcast, release_ms=now_ms, site_bound_ms=None)
    connection.execute(update(shard).where(shard.c.broadcast == broadcast).values(not_before_ms=now_ms))


def small_broadcast(connection: Connection, people: int = 10, *, size: int = 4) -> int:
    """Sent at noon over one endpoint."""
    add_crisis(connection)
    way = WayOut(add_endpoint(connection), "text", Medium.SMS, 1, 0)
    broadcast = add_broadcast(connection)
    add_recipients(connection, broadcast, add_addresses(connection, 100, people), way, size=size)
    send(connection, broadcast)
    return broadcast


class Candidate(NamedTuple):
    """One of the recipients that were admitted together."""

    origin: Origin
    address_id: int
    language: str
    variant: int
    area: str
    address: str | None
    suppressed: str | None
    superseded: bool
    first: FirstMessage

    @property
    def attempt(self) -> int:
        return self.origin.attempt

    @property
    def since_ms(self) -> int:
        return self.origin.since_ms


def one_by_one(admitted: Candidates) -> list[Candidate]:
    who = (admitted.ids, admitted.languages, admitted.variants, admitted.areas, admitted.addresses)
    decided = zip(admitted.suppressed, map(bool, admitted.superseded), map(FirstMessage, admitted.first), strict=True)
    rows = zip(zip(*who, strict=True), decided, strict=True)
    return [Candidate(admitted.origin, *one, *decision) for one, decision in rows]


@dataclass
class Worker:
    """What one engine holds in memory."""

    connection: Connection
    name: str
    endpoint: int = 1
    held: dict[ShardKey, HeldShard] = field(default_factory=dict)
    flying: list[Candidate] = field(default_factory=list)
    asking: list[Unsure] = field(default_factory=list)

    def claim(self, now_ms: int = NOON_MS, most: int = 1) -> list[HeldShard]:
        found = ledger.claim_shards(
            self.connection,
            self.name,
            self.endpoint,
            now_ms=now_ms,
            lease_ms=LEASE_MS,
            most=most,
            better_than=None,
        )
        self.held |= {one.key: one for one in found}
        return found

    def admit(self, most: int, newer: Sequence[int] = (), corrects: int | None = None) -> list[Candidate]:
        """From whatever is held, at most so many of each shard."""
        got: list[Candidate] = []
        for one in self.held.values():
            if one.remaining > 0:
                more = ledger.admit(self.connection, one, most, newer=newer, corrects=corrects)
                if more is None:
                    one.remaining = 0
                got += one_by_one(more) if more else []
        self.flying += got
        return got

    def again(self, broadcast: int, now_ms: int, most: int = 100, newer: Sequence[int] = ()) -> list[Candidate]:
        taken = ledger.claim_due(
            self.connection,
            self.name,
            self.endpoint,
            broadcast,
            now_ms=now_ms,
            lease_ms=LEASE_MS,
            most=most,
            newer=newer,
            corrects=None,
        )
        got = [one for candidates in taken for one in one_by_one(candidates)]
        self.flying += got
        return got

    def answer(self, one: Candidate, result: Result | None, now_ms: int = NOON_MS, *, wait_ms: int = 0) -> None:
        """Result None = never asked, given back."""
        self.flying.remove(one)
        settling.settle(self.connection, [answered(one, result, now_ms, wait_ms)])

    def release(self) -> None:
        """Shards with nothing left to admit and nothing in flight."""
        out = {one.origin.shard_key for one in self.flying}
        done = [key for key, one in self.held.items() if one.remaining <= 0 and key not in out]
        ledger.release(self.connection, self.name, done)
        for key in done:
            del self.held[key]

    def take_over(self, now_ms: int, *, alone: bool = False) -> int:
        return takeover.take_over(self.connection, self.name, now_ms=now_ms, settle_ms=0, alone=alone)[0]


def answered(one: Candidate, result: Result | None, now_ms: int, wait_ms: int = 0) -> Settled:
    who = (one.origin, one.address_id)
    match result:
        case None:
            return put_back(*who, "given_back", now_ms, due_ms=now_ms + wait_ms)
        case Result.REFUSED:
            return settled(*who, result, "refused", now_ms, again=Why.RETRY, due_ms=now_ms + wait_ms)
        case Result.UNKNOWN:
            return settled(*who, result, "timeout", now_ms, again=Why.UNKNOWN, due_ms=now_ms + wait_ms)
        case _:
            return settled(*who, result, result.value, now_ms, provider_id="id")


def heard(connection: Connection, broadcast: int, address_id: int, kind: ReceiptKind, event: str = "") -> None:
    name = event or f"{address_id}-{kind}"
    store_receipts(
        connection, [RawReceipt(broadcast, 1, name, SMS, address_id, 1, kind, "", "id", NOON_MS, NOON_MS, kind)]
    )


def row_of(connection: Connection, broadcast: int) -> BroadcastRow:
    found = ledger.broadcast_row(connection, broadcast)
    assert found is not None
    return found


def counted(connection: Connection, broadcast: int) -> dict[State, int]:
    """The counts that are not zero, after holding the counters to the rows."""
    counts = deliveries.counts(connection, broadcast)
    assert counts == deliveries.states_by_row(connection, broadcast), "counters differ from the rows"
    assert min(counts.values()) >= 0
    return {state: number for state, number in counts.items() if number}


def states(connection: Connection, broadcast: int) -> dict[int, State]:
    """By address id, in SQL."""
    page, following = deliveries.page(connection, broadcast, limit=1_000)
    assert following is None
    return {one.address_id: one.state for one in page}


def facts(connection: Connection, broadcast: int) -> Mapping[int, Facts]:
    """By address id, for domain.delivery.state_of."""
    shards = connection.execute(select(shard).where(shard.c.broadcast == broadcast)).all()
    outcomes: dict[int, list[tuple[int, Result]]] = defaultdict(list)
    for row in connection.execute(select(outcome).where(outcome.c.broadcast == broadcast)):
        outcomes[row.address_id].append((row.attempt, Result(row.result)))
    waiting = {
        row.address_id: Why(row.why) for row in connection.execute(select(due).where(due.c.broadcast == broadcast))
    }
    receipts = {
        row.address_id: ReceiptKind(row.kind)
        for row in connection.execute(select(receipt_state).where(receipt_state.c.broadcast == broadcast))
    }
    found = {}
    for row in connection.execute(select(recipient).where(recipient.c.broadcast == broadcast)):
        mine = next(
            one
            for one in shards
            if one.medium == row.medium and one.first_address <= row.address_id <= one.last_address
        )
        found[row.address_id] = Facts(
            admitted=row.address_id <= mine.watermark,
            rest_state=State(mine.rest_state) if mine.rest_state else None,
            outcomes=outcomes[row.address_id],
            due=waiting.get(row.address_id),
            receipt=receipts.get(row.address_id),
        )
    return found


def hold_to_account(connection: Connection, broadcast: int, people: int) -> dict[State, int]:
    """Counters, rows and domain say the same, and everybody is in one state."""
    counts = counted(connection, broadcast)
    assert sum(counts.values()) == people
    in_sql = states(connection, broadcast)
    in_domain = {key: state_of(one) for key, one in facts(connection, broadcast).items()}
    assert in_sql == in_domain
    return counts


def at(ms: int) -> datetime:
    return from_ms(ms)
