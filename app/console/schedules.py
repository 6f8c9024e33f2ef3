"""Schedules: when updates come by themselves, in words and with their next times; and what waits for an answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection
from starlette.responses import Response

from app.console.blanks import Part, Sheet
from app.console.forms import Fields
from app.console.register_forms import NAME
from app.console.registers import revision, sources
from app.console.schedule_forms import SCHEDULE
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.crisis import CrisisState
from app.domain.firing import ScheduleState
from app.domain.texts import pick
from app.errors import Conflict, Invalid, Problem
from app.store import crises, documents, endpoints, schedules, updates
from app.store.documents import Kind
from app.store.schedules import ScheduleRow
from app.usecases.answer_plan import confirm_plan, snooze_plan
from app.usecases.save_schedule import (
    approve_schedule,
    pause_schedule,
    remove_schedule,
    resume_schedule,
    resume_scheduler,
    save_schedule,
)

screens = Screens()
USUAL: Final[dict[str, Any]] = {"policy": "ask", "stage": "progress"}


@screens.get("/schedules", needs="read")
def listing(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        page = schedules.page(connection, cursor=visit.query("cursor"), limit=25)
        waiting = schedules.plans(connection, waiting=True, limit=50).items
        state = schedules.scheduler_state(connection)
        drafts = {row.id: updates.get(connection, row.update_id) for row in waiting if row.update_id}
    headlines = {plan_id: _headline(row.document, visit) for plan_id, row in drafts.items()}
    return visit.show(
        "schedules.html",
        rows=[(row, row.typed().said(visit.words), _next(row, visit, 1)) for row in page.items],
        next_cursor=page.next_cursor,
        waiting=[(plan, headlines.get(plan.id, "")) for plan in waiting],
        paused_at=state.paused_at if state else None,
    )


@screens.get("/add/schedules", needs="save_schedule")
def begin(visit: Visit) -> Response:
    return _show(visit, None)


@screens.post("/add/schedules", needs="save_schedule", again=begin)
def add(visit: Visit) -> Response:
    return _save(visit, None)


@screens.get("/schedules/{slug}", needs="read")
def one(visit: Visit) -> Response:
    return _show(visit, _row(visit))


@screens.post("/schedules/{slug}", needs="save_schedule", again=one)
def change(visit: Visit) -> Response:
    return _save(visit, _row(visit))


@screens.post("/schedules/{slug}/remove", needs="save_schedule", again=one)
def remove(visit: Visit) -> Response:
    if not visit.entered.one("sure"):
        raise Conflict(Problem("not_sure", "Tick that you know what you do.", "sure"))
    remove_schedule(visit.context.db, visit.actor, visit.path["slug"], visit.now)
    return visit.go("/schedules", said="removed")


@screens.post("/schedules/{slug}/pause", needs="save_schedule", again=one)
def pause(visit: Visit) -> Response:
    pause_schedule(visit.context.db, visit.actor, visit.path["slug"], visit.now)
    return visit.go(f"/schedules/{visit.path['slug']}", said="schedule_paused")


@screens.post("/schedules/{slug}/resume", needs="save_schedule", again=one)
def resume(visit: Visit) -> Response:
    resume_schedule(visit.context.db, visit.actor, visit.path["slug"], visit.now)
    return visit.go(f"/schedules/{visit.path['slug']}", said="resumed")


@screens.post("/schedules/{slug}/approve", needs="approve_update", again=one)
def approve(visit: Visit) -> Response:
    step_up = visit.context.sessions.step_up
    approve_schedule(visit.context.db, visit.actor, visit.path["slug"], visit.now, step_up=step_up)
    return visit.go(f"/schedules/{visit.path['slug']}", said="schedule_approved")


@screens.post("/scheduler/resume", needs="resume_scheduler", again=listing)
def resume_all(visit: Visit) -> Response:
    resume_scheduler(visit.context.db, visit.actor, visit.now)
    visit.context.wake()
    return visit.go("/schedules", said="resumed")


@screens.post("/planned/{plan_id:int}/confirm", needs="confirm_update", again=listing)
def confirm(visit: Visit) -> Response:
    step_up = visit.context.sessions.step_up
    confirm_plan(visit.context.db, visit.actor, visit.path["plan_id"], visit.now, step_up=step_up)
    visit.context.wake()
    return visit.go("/schedules", said="plan_confirmed")


@screens.post("/planned/{plan_id:int}/snooze", needs="confirm_update", again=listing)
def snooze(visit: Visit) -> Response:
    read = Fields(visit.entered)
    minutes = read.number("minutes", 1, 360)
    read.done()
    snooze_plan(visit.context.db, visit.actor, visit.path["plan_id"], visit.now, timedelta(minutes=minutes))
    return visit.go("/schedules", said="plan_snoozed")


def _row(visit: Visit) -> ScheduleRow:
    with visit.context.db.reading() as connection:
        return schedules.get(connection, visit.path["slug"])


def _show(visit: Visit, row: ScheduleRow | None) -> Response:
    with visit.context.db.reading() as connection:
        offered = _sources(connection, visit, row)
        fired = schedules.occurrences(connection, row.slug, limit=10).items if row else ()
    form = _sheet(visit, row)
    typed = row.typed() if row else None
    return visit.show(
        "schedule.html",
        row=row,
        said_in_words=typed.said(visit.words) if typed else "",
        next=_next(row, visit, 5) if row else (),
        needs_approval=typed is not None and typed.policy.needs_approval,
        sheet=form,
        values=form.values(row.document if row else {**USUAL, "timezone": visit.context.timezone}),
        sources=offered,
        fired=fired,
    )


def _save(visit: Visit, row: ScheduleRow | None) -> Response:
    form = _sheet(visit, row)
    typed = form.document(visit.entered, {})
    slug = row.slug if row else str(typed.get("slug") or "")
    with form.beside():
        if not slug:
            raise Invalid(Problem("missing", "This is needed.", "slug", "Fill it in."))
        save_schedule(visit.context.db, visit.actor, slug, typed, revision(visit), visit.now)
    return visit.go(f"/schedules/{slug}", said="saved")


def _sheet(visit: Visit, row: ScheduleRow | None) -> Sheet:
    parts = SCHEDULE if row else (Part("", (NAME,)), *SCHEDULE)
    return Sheet(parts, timezone=visit.context.timezone)


def _sources(connection: Connection, visit: Visit, row: ScheduleRow | None) -> dict[str, list[tuple[str, str]]]:
    language, nothing = visit.words.language, ("", visit.say("not said"))
    opened = crises.page(connection, state=CrisisState.OPEN, limit=200).items
    known = [(each.slug, pick(each.titles, language)[0]) for each in opened]
    named = row.document.get("crisis") if row else None
    if named and named not in dict(known):
        known.append((named, named))
    named_playbooks = [
        (each.slug, pick(each.document.get("names") or {}, language)[0] or each.slug)
        for each in documents.everything(connection, Kind.PLAYBOOK)
    ]
    return {
        "crises": [nothing, *known],
        "playbooks": [nothing, *named_playbooks],
        "audiences": [nothing, *sources(connection, visit)["audiences"]],
        "endpoints": [(each.slug, each.slug) for each in endpoints.everything(connection)],
    }


def _next(row: ScheduleRow, visit: Visit, most: int) -> tuple[Any, ...]:
    return row.typed().upcoming(visit.now, row.fired, most) if row.state is ScheduleState.ACTIVE else ()


def _headline(document: dict[str, Any], visit: Visit) -> str:
    content = document.get("content", {})
    return pick({code: words.get("headline", "") for code, words in content.items()}, visit.words.language)[0]
