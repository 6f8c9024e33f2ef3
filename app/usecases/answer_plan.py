"""Somebody answers whether a drafted update is still true: yes, or ask me later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from app.domain.crisis import UpdateState
from app.domain.firing import PlanState, Why
from app.domain.principals import STEP_UP, Actor, Role, permit
from app.domain.reading import iso
from app.errors import Conflict, Forbidden, Invalid, Problem
from app.store import audit, crises, schedules, updates
from app.store.database import Database
from app.store.schedules import PlannedRow
from app.store.updates import UpdateRow
from app.usecases.fire_due import answered, ask_staff
from app.usecases.save_schedule import sentences_hash
from app.usecases.second_person import second_person_refusal

SNOOZE: Final = timedelta(minutes=10)
LONGEST_SNOOZE: Final = timedelta(hours=6)


def confirm_plan(
    db: Database, actor: Actor, plan_id: int, now: datetime, *, step_up: timedelta | None = STEP_UP
) -> PlannedRow:
    """It goes at its time, or at once when that is past.

    Whoever confirms is the second person for exactly these words, unless the schedule was approved in advance: then
    an author may say that it is still true. Raise Forbidden (see `second_person_refusal`), or Conflict when nobody is
    asked any more.
    """
    permit(actor, "confirm_update")
    with db.writing() as tx:
        plan = _asked(schedules.get_plan(tx, plan_id, lock=True))
        row = schedules.by_id(tx, plan.schedule_id)
        update = updates.get(tx, plan.update_id or 0)
        if update.revision != plan.revision or update.state is not UpdateState.DRAFT:
            raise Conflict(
                Problem(
                    "taken_over", "Somebody has edited this draft.", "update", "Submit it, to be approved as usual."
                )
            )
        approver = actor.user_id
        in_advance = row is not None and row.approved_hash == sentences_hash(tx, row.typed())
        authors = update.authors | (row.authors if row else frozenset())
        refusal = second_person_refusal(tx, actor, authors, update.created_at, now, step_up)
        if refusal is None and not actor.role.allows(Role.APPROVER):
            refusal = Problem(
                "role_too_low", f"{actor.name} is no approver, and nobody approved this in advance.", "role",
                "Ask an approver to confirm it.",
            )  # fmt: skip
        if refusal is not None:
            if not in_advance or row is None:
                raise Forbidden(refusal)
            approver = row.approved_by
        done = schedules.change_plan(
            tx, plan_id, state=PlanState.READY, reason=Why.CONFIRMED, approver=approver, answered_by=actor.name,
            answered_at=now, act_at=now if plan.state is PlanState.SNOOZED else max(plan.due_at, now),
        )  # fmt: skip
        answered(tx, plan.crisis, plan.id, now)
        body = {"update": plan.update_id, "due_at": iso(plan.due_at)}
        crises.add_timeline(tx, plan.crisis, actor.name, "still_true", body, now)
        audit.append(tx, actor.name, "confirm_update", f"update/{plan.update_id}", body, now)
    return done


def snooze_plan(db: Database, actor: Actor, plan_id: int, now: datetime, pause: timedelta = SNOOZE) -> PlannedRow:
    """Asked again after `pause`; until then nothing goes. Raise Invalid for more than LONGEST_SNOOZE, Conflict."""
    permit(actor, "confirm_update")
    if not timedelta() < pause <= LONGEST_SNOOZE:
        hours = LONGEST_SNOOZE // timedelta(hours=1)
        raise Invalid(Problem("bad_pause", f"A pause is more than 0 and at most {hours} h.", "minutes", "Correct it."))
    with db.writing() as tx:
        plan = _asked(schedules.get_plan(tx, plan_id, lock=True), doubt=True)
        _still_a_draft(updates.get(tx, plan.update_id or 0), plan)
        later = now + pause
        done = schedules.change_plan(
            tx, plan_id, state=PlanState.SNOOZED, reason="", approver=None, due_at=later, act_at=later,
            answered_by=actor.name, answered_at=now,
        )  # fmt: skip
        answered(tx, plan.crisis, plan.id, now)
        ask_staff(tx, crises.get(tx, plan.crisis), plan.schedule, plan_id, plan.update_id or 0, later, now)
        body = {"update": plan.update_id, "until": iso(later)}
        crises.add_timeline(tx, plan.crisis, actor.name, "snoozed", body, now)
        audit.append(tx, actor.name, "snooze_update", f"update/{plan.update_id}", body, now)
    return done


def _still_a_draft(update: UpdateRow, plan: PlannedRow) -> None:
    if update.revision != plan.revision or update.state is not UpdateState.DRAFT:
        remedy = "Submit it, to be approved as usual."
        raise Conflict(Problem("taken_over", "Somebody has edited or submitted this draft.", "update", remedy))


def _asked(plan: PlannedRow, *, doubt: bool = False) -> PlannedRow:
    """`doubt`: somebody who confirmed may think again while it has not left."""
    confirmed = plan.state is PlanState.READY and plan.reason == Why.CONFIRMED.value
    if plan.state in (PlanState.ASKED, PlanState.SNOOZED) or (doubt and confirmed):
        return plan
    sentence = f"Nobody is asked about it any more: it is {plan.state.value}."
    raise Conflict(Problem("not_asked", sentence, "state", "Look at the update itself."))
