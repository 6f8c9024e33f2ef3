"""Take a planned update one step further: out of its question, through submitting and approval, to its release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from app.domain.crisis import REACHED, CrisisState, Severity, UpdateState
from app.domain.firing import PlanState, Why
from app.domain.principals import Actor, Role
from app.domain.reading import iso
from app.domain.schedules import Policy
from app.domain.staff_notices import Notice, NoticeKind
from app.domain.vouching import How
from app.errors import ClarionError, Invalid, NotFound, Unavailable
from app.observe import logger
from app.store import accounts, crises, schedules, updates, users
from app.store.schedules import PlannedRow, ScheduleRow
from app.store.updates import UpdateRow
from app.usecases.decide_update import approve_update
from app.usecases.draft_progress import Place, look, progress, still_says_so
from app.usecases.draft_update import check_references, read_draft
from app.usecases.fire_due import Cadence, answered, as_schedule, tell_silent
from app.usecases.save_schedule import sentences_hash
from app.usecases.send_update import send_update
from app.usecases.submit_update import submit_update
from app.usecases.tell_staff import tell_staff
from app.usecases.vouch import vouch

AGAIN: Final = timedelta(seconds=1)
"""While its audience is listed."""
AT_ONCE: Final = timedelta()
ON_ITS_WAY: Final = (UpdateState.DRAFT, UpdateState.STAGING, UpdateState.SUBMITTED, UpdateState.APPROVED)


@dataclass(frozen=True, slots=True)
class End:
    """The plan's last state and why; escalated and missed ones are told to staff."""

    state: PlanState
    reason: Why


def carry_out(cadence: Cadence, plan_id: int) -> bool:
    """Whether anything happened. What is refused on the way is told to staff and left to them."""
    with cadence.db.writing() as tx:
        plan = schedules.get_plan(tx, plan_id, lock=True)
        if plan.act_at is None or plan.act_at > cadence.now():
            return False  # another process was here
        ready = _decide(tx, cadence, plan)
        if isinstance(ready, End):
            _end(tx, plan, ready, cadence.now())
            return True
    try:
        ended = _release(cadence, plan, ready)
    except Unavailable:
        raise  # the database is busy or gone: nothing was decided, the next look goes on
    except ClarionError as refused:
        code = refused.problems[0].code
        if _moved(cadence, ready):
            return True  # another process took this very step
        logger("clarion.schedules").warning("not_released", schedule=plan.schedule, update=plan.update_id, code=code)
        ended = End(PlanState.ESCALATED, Why.REFUSED)
    with cadence.db.writing() as tx:
        fresh = schedules.get_plan(tx, plan.id, lock=True)
        if fresh.act_at is None:
            return True  # another process ended it
        if isinstance(ended, timedelta):
            schedules.change_plan(tx, plan.id, act_at=cadence.now() + ended)
            return not ended
        _end(tx, fresh, ended, cadence.now())
    return True


def _moved(cadence: Cadence, seen: UpdateRow) -> bool:
    with cadence.db.reading() as connection:
        now = updates.get(connection, seen.id)
    return (now.state, now.revision) != (seen.state, seen.revision)


def _decide(tx: Connection, cadence: Cadence, plan: PlannedRow) -> UpdateRow | End:
    """The update that may go on its way now."""
    now = cadence.now()
    crisis = crises.get(tx, plan.crisis)
    row = schedules.by_id(tx, plan.schedule_id)
    if row is None or plan.update_id is None:
        return End(PlanState.SKIPPED, Why.TAKEN_OVER)
    wanted = row.typed()
    update = updates.get(tx, plan.update_id)
    if crisis.state is CrisisState.RESOLVED:
        return End(PlanState.SKIPPED, Why.CRISIS_RESOLVED)
    if update.state in REACHED:
        ours = plan.state is PlanState.READY and plan.reason
        return End(PlanState.SENT, Why(plan.reason) if ours else Why.TAKEN_OVER)
    if update.state not in ON_ITS_WAY:
        return End(PlanState.SKIPPED, Why.TAKEN_OVER)
    if update.revision != plan.revision + int(update.state is not UpdateState.DRAFT):  # a submit adds one
        return End(PlanState.SKIPPED, Why.TAKEN_OVER)
    if _staff_spoke(tx, update):
        return End(PlanState.SKIPPED, Why.STAFF_SPOKE)
    if now - plan.due_at >= wanted.late:
        return End(PlanState.MISSED, Why.LATE)
    if update.state is not UpdateState.DRAFT:
        # On its way: what was checked before it began stays true of its frozen words.
        return update if plan.state is PlanState.READY else End(PlanState.SKIPPED, Why.TAKEN_OVER)
    place = look(tx, crisis, wanted, now)
    if place is None:
        return End(PlanState.ESCALATED, Why.NO_PLAYBOOK)
    if plan.state is PlanState.READY and plan.reason == Why.CONFIRMED.value:
        same = still_says_so(tx, place, wanted, plan.digest, now, cadence.timezone)
        return update if same else End(PlanState.ESCALATED, Why.FACTS_CHANGED)
    if plan.state is not PlanState.READY and wanted.policy is not Policy.NO_CHANGE:
        return End(PlanState.ESCALATED, Why.UNANSWERED)
    if row.approved_hash is None or row.approved_hash != sentences_hash(tx, wanted):
        return End(PlanState.ESCALATED, Why.NOT_APPROVED)
    return _anew(tx, cadence, plan, row, place, update)


def _anew(
    tx: Connection, cadence: Cadence, plan: PlannedRow, row: ScheduleRow, place: Place, update: UpdateRow
) -> UpdateRow | End:
    """The draft written again from the facts of this moment, for the one who approved the schedule in advance.

    Where staff were asked and did not answer it says only what was said before, and that nothing changed.
    """
    now, quietly = cadence.now(), plan.state is not PlanState.READY
    try:
        made = progress(
            tx, place, row.typed(), plan.due_at, now, fired=row.fired, timezone=cadence.timezone,
            unchanged=cadence.unchanged, quietly=quietly,
        )  # fmt: skip
        if isinstance(made, Why):
            return End(PlanState.SKIPPED if made is Why.NOWHERE else PlanState.ESCALATED, made)
        document = read_draft(plan.crisis, made.document, now)
        check_references(tx, document)
    except Invalid:
        return End(PlanState.ESCALATED, Why.NOT_FILLED)
    reason = Why.NO_CHANGE if quietly else Why.IN_ADVANCE
    if document.to_document() != update.document:
        update = updates.edit(tx, update.id, document.to_document(), update.authors)
        words = update.document["content"]  # all languages at once, those that say the same as before too
        vouch(tx, update.id, {}, words, place.playbook.slug, now, how=How.SENTENCES)
    schedules.change_plan(
        tx, plan.id, state=PlanState.READY, reason=reason, digest=made.digest, approver=row.approved_by,
        revision=update.revision,
    )  # fmt: skip
    answered(tx, plan.crisis, plan.id, now)
    return update


def _release(cadence: Cadence, plan: PlannedRow, update: UpdateRow) -> timedelta | End:
    """One step for the state it is in, and when to look again; each looks again inside its own transaction."""
    now, db = cadence.now(), cadence.db
    if update.state is UpdateState.DRAFT:
        with db.reading() as connection:
            row = schedules.get(connection, plan.schedule)
        author, check = as_schedule(row), cadence.check
        keyring, language = cadence.keyring, cadence.language
        submit_update(db, author, update.id, now, keyring=keyring, check=check, page=False, language=language)
        return AT_ONCE
    if update.state is UpdateState.STAGING:
        return AGAIN
    with db.reading() as connection:
        fresh = schedules.get_plan(connection, plan.id)
    approver = _approver(cadence, fresh)
    if approver is None:
        return End(PlanState.ESCALATED, Why.NOT_APPROVED)
    if update.state is UpdateState.SUBMITTED:
        # Whoever confirmed, or approved in advance, gave their code then.
        approve_update(db, approver, update.id, update.recipients or 0, now, update.content_hash, step_up=None)
    send_update(db, approver, update.id, cadence.now(), site_bound=cadence.site_bound)
    return End(PlanState.SENT, Why(fresh.reason))


def _approver(cadence: Cadence, plan: PlannedRow) -> Actor | None:
    """Who answered, or approved in advance: still here, and still somebody who approves."""
    if plan.approver is None:
        return None
    try:
        with cadence.db.reading() as connection:
            user = users.get(connection, plan.approver)
            (person,) = accounts.persons(connection, frozenset({user.id}))
    except NotFound:
        return None
    if user.disabled or not user.role.allows(Role.APPROVER):
        return None
    how = "" if plan.reason == Why.CONFIRMED.value else " (in advance)"
    return Actor(f"{user.name}{how}", user.role, user.id, None, person=person)


def _staff_spoke(tx: Connection, update: UpdateRow) -> bool:
    """Whether something else than a planned update of this crisis went out since this one was drafted."""
    newest = updates.page(tx, crisis_slug=update.crisis, states=REACHED, limit=1).items
    if not newest or newest[0].sent_at is None or newest[0].sent_at <= update.created_at:
        return False
    return schedules.digest_of(tx, newest[0].id) is None


def _end(tx: Connection, plan: PlannedRow, end: End, now: datetime) -> None:
    if end.state is PlanState.ESCALATED:
        crisis = crises.get(tx, plan.crisis)
        tell_silent(tx, crisis, plan.schedule, plan.id, plan.due_at, end.reason, now)
    if end.state is PlanState.MISSED:
        at = iso(plan.due_at)
        details = {"at": at, "reason": end.reason.value}
        tell_staff(tx, Notice(NoticeKind.SCHEDULE_MISSED, plan.schedule, at, Severity.MAJOR, details), now)
    schedules.change_plan(tx, plan.id, state=end.state, reason=end.reason, act_at=None)
    answered(tx, plan.crisis, plan.id, now)
    crises.add_timeline(
        tx, plan.crisis, f"schedule {plan.schedule}", f"planned_{end.state.value}",
        {"update": plan.update_id, "reason": end.reason.value, "due_at": iso(plan.due_at)}, now,
    )  # fmt: skip
