"""Looks at what a broadcast's outcomes add up to, lets the rest of a canary go, and halts what looks wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from app.clock import from_ms
from app.domain.crisis import MOVING, Action, UpdateState, move
from app.domain.halting import Limits, Marks, Sign, look, look_at_canary, slide
from app.store import courtesies, crises, documents, halting, updates
from app.store.database import Database
from app.store.documents import Kind
from app.store.halting import Tally
from app.store.ledger import BroadcastRow
from app.usecases.halt_update import halt_update


def judge(db: Database, row: BroadcastRow, tallies: Sequence[Tally], limits: Limits, now_ms: int) -> int:
    """Halt the broadcast, or let its rest go, when it is time; 1 when it changed."""
    if row.update_state not in MOVING or not any(tally.waiting for tally in tallies):
        return 0  # there is nothing left to stop
    for tally in tallies:
        sign = look(tally.counts, tally.marks, limits)
        if sign is not Sign.FINE:
            return _halt(db, row, sign, tally, now_ms)
    if row.canary_until_ms is not None:
        waited = now_ms - row.canary_until_ms + row.canary_wait_ms
        return _judge_canary(db, row, tallies, limits, (waited, row.canary_wait_ms), now_ms)
    _slide(db, row.id, tallies, limits, now_ms)
    return 0


def limits_of(connection: Connection, row: BroadcastRow) -> Limits:
    """What its crisis's playbook says makes it stop by itself."""
    playbook = documents.find(connection, Kind.PLAYBOOK, row.playbook) if row.playbook else None
    return Limits.of(playbook.document.get("halt") or {}) if playbook else Limits()


def _judge_canary(
    db: Database, row: BroadcastRow, tallies: Sequence[Tally], limits: Limits, waited: tuple[int, int], now_ms: int
) -> int:
    seconds, wait = (one / 1000 for one in waited)
    asleep = _asleep(db, row) if seconds >= wait else {}
    signs = [
        look_at_canary(
            tally.counts, tally.accepted, tally.first_size - asleep.get(tally.key, 0), limits, waited=seconds, wait=wait
        )
        for tally in tallies
    ]
    for sign, tally in zip(signs, tallies, strict=True):
        if sign not in (Sign.FINE, Sign.WAIT):
            return _halt(db, row, sign, tally, now_ms)
    return _let_go(db, row, now_ms) if Sign.WAIT not in signs else 0


def _asleep(db: Database, row: BroadcastRow) -> Mapping[tuple[int, int], int]:
    """Whoever waits for the morning cannot tell how the first portion fares, and holds nobody else up."""
    if not row.courteous:
        return {}
    with db.reading() as connection:
        return courtesies.put_off_in_canary(connection, row.id)


def _let_go(db: Database, row: BroadcastRow, now_ms: int) -> int:
    with db.writing() as tx:
        found = updates.get(tx, row.update_id, lock=True)
        if found.state is not UpdateState.CANARY:
            return 0
        halting.end_canary(tx, row.id)
        updates.change(tx, found.id, found.state, state=move(found.state, Action.RELEASE))
        crises.add_timeline(tx, row.crisis, "engine", "canary_fine", {"update": found.id}, from_ms(now_ms))
    return 1


def _slide(db: Database, broadcast_id: int, tallies: Sequence[Tally], limits: Limits, now_ms: int) -> None:
    moved: dict[tuple[int, int], Marks] = {}
    for tally in tallies:
        marks = slide(tally.counts, tally.marks, limits)
        if not tally.half_ms and tally.counts.settled:
            marks = Marks(tally.marks.begin, tally.counts)  # from here its pace is measured
        if marks != tally.marks:
            moved[tally.key] = marks
    if moved:
        with db.writing() as tx:
            halting.move_marks(tx, broadcast_id, moved, now_ms)


def _halt(db: Database, row: BroadcastRow, sign: Sign, tally: Tally, now_ms: int) -> int:
    return int(halt_update(db, row.update_id, sign, tally.endpoint, tally.counts, from_ms(now_ms)) is not None)
