"""Do what schedules have due now. Harmless to repeat, in any number of processes, whatever becomes of them.

A slot, its occurrence and the draft it makes are one transaction; the unique row of the occurrence decides who was
first. What follows (asking, releasing, saying that nothing changed) goes by the state of the planned update, step by
step, each in a transaction that looks again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from app.domain.crisis import CrisisState, Severity
from app.domain.firing import (
    LONGEST_GAP,
    RESTORED,
    RESTORED_TOLD,
    Firing,
    OccurrenceState,
    PlanState,
    ScheduleState,
    Why,
    due_slot,
    must_ask,
)
from app.domain.principals import Actor, Role
from app.domain.reading import iso
from app.domain.schedules import Schedule
from app.domain.staff_notices import Notice, NoticeKind
from app.errors import Conflict, Invalid, NotFound
from app.keyring import Keyring
from app.observe import logger
from app.store import crises, schedules
from app.store.crises import CrisisRow
from app.store.database import Database
from app.store.schedules import ScheduleRow
from app.usecases.draft_progress import Place, Unchanged, look, progress
from app.usecases.draft_update import draft_in, read_draft
from app.usecases.submit_update import Check
from app.usecases.tell_staff import staff_notice_is_over, tell_staff

A_CHUNK: Final = 10
"""Schedules fired in one transaction, so that the writer is not held for long."""
MOST: Final = 200
"""Looked at in one go."""
ALIVE_EVERY: Final = timedelta(seconds=10)
"""How exactly a silence is known."""
SCHEDULER: Final = "scheduler"


@dataclass(frozen=True, slots=True)
class Cadence:
    """What firing needs; wiring puts it together."""

    db: Database
    now: Callable[[], datetime]
    keyring: Keyring
    check: Check
    """Preflight: what stands in the way of an update."""
    unchanged: Unchanged
    timezone: str = "UTC"
    language: str = "en"
    """The organisation's."""
    site_bound: float = 2.0
    gap: timedelta = LONGEST_GAP


@dataclass(slots=True)
class Done:
    """What one look did."""

    fired: int = 0
    missed: int = 0
    plans: int = 0
    """Planned updates that were taken a step further."""
    paused: bool = False
    """Nothing is done until somebody says so (`resume_scheduler`)."""

    @property
    def anything(self) -> bool:
        return bool(self.fired or self.missed or self.plans)


Seen = dict[tuple[str, str], Place | None]
"""Crises as they stand in this transaction, for schedules that speak of the same one."""

Step = Callable[[Cadence, int], bool]
"""Takes one planned update further; whether anything happened."""


def fire_due(cadence: Cadence, step: Step) -> Done:
    """Everything that is due now; `step` is `carry_out`."""
    done = Done()
    while True:
        now = cadence.now()
        with cadence.db.reading() as connection:
            state = schedules.scheduler_state(connection)
            due = schedules.due(connection, now, MOST)
            plans = schedules.plans_due(connection, now, MOST)
        if state is not None and state.paused_at is not None:
            if state.reason == RESTORED:
                _tell_restored(cadence, state.ticked_at)
            done.paused = True
            return done
        if (due or plans) and state is not None and must_ask(state.ticked_at, now, cadence.gap):
            done.paused = _ask_first(cadence)
            if done.paused:
                return done
        if state is None or due or plans or now - state.ticked_at >= ALIVE_EVERY:
            with cadence.db.writing() as tx:
                schedules.ticked(tx, cadence.now())
        for begin in range(0, len(due), A_CHUNK):
            _fire_some(cadence, due[begin : begin + A_CHUNK], done)
        moved = [step(cadence, plan_id) for plan_id in plans]
        done.plans += sum(moved)
        if not due and not any(moved):
            return done


def _ask_first(cadence: Cadence) -> bool:
    """Whether it is paused now: another process may have come first and been answered."""
    with cadence.db.writing() as tx:
        now, state = cadence.now(), schedules.scheduler_state(tx)
        if state is None or state.paused_at is not None or not must_ask(state.ticked_at, now, cadence.gap):
            return state is not None and state.paused_at is not None
        schedules.pause_all(tx, "silent", now)
        since = iso(state.ticked_at)
        tell_staff(tx, Notice(NoticeKind.SCHEDULER_PAUSED, SCHEDULER, since, Severity.MAJOR, {"since": since}), now)
    return True


def _tell_restored(cadence: Cadence, ticked_at: datetime) -> None:
    """This database is a backup: what was sent since it was made, nobody here knows."""
    with cadence.db.writing() as tx:
        if schedules.pause_is_told(tx, RESTORED, RESTORED_TOLD):
            since = iso(ticked_at)
            details = {"since": since, "reason": RESTORED_TOLD}
            tell_staff(
                tx, Notice(NoticeKind.SCHEDULER_PAUSED, SCHEDULER, since, Severity.MAJOR, details), cadence.now()
            )


def _fire_some(cadence: Cadence, ids: list[int], done: Done) -> None:
    with cadence.db.writing() as tx:
        seen: Seen = {}
        for schedule_id in ids:
            _fire(tx, cadence, schedule_id, seen, done)


def _fire(tx: Connection, cadence: Cadence, schedule_id: int, seen: Seen, done: Done) -> None:
    now = cadence.now()
    row = schedules.by_id(tx, schedule_id, lock=True)
    if row is None or row.state is not ScheduleState.ACTIVE or row.next_at is None:
        return
    try:
        wanted = row.typed()
    except Invalid:  # written by another version: the others must not wait for it
        schedules.change(tx, row.id, state=ScheduleState.PAUSED, reason=Why.NOT_WELL_FORMED)
        return
    if row.next_at - wanted.lead > now:
        return  # another process was here
    targets = _targets(tx, wanted)
    if wanted.crisis and not targets:
        schedules.change(tx, row.id, state=ScheduleState.ENDED, reason=Why.CRISIS_RESOLVED, next_at=None, wake_at=None)
        return
    firing = due_slot(wanted, row.next_at, row.fired, now)
    _note_missed(tx, row, firing, now, done)
    fired = row.fired
    if firing.fires is not None:
        occurrence = schedules.occur(tx, row.id, firing.fires, OccurrenceState.FIRED, "", now)
        if occurrence is not None:
            done.fired += 1
            for crisis in targets:
                plan_update(tx, cadence, row, wanted, crisis, occurrence, firing.fires, seen, now)
        fired += 1
    schedules.move_on(tx, row, wanted, firing.following, fired)


def _targets(tx: Connection, wanted: Schedule) -> list[CrisisRow]:
    """Open crises it speaks for."""
    if wanted.crisis:
        crisis = crises.get(tx, wanted.crisis)
        return [crisis] if crisis.state is CrisisState.OPEN else []
    found = crises.page(tx, state=CrisisState.OPEN, limit=200).items
    return [one for one in found if not wanted.playbook or one.playbook == wanted.playbook]


def _note_missed(tx: Connection, row: ScheduleRow, firing: Firing, now: datetime, done: Done) -> None:
    if firing.missed is None or firing.reason is None:
        return
    made = schedules.occur(tx, row.id, firing.missed, OccurrenceState.MISSED, firing.reason.value, now)
    if made is None:
        return
    done.missed += 1
    if firing.reason is Why.LATE:
        at = iso(firing.missed)
        details = {"at": at, "reason": firing.reason.value}
        tell_staff(tx, Notice(NoticeKind.SCHEDULE_MISSED, row.slug, at, Severity.MAJOR, details), now)


def plan_update(
    tx: Connection,
    cadence: Cadence,
    row: ScheduleRow,
    wanted: Schedule,
    crisis: CrisisRow,
    occurrence: int,
    slot: datetime,
    seen: Seen,
    now: datetime,
) -> int:
    """The planned update of one crisis, with its draft where the facts allow one; staff are asked or told."""
    drafted = _drafted(tx, cadence, row, wanted, crisis, slot, seen, now)
    if isinstance(drafted, Why):
        state = PlanState.SKIPPED if drafted is Why.NOWHERE else PlanState.ESCALATED
        plan_id = schedules.plan(tx, occurrence, crisis.slug, due_at=slot, state=state, reason=drafted.value)
        if state is PlanState.ESCALATED:
            tell_silent(tx, crisis, row.slug, plan_id, slot, drafted, now)
        return plan_id
    update_id, digest = drafted
    asks = wanted.policy.asks
    plan_id = schedules.plan(
        tx, occurrence, crisis.slug, due_at=slot, state=PlanState.ASKED if asks else PlanState.READY,
        reason="" if asks else Why.IN_ADVANCE.value, act_at=max(slot, _answer_by(wanted, slot, now)),
        update_id=update_id, digest=digest,
    )  # fmt: skip
    if asks:
        ask_staff(tx, crisis, row.slug, plan_id, update_id, slot, now)
    return plan_id


def _answer_by(wanted: Schedule, slot: datetime, now: datetime) -> datetime:
    """Asked late, staff still get some time, but never more than the lateness the schedule allows."""
    return min(now + wanted.lead, slot + wanted.late / 2) if now > slot - wanted.lead else slot


def _drafted(
    tx: Connection,
    cadence: Cadence,
    row: ScheduleRow,
    wanted: Schedule,
    crisis: CrisisRow,
    slot: datetime,
    seen: Seen,
    now: datetime,
) -> tuple[int, str] | Why:
    try:
        key = (crisis.slug, wanted.playbook)
        place = seen[key] if key in seen else look(tx, crisis, wanted, now)
        seen[key] = place
        if place is None:
            return Why.NO_PLAYBOOK
        made = progress(
            tx, place, wanted, slot, now, fired=row.fired + 1, timezone=cadence.timezone, unchanged=cadence.unchanged
        )
        if isinstance(made, Why):
            return made
        update = read_draft(crisis.slug, made.document, now)
        drafted = draft_in(tx, as_schedule(row), crisis.slug, update, now, sentences_of=place.playbook.slug)
        return drafted.id, made.digest
    except (Invalid, Conflict, NotFound) as refused:
        code = refused.problems[0].code
        logger("clarion.schedules").warning("not_drafted", schedule=row.slug, crisis=crisis.slug, code=code)
        return Why.NOT_FILLED if code == "cannot_be_filled" else Why.REFUSED


def as_schedule(row: ScheduleRow) -> Actor:
    """The schedule drafts in the name of who saved it last: they can never be the second person for its words."""
    author = max((one for one in row.authors if one is not None), default=None)
    return Actor(f"schedule {row.slug}", Role.AUTHOR, author, None)


def ask_staff(
    tx: Connection, crisis: CrisisRow, slug: str, plan_id: int, update_id: int, at: datetime, now: datetime
) -> None:
    details = {"at": iso(at), "schedule": slug, "update": str(update_id), "plan": str(plan_id)}
    tell_staff(tx, Notice(NoticeKind.STILL_TRUE, crisis.slug, f"{plan_id} {iso(at)}", crisis.severity, details), now)


def answered(tx: Connection, crisis: str, plan_id: int, now: datetime) -> None:
    """Nobody need answer this question any more; those of other schedules stand."""
    staff_notice_is_over(tx, NoticeKind.STILL_TRUE, crisis, now, {"plan": str(plan_id)})


def tell_silent(
    tx: Connection, crisis: CrisisRow, slug: str, plan_id: int, at: datetime, reason: Why, now: datetime
) -> None:
    """Customers were to hear something and will not unless a person acts: every place that wants major things."""
    details = {"at": iso(at), "schedule": slug, "reason": reason.value.replace("_", " ")}
    severity = min(crisis.severity, Severity.MAJOR, key=lambda one: one.rank)
    tell_staff(tx, Notice(NoticeKind.SCHEDULE_SILENT, crisis.slug, str(plan_id), severity, details), now)
