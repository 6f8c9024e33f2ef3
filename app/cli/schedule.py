"""Schedules: when updates are due by themselves, and the answers of staff."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Console

from app.api.schedules import ScheduleView, occurrence_view, plan_view, schedule_view
from app.cli.desk import AsJson, Desk, at_desk, document_from, moment, pairs
from app.domain.firing import ScheduleState
from app.domain.reading import iso
from app.domain.schedules import SHOWN, Policy
from app.store import schedules
from app.store.schedules import PlannedRow, ScheduleRow
from app.terminal import table
from app.usecases.answer_plan import confirm_plan, snooze_plan
from app.usecases.save_schedule import (
    approve_schedule,
    pause_schedule,
    remove_schedule,
    resume_schedule,
    resume_scheduler,
    save_schedule,
)

app = typer.Typer(no_args_is_help=True)

Slug = Annotated[str, typer.Argument(help="The schedule.")]
Plan = Annotated[int, typer.Argument(metavar="PLAN", help="The number the question gave.")]


@app.command("add")
def add(
    slug: Slug,
    file: Annotated[str, typer.Option(metavar="FILE", help="The whole document; - is standard input.")] = "",
    crisis: Annotated[str, typer.Option(help="Only for this crisis.")] = "",
    playbook: Annotated[str, typer.Option(help="For every open crisis of this playbook.")] = "",
    cron: Annotated[str, typer.Option(help="Five fields, names, or @hourly: '*/30 7-22 * * *'.")] = "",
    every: Annotated[str, typer.Option(help="30m, or in steps: '6h for 24h, then 24h'.")] = "",
    at: Annotated[str, typer.Option(help="Once: 2026-11-22T14:30, as --timezone shows it.")] = "",
    preset: Annotated[str, typer.Option(help="regulator-6h-then-daily, first-hour.")] = "",
    timezone: Annotated[str, typer.Option(help="IANA zone whose clocks count.")] = "",
    start: Annotated[str | None, typer.Option(metavar="TIME", help="Nothing before.")] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="Nothing after.")] = None,
    count: Annotated[int | None, typer.Option(help="So many times at most.")] = None,
    late: Annotated[str, typer.Option(help="Sent if less late than this, else missed.")] = "",
    policy: Annotated[Policy | None, typer.Option(help="What it may do by itself.")] = None,
    endpoint: Annotated[list[str] | None, typer.Option(help="May be repeated.")] = None,
    audience: Annotated[str, typer.Option(help="Who gets it.")] = "",
    slot: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="For what no fact fills.")] = None,
    often: Annotated[bool, typer.Option("--often", help="More often than every minute, really.")] = False,
    as_json: AsJson = False,
) -> None:
    """Save a schedule and show when it fires. A second person approves what it is to send by itself."""
    with at_desk() as desk:
        document: dict[str, Any] = document_from(file) if file else {}
        begins, ends = moment(start, "--start"), moment(end, "--end")
        given = {
            "crisis": crisis, "playbook": playbook, "cron": cron, "every": every, "at": at, "preset": preset,
            "timezone": timezone or ("" if document else desk.settings.timezone), "late": late, "audience": audience,
            "start": iso(begins) if begins else "", "end": iso(ends) if ends else "", "count": count, "often": often,
            "policy": policy.value if policy else "", "endpoints": endpoint, "variables": pairs(slot or [], "--slot"),
        }  # fmt: skip
        document.update({name: value for name, value in given.items() if value})
        row = save_schedule(desk.db, desk.actor, slug, document, None, desk.now())
        _answer(desk, row, as_json=as_json)


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """All schedules, and whether the scheduler runs."""
    with at_desk() as desk:
        desk.allowed("read")
        rows: list[ScheduleRow] = []
        cursor: str | None = None
        with desk.db.reading() as connection:
            state = schedules.scheduler_state(connection)
            while True:
                page = schedules.page(connection, cursor=cursor)
                rows += page.items
                cursor = page.next_cursor
                if cursor is None:
                    break
        paused = state is not None and state.paused_at is not None
        views = [schedule_view(row, desk.now()) for row in rows]
        value = {"items": views, "paused": paused, "last_look": state.ticked_at if state else None}

        def show(out: Console) -> None:
            shown = table("schedule", "state", "for", "when", "next", "policy")
            for view in views:
                document = view.schedule
                whom = document["crisis"] or document["playbook"] or "every crisis"
                upcoming = f"{view.next[0]:%Y-%m-%d %H:%M} UTC" if view.next else ""
                policy = document["policy"] + (" ✓" if view.approved else "")
                shown.add_row(document["slug"], view.state, whom, view.words, upcoming, policy)
            out.print(shown if views else "There is no schedule: clarion schedule add")
            if paused:
                out.print("[warn]All schedules wait: the scheduler was silent for long.[/warn] clarion schedule resume")

        desk.answer(value, show, as_json=as_json)


@app.command("show")
def show_one(slug: Slug, as_json: AsJson = False) -> None:
    """One schedule with what fired and what was missed."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            row = schedules.get(connection, slug)
            happened = schedules.occurrences(connection, slug, limit=20).items
        view = schedule_view(row, desk.now())
        value = {"schedule": view, "occurrences": [occurrence_view(one) for one in happened]}

        def show(out: Console) -> None:
            _show(out, view)
            for one in happened:
                out.print(f"  {one.due_at:%Y-%m-%d %H:%M:%S} UTC  {one.state.value} {one.reason}".rstrip())

        desk.answer(value, show, as_json=as_json)


@app.command("next")
def show_next(
    slug: Slug,
    most: Annotated[int, typer.Option("--count", min=1, max=1000, help="How many times.")] = SHOWN,
    as_json: AsJson = False,
) -> None:
    """The times it fires next, in its own zone."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            row = schedules.get(connection, slug)
        wanted = row.typed()
        slots = wanted.upcoming(desk.now(), row.fired, most) if row.state is ScheduleState.ACTIVE else ()

        def show(out: Console) -> None:
            for slot in slots:
                out.print(f"{slot.astimezone(wanted.zone):%a %Y-%m-%d %H:%M:%S %Z}  ({slot:%H:%M} UTC)")
            if not slots:
                out.print("It does not fire.")

        desk.answer({"next": list(slots)}, show, as_json=as_json)


@app.command("approve")
def approve(slug: Slug, as_json: AsJson = False) -> None:
    """Approve in advance what it sends by itself; not by anybody who wrote it."""
    with at_desk() as desk:
        _answer(desk, approve_schedule(desk.db, desk.actor, slug, desk.now(), step_up=desk.step_up), as_json=as_json)


@app.command("pause")
def pause(slug: Slug, as_json: AsJson = False) -> None:
    """Let nothing fire until it is resumed."""
    with at_desk() as desk:
        _answer(desk, pause_schedule(desk.db, desk.actor, slug, desk.now()), as_json=as_json)


@app.command("resume")
def resume(
    slug: Annotated[str, typer.Argument(metavar="[SCHEDULE]", help="None = all, after a long silence.")] = "",
    as_json: AsJson = False,
) -> None:
    """Let a schedule go on; without a name the scheduler, after it was silent for long and asked."""
    with at_desk() as desk:
        if slug:
            _answer(desk, resume_schedule(desk.db, desk.actor, slug, desk.now()), as_json=as_json)
            return
        resumed = resume_scheduler(desk.db, desk.actor, desk.now())
        words = "Schedules go on; what is too late is left out." if resumed else "The scheduler was not paused."
        desk.answer({"resumed": resumed}, lambda out: out.print(words), as_json=as_json)


@app.command("remove")
def remove(slug: Slug, as_json: AsJson = False) -> None:
    """Take it away; the updates it drafted stay."""
    with at_desk() as desk:
        row = remove_schedule(desk.db, desk.actor, slug, desk.now())
        desk.answer(row.document, lambda out: out.print(f"{slug} is gone."), as_json=as_json)


@app.command("waiting")
def waiting(as_json: AsJson = False) -> None:
    """Updates that somebody is asked about: are they still true?"""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            rows = schedules.plans(connection, waiting=True, limit=200).items

        def show(out: Console) -> None:
            shown = table("plan", "update", "crisis", "schedule", "due", "state", right=("plan", "update"))
            for row in rows:
                due = f"{row.due_at:%Y-%m-%d %H:%M} UTC"
                shown.add_row(str(row.id), str(row.update_id), row.crisis, row.schedule, due, row.state.value)
            out.print(shown if rows else "Nobody is asked anything.")

        desk.answer({"items": [plan_view(row) for row in rows]}, show, as_json=as_json)


@app.command("confirm")
def confirm(plan: Plan, as_json: AsJson = False) -> None:
    """Say that a drafted update is still true: it goes at its time."""
    with at_desk() as desk:
        _answer_plan(desk, confirm_plan(desk.db, desk.actor, plan, desk.now(), step_up=desk.step_up), as_json=as_json)


@app.command("snooze")
def snooze(
    plan: Plan,
    minutes: Annotated[int, typer.Option(min=1, max=360, help="How long.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Be asked again later; until then it does not go."""
    with at_desk() as desk:
        row = snooze_plan(desk.db, desk.actor, plan, desk.now(), timedelta(minutes=minutes))
        _answer_plan(desk, row, as_json=as_json)


def _answer(desk: Desk, row: ScheduleRow, *, as_json: bool) -> None:
    view = schedule_view(row, desk.now())
    desk.answer(view, lambda out: _show(out, view), as_json=as_json)


def _answer_plan(desk: Desk, row: PlannedRow, *, as_json: bool) -> None:
    view = plan_view(row)
    words = f"Update {row.update_id} of {row.crisis}, due {row.due_at:%Y-%m-%d %H:%M} UTC: {row.state.value}"
    desk.answer(view, lambda out: out.print(words), as_json=as_json)


def _show(out: Console, view: ScheduleView) -> None:
    out.print(f"[name]{view.schedule['slug']}[/name] is {view.state}: {view.words}")
    for slot in view.next:
        out.print(f"  {slot:%a %Y-%m-%d %H:%M:%S} UTC")
    policy = Policy(view.schedule["policy"])
    if policy.needs_approval and not view.approved:
        out.print(f"  It asks until another person says: clarion schedule approve {view.schedule['slug']}")
