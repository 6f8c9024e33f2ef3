"""Schedules, what they have planned, and the answers of staff."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from app.api.access import Reader, may
from app.api.answers import Given, Paged, paged
from app.api.context import Ctx
from app.api.pagination import Cursor, Limit
from app.api.problems import REFUSALS
from app.api.revisions import IfMatch, etag, revision_in
from app.api.schemas import Schedule, Sent
from app.domain.principals import Actor
from app.store import schedules
from app.store.schedules import OccurrenceRow, PlannedRow, ScheduleRow
from app.usecases.answer_plan import confirm_plan, snooze_plan
from app.usecases.save_schedule import (
    approve_schedule,
    pause_schedule,
    remove_schedule,
    resume_schedule,
    resume_scheduler,
    save_schedule,
)

router = APIRouter(prefix="/schedules", tags=["schedules"], responses=REFUSALS)
plans = APIRouter(prefix="/planned-updates", tags=["schedules"], responses=REFUSALS)

Keeper = Annotated[Actor, may("save_schedule")]
Approver = Annotated[Actor, may("approve_update")]
Answering = Annotated[Actor, may("confirm_update")]


class ScheduleView(Given):
    schedule: dict[str, Any] = Field(description="The document as it was sent, every field present")
    words: str = Field(description="When it fires, in English")
    state: str = Field(description="active, paused or ended")
    reason: str
    next: list[datetime] = Field(description="The next five times; none while it is paused")
    fired: int
    revision: int
    approved: bool = Field(description="A second person approved it in advance; checked again when it fires")


class OccurrenceView(Given):
    id: int
    due_at: datetime
    state: str = Field(description="fired or missed")
    reason: str
    at: datetime


class PlannedView(Given):
    id: int
    schedule: str
    crisis: str
    update_id: int | None
    due_at: datetime
    state: str = Field(description="asked, ready, snoozed, sent, escalated, missed or skipped")
    reason: str
    answered_by: str | None
    answered_at: datetime | None


class SchedulerView(Given):
    resumed: bool = Field(description="false when it was not paused")


class Snooze(Sent):
    minutes: int = Field(10, ge=1, le=360)


@router.get("", operation_id="list_schedules", summary="List schedules with their next times")
def page(context: Ctx, _actor: Reader, cursor: Cursor = None, limit: Limit = 50) -> Paged[ScheduleView]:
    now = context.clock.now()
    with context.db.reading() as connection:
        return paged(schedules.page(connection, cursor=cursor, limit=limit), lambda row: schedule_view(row, now))


@router.post("", status_code=201, operation_id="add_schedule", summary="Add a schedule")
def create(body: Schedule, context: Ctx, actor: Keeper, response: Response) -> ScheduleView:
    now, document = context.clock.now(), body.document()
    row = save_schedule(context.db, actor, document["slug"], document, 0, now)
    response.headers["ETag"] = etag(row.revision)
    return schedule_view(row, now)


@router.post("/resume", operation_id="resume_scheduler", summary="Let all schedules go on after a long silence")
def resume_everything(context: Ctx, actor: Annotated[Actor, may("resume_scheduler")]) -> SchedulerView:
    return SchedulerView(resumed=resume_scheduler(context.db, actor, context.clock.now()))


@router.get("/{slug}", operation_id="read_schedule", summary="Read a schedule")
def read(slug: str, context: Ctx, _actor: Reader, response: Response) -> ScheduleView:
    with context.db.reading() as connection:
        row = schedules.get(connection, slug)
    response.headers["ETag"] = etag(row.revision)
    return schedule_view(row, context.clock.now())


@router.put("/{slug}", operation_id="put_schedule", summary="Put a schedule in its place")
def put(
    slug: str, body: Schedule, context: Ctx, actor: Keeper, response: Response, if_match: IfMatch = None
) -> ScheduleView:
    now = context.clock.now()
    row = save_schedule(context.db, actor, slug, body.document(), revision_in(if_match), now)
    response.headers["ETag"] = etag(row.revision)
    return schedule_view(row, now)


@router.delete("/{slug}", status_code=204, operation_id="remove_schedule", summary="Remove a schedule")
def remove(slug: str, context: Ctx, actor: Keeper) -> None:
    remove_schedule(context.db, actor, slug, context.clock.now())


@router.post("/{slug}/approve", operation_id="approve_schedule", summary="Approve in advance what it sends by itself")
def approve(slug: str, context: Ctx, actor: Approver) -> ScheduleView:
    """Not by anybody who wrote it. A change of the schedule or of the playbook's sentences ends the approval."""
    now = context.clock.now()
    return schedule_view(approve_schedule(context.db, actor, slug, now, step_up=context.sessions.step_up), now)


@router.post("/{slug}/pause", operation_id="pause_schedule", summary="Let nothing fire until it is resumed")
def pause(slug: str, context: Ctx, actor: Keeper) -> ScheduleView:
    now = context.clock.now()
    return schedule_view(pause_schedule(context.db, actor, slug, now), now)


@router.post("/{slug}/resume", operation_id="resume_schedule", summary="Let it go on, from the next time on")
def resume(slug: str, context: Ctx, actor: Keeper) -> ScheduleView:
    now = context.clock.now()
    return schedule_view(resume_schedule(context.db, actor, slug, now), now)


@router.get("/{slug}/occurrences", operation_id="list_occurrences", summary="What fired and what was missed")
def fired(slug: str, context: Ctx, _actor: Reader, cursor: Cursor = None, limit: Limit = 50) -> Paged[OccurrenceView]:
    with context.db.reading() as connection:
        schedules.get(connection, slug)
        return paged(schedules.occurrences(connection, slug, cursor=cursor, limit=limit), occurrence_view)


@plans.get("", operation_id="list_planned_updates", summary="Updates that schedules have drafted, newest first")
def planned(
    context: Ctx,
    _actor: Reader,
    waiting: Annotated[bool, Query(description="Only those somebody is asked about")] = False,  # noqa: FBT002 - a query
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Paged[PlannedView]:
    with context.db.reading() as connection:
        return paged(schedules.plans(connection, waiting=waiting, cursor=cursor, limit=limit), plan_view)


@plans.post("/{plan_id}/confirm", operation_id="confirm_planned_update", summary="Say that it is still true")
def confirm(plan_id: int, context: Ctx, actor: Answering) -> PlannedView:
    """It goes at its time. Whoever confirms is its second person, unless the schedule was approved in advance."""
    return plan_view(confirm_plan(context.db, actor, plan_id, context.clock.now(), step_up=context.sessions.step_up))


@plans.post("/{plan_id}/snooze", operation_id="snooze_planned_update", summary="Be asked again later")
def snooze(plan_id: int, body: Snooze, context: Ctx, actor: Answering) -> PlannedView:
    now = context.clock.now()
    return plan_view(snooze_plan(context.db, actor, plan_id, now, timedelta(minutes=body.minutes)))


def schedule_view(row: ScheduleRow, now: datetime) -> ScheduleView:
    wanted = row.typed()
    return ScheduleView(
        schedule=row.document,
        words=wanted.words,
        state=row.state.value,
        reason=row.reason,
        next=list(wanted.upcoming(now, row.fired)) if row.state.value == "active" else [],
        fired=row.fired,
        revision=row.revision,
        approved=row.approved_hash is not None,
    )


def occurrence_view(row: OccurrenceRow) -> OccurrenceView:
    return OccurrenceView.model_validate(row)


def plan_view(row: PlannedRow) -> PlannedView:
    return PlannedView.model_validate(row)
