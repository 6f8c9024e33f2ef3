"""Stop means stop: cancel, pause, and going on after a pause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.clock import to_ms
from app.domain.crisis import LIVE, MOVING, Action, UpdateState, move
from app.domain.delivery import Result
from app.domain.principals import Actor, permit
from app.domain.staff_notices import NoticeKind
from app.errors import Conflict, Invalid, Problem
from app.store import audit, crises, halting, paced, publishing, staging, stopping, updates
from app.store.database import Database
from app.store.stopping import Stopped
from app.store.updates import UpdateRow
from app.usecases.page_approvers import page_is_over
from app.usecases.send_update import SITE_BOUND, start_broadcast
from app.usecases.submit_update import plan_of
from app.usecases.tell_staff import staff_notice_is_over

NOTHING = Stopped(0, 0, 0)
UNDECIDED = (UpdateState.STAGING, UpdateState.SUBMITTED, UpdateState.APPROVED, *LIVE, UpdateState.DONE)


@dataclass(frozen=True, slots=True)
class StopReport:
    """The update after the stop, and what became of its deliveries: never leaving, in flight, already out."""

    update: UpdateRow
    deliveries: Stopped


def cancel_update(db: Database, actor: Actor, update_id: int, now: datetime, reason: str = "") -> StopReport:
    """No provider request starts more than a second after this returns. Cancelling twice is cancelling once."""
    permit(actor, "cancel_update")
    with db.writing() as tx:
        row = updates.get(tx, update_id, lock=True)
        if row.state is UpdateState.CANCELLED:
            return StopReport(row, NOTHING)
        state = move(row.state, Action.CANCEL)
        stopped = NOTHING
        if row.broadcast_id is not None and row.state in LIVE:
            stopped = stopping.stop_rest(tx, row.broadcast_id, Result.CANCELLED, to_ms(now))
            stopping.set_broadcast_state(tx, row.broadcast_id, "cancelling")
        elif row.broadcast_id is not None:
            staging.drop_broadcast(tx, row.broadcast_id)
        changed = updates.change(tx, update_id, row.state, state=state, ended_at=now, reason=reason or None)
        body = {"update": update_id, "stopped": stopped.stopped, "in_flight": stopped.in_flight, "out": stopped.out}
        publishing.request(tx, "update_cancelled", now)
        page_is_over(tx, update_id, now)
        staff_notice_is_over(tx, NoticeKind.UPDATE_HALTED, str(update_id), now)
        crises.add_timeline(tx, row.crisis, actor.name, "update_cancelled", body, now)
        audit.append(tx, actor.name, "cancel_update", f"update/{update_id}", {**body, "reason": reason}, now)
    return StopReport(changed, stopped)


def pause_update(db: Database, actor: Actor, update_id: int, now: datetime, reason: str = "") -> StopReport:
    """Nothing starts until `resume_update`; what was admitted but not begun waits with the rest."""
    permit(actor, "pause_update")
    with db.writing() as tx:
        row = updates.get(tx, update_id, lock=True)
        if row.state is UpdateState.PAUSED or row.broadcast_id is None:
            move(row.state, Action.RESUME)
            return StopReport(row, NOTHING)
        state = move(row.state, Action.PAUSE)
        stopped = stopping.pause(tx, row.broadcast_id)
        held_back = {"sent_at": None} if row.state is UpdateState.RELEASING else {}  # its words are not public yet
        changed = updates.change(tx, update_id, row.state, state=state, reason=reason or None, **held_back)
        body = {"update": update_id, "in_flight": stopped.in_flight, "out": stopped.out}
        crises.add_timeline(tx, row.crisis, actor.name, "update_paused", body, now)
        audit.append(tx, actor.name, "pause_update", f"update/{update_id}", {**body, "reason": reason}, now)
    return StopReport(changed, stopped)


def resume_update(
    db: Database, actor: Actor, update_id: int, now: datetime, reason: str = "", *, site_bound: float = SITE_BOUND
) -> UpdateRow:
    """Go on where it stopped: from the beginning when that was the undo window, with the first portion when that was
    still being watched. After a halt everybody left is sent to, and only what comes from now on may halt it again.

    Raise Conflict while a correction of it waits or has gone out, Invalid after a halt without a reason.
    """
    permit(actor, "resume_update")
    with db.writing() as tx:
        row = updates.get(tx, update_id, lock=True)
        if row.state in MOVING:
            return row
        state = move(row.state, Action.RESUME)
        if row.state is UpdateState.HALTED and not reason.strip():
            raise Invalid(
                Problem(
                    "reason_missing",
                    f"The service halted this update itself ({row.reason}).",
                    "reason",
                    "Look at the failures, then say why it may go on.",
                )
            )
        if updates.corrected_by(tx, update_id, UNDECIDED):
            raise Conflict(
                Problem(
                    "correction_under_way",
                    "A correction of this update is under way, so its words must not go out.",
                    "state",
                    "Reject or cancel the correction first, or let it go out.",
                )
            )
        if row.broadcast_id is not None:
            stopping.set_broadcast_state(tx, row.broadcast_id, "sending")
            if row.sent_at is None:
                start_broadcast(tx, row.broadcast_id, plan_of(tx, row), now, site_bound)
                publishing.request(tx, "update_sent", now)
            halting.judge_anew(tx, row.broadcast_id, to_ms(now))
            if row.state is UpdateState.HALTED:
                halting.end_canary(tx, row.broadcast_id)
            elif halting.canary_until(tx, row.broadcast_id) is not None:
                state = move(row.state, Action.TRY_FIRST)
            if row.sent_at is not None and row.document.get("recipients_per_hour"):
                paced.put_off(tx, row.broadcast_id, to_ms(now))
        changed = updates.change(tx, update_id, row.state, state=state, reason=None, sent_at=row.sent_at or now)
        body = {"update": update_id, "after": row.reason} if row.state is UpdateState.HALTED else {"update": update_id}
        crises.add_timeline(tx, row.crisis, actor.name, "update_resumed", body, now)
        staff_notice_is_over(tx, NoticeKind.UPDATE_HALTED, str(update_id), now)
        audit.append(tx, actor.name, "resume_update", f"update/{update_id}", {**body, "reason": reason}, now)
    return changed
