"""Say when updates are due by themselves; approve that in advance, pause it, let it go on, take it away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.domain.content import content_hash
from app.domain.crisis import CrisisState
from app.domain.firing import ScheduleState
from app.domain.playbooks import Playbook
from app.domain.principals import STEP_UP, Actor, permit
from app.domain.progress import check_given, fillable
from app.domain.schedules import Policy, Schedule
from app.domain.staff_notices import NoticeKind
from app.errors import Conflict, Forbidden, Invalid, Problem
from app.store import audiences, audit, crises, documents, endpoints, schedules
from app.store.database import Database
from app.store.documents import Kind, check_revision
from app.store.schedules import ScheduleRow
from app.usecases.second_person import second_person_refusal
from app.usecases.tell_staff import staff_notice_is_over


def save_schedule(
    db: Database, actor: Actor, slug: str, document: Mapping[str, object], expected_revision: int | None, now: datetime
) -> ScheduleRow:
    """Insert or replace; what was approved in advance must be approved again.

    `expected_revision`: None = whatever is there, 0 = must be new. Raise Invalid with one Problem per fault: when it
    fires, what it names, and variables that nothing would fill.
    """
    permit(actor, "save_schedule")
    if document.get("slug", slug) != slug:
        raise Invalid(Problem("slug_differs", "The document names another slug.", "slug", "Leave it out."))
    wanted = Schedule.from_document({**document, "slug": slug}, now)
    with db.writing() as tx:
        return save_in(tx, actor, wanted, expected_revision, now)


def save_in(
    tx: Connection, actor: Actor, wanted: Schedule, expected_revision: int | None, now: datetime
) -> ScheduleRow:
    """Within the transaction of whoever saves it; they have asked whether the actor may. `wanted` still fires."""
    _check(tx, wanted)
    before = schedules.find(tx, wanted.slug, lock=True)
    check_revision(expected_revision, before.revision if before else 0)
    next_at = wanted.next_after(now)
    assert next_at is not None  # noqa: S101 - it was refused otherwise
    if before is None:
        row = schedules.add(tx, wanted, next_at, actor.user_id, now)
    else:
        row = schedules.replace(tx, before, wanted, next_at, before.authors | {actor.user_id})
    body = {"revision": row.revision, "document": row.document}
    audit.append(tx, actor.name, "save_schedule", f"schedule/{wanted.slug}", body, now)
    return row


def approve_schedule(
    db: Database, actor: Actor, slug: str, now: datetime, *, step_up: timedelta | None = STEP_UP
) -> ScheduleRow:
    """A second person's word in advance: these sentences of the playbook may go at these times, only values change.

    Raise Forbidden for one of its authors or without a fresh code (`second_person_refusal`), Conflict for one that
    sends nothing by itself.
    """
    permit(actor, "approve_update")
    with db.writing() as tx:
        before = schedules.get(tx, slug, lock=True)
        refusal = second_person_refusal(tx, actor, before.authors, before.created_at, now, step_up)
        if refusal is not None:
            raise Forbidden(refusal)
        wanted = before.typed()
        if not wanted.policy.needs_approval:
            sentence = "It asks staff each time and sends nothing by itself."
            raise Conflict(Problem("nothing_to_approve", sentence, "policy", "Approve the updates it drafts."))
        digest = sentences_hash(tx, wanted)
        schedules.change(tx, before.id, approved_at=now, approved_by=actor.user_id, approved_hash=digest)
        body = {"revision": before.revision, "content_hash": digest}
        audit.append(tx, actor.name, "approve_schedule", f"schedule/{slug}", body, now)
        return schedules.get(tx, slug)


def pause_schedule(db: Database, actor: Actor, slug: str, now: datetime) -> ScheduleRow:
    """Nothing fires until it is resumed; what it has planned already stays."""
    return _set(db, actor, slug, ScheduleState.PAUSED, now)


def resume_schedule(db: Database, actor: Actor, slug: str, now: datetime) -> ScheduleRow:
    """From now on: what came due meanwhile is left out. Raise Conflict when nothing comes any more."""
    return _set(db, actor, slug, ScheduleState.ACTIVE, now)


def resume_scheduler(db: Database, actor: Actor, now: datetime) -> bool:
    """After it asked: everything goes on, late slots by each schedule's own rule. False when it was not paused."""
    permit(actor, "resume_scheduler")
    with db.writing() as tx:
        state = schedules.scheduler_state(tx)
        if state is None or state.paused_at is None:
            return False
        schedules.resume_all(tx, now)
        staff_notice_is_over(tx, NoticeKind.SCHEDULER_PAUSED, "scheduler", now)
        audit.append(tx, actor.name, "resume_scheduler", "scheduler", {"paused_at": state.paused_at.isoformat()}, now)
    return True


def remove_schedule(db: Database, actor: Actor, slug: str, now: datetime) -> ScheduleRow:
    """As it was; the updates it drafted stay."""
    permit(actor, "save_schedule")
    with db.writing() as tx:
        row = schedules.get(tx, slug, lock=True)
        schedules.remove(tx, row.id)
        audit.append(tx, actor.name, "remove_schedule", f"schedule/{slug}", {"document": row.document}, now)
    return row


def sentences_hash(connection: Connection, wanted: Schedule) -> str:
    """Of everything an approval in advance covers: the schedule and the sentences of its playbook's stage."""
    playbook = playbook_of(connection, wanted)
    sentences = playbook.stages.get(wanted.stage.value, {}) if playbook else {}
    return content_hash({"schedule": wanted.to_document(), "sentences": sentences})


def playbook_of(connection: Connection, wanted: Schedule) -> Playbook | None:
    """The one it names, or its crisis's; None for a standing schedule."""
    slug = wanted.playbook
    if wanted.crisis:
        slug = crises.get(connection, wanted.crisis).playbook or ""
    row = documents.find(connection, Kind.PLAYBOOK, slug) if slug else None
    return Playbook.from_document(row.document) if row else None


def _set(db: Database, actor: Actor, slug: str, state: ScheduleState, now: datetime) -> ScheduleRow:
    permit(actor, "save_schedule")
    verb = "pause_schedule" if state is ScheduleState.PAUSED else "resume_schedule"
    with db.writing() as tx:
        before = schedules.get(tx, slug, lock=True)
        wanted = before.typed()
        next_at = wanted.next_after(now, before.fired)
        if next_at is None:
            raise Conflict(Problem("schedule_ended", "Nothing comes any more.", "state", "Save it with a later end."))
        schedules.change(tx, before.id, state=state, reason="", next_at=next_at, wake_at=next_at - wanted.lead)
        audit.append(tx, actor.name, verb, f"schedule/{slug}", {}, now)
        return schedules.get(tx, slug)


def _check(tx: Connection, wanted: Schedule) -> None:
    """Raise Invalid, one Problem for each thing that is not there or cannot be filled."""
    problems: list[Problem] = []
    if wanted.crisis:
        crisis = crises.get(tx, wanted.crisis)
        if crisis.state is CrisisState.RESOLVED:
            remedy = "Open a crisis first, or name a playbook."
            problems.append(Problem("crisis_resolved", f"“{wanted.crisis}” is resolved.", "crisis", remedy))
    playbook = playbook_of(tx, wanted)
    if playbook is None and wanted.playbook:
        problems.append(_unknown("playbook", wanted.playbook))
    elif playbook is None and wanted.crisis:
        sentence = "Its crisis has no playbook, so there are no prepared sentences."
        problems.append(Problem("no_playbook", sentence, "crisis", "Open the crisis with a playbook."))
    elif playbook is None and wanted.policy is not Policy.ASK:
        sentence = "A standing schedule speaks for crises nobody has thought of."
        problems.append(Problem("standing_asks", sentence, "policy", "Choose ask, or name a playbook or crisis."))
    else:
        problems += _sentences(tx, wanted, playbook)
    known = {endpoint.slug for endpoint in endpoints.everything(tx)}
    problems += [_unknown("endpoint", slug, f"endpoints[{at}]") for at, slug in enumerate(wanted.endpoints)
                 if slug not in known]  # fmt: skip
    if wanted.audience and audiences.find(tx, wanted.audience) is None:
        problems.append(_unknown("audience", wanted.audience))
    if problems:
        raise Invalid(problems)


def _sentences(tx: Connection, wanted: Schedule, playbook: Playbook | None) -> Sequence[Problem]:
    if playbook is None:
        return ()
    stage = wanted.stage.value
    if not playbook.languages(stage):
        sentence = f"Playbook “{playbook.slug}” has no “{stage}”."
        return [Problem("stage_missing", sentence, "stage", f"Use one of: {', '.join(playbook.stages)}.")]
    problems = list(check_given(playbook, wanted.variables))
    if wanted.crisis:
        problems += fillable(playbook, stage, [*crises.facts(tx, wanted.crisis), *wanted.variables])
    return problems


def _unknown(what: str, slug: str, field: str = "") -> Problem:
    return Problem(f"unknown_{what}", f"There is no {what} “{slug}”.", field or what, f"List the {what}s.")
