"""What people decide about an update: approve, send, watch, stop, correct."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from app.api.answers import UpdateView
from app.api.progress import settled, view
from app.cli import drafting
from app.cli.desk import AsJson, Desk, at_desk, write_json
from app.cli.update import UpdateId, show
from app.cli.watching import follow, progress_table
from app.domain.crisis import Stage
from app.errors import Conflict, Invalid, Problem, Unavailable
from app.store import updates
from app.terminal import Bars
from app.usecases.confirm_code import confirm_code
from app.usecases.correct_update import correct_update
from app.usecases.decide_update import approve_update, reject_update, return_update
from app.usecases.resend_failed import resend_failed
from app.usecases.send_update import send_update
from app.usecases.settle_unknown import UnknownDecision, settle_unknown
from app.usecases.stop_update import StopReport, cancel_update, pause_update, resume_update
from app.usecases.wake_readers import wake_readers

app = typer.Typer()

LONGEST_WATCH = 24 * 3600.0
Why = Annotated[str, typer.Option("--reason", help="For the timeline and the author.")]


@app.command()
def approve(
    update: UpdateId,
    count: Annotated[
        int | None, typer.Option(min=0, help="The exact number of recipients; asked for if left out.")
    ] = None,
    content_hash: Annotated[str | None, typer.Option(help="Of the words you read; refused if they are others.")] = None,
    code: Annotated[str, typer.Option(help="Of your authenticator, if you have one.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say yes as the second person, naming the exact number of recipients."""
    with at_desk() as desk:
        actor = desk.allowed("approve_update")
        with desk.db.reading() as connection:
            row = updates.get(connection, update)
        if count is None:
            if row.recipients is None:
                raise Conflict(
                    Problem("update_state", f"This update is {row.state.value}.", "state", "Submit it first.")
                )
            count = _typed(desk, row.recipients)
        if code:
            actor = confirm_code(desk.db, desk.keyring, actor, code, desk.now())
        approve_update(desk.db, actor, update, count, desk.now(), content_hash, step_up=desk.step_up)
        show(desk, update, as_json=as_json, then=f"clarion update send {update}")


@app.command()
def send(
    update: UpdateId,
    watch_it: Annotated[bool, typer.Option("--watch", help="Show it going out until the end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let an approved update go. Sending twice is sending once."""
    with at_desk() as desk:
        actor = desk.allowed("send_update")
        send_update(desk.db, actor, update, desk.now(), site_bound=desk.settings.timings.site_bound)
        if watch_it:
            _watch(desk, update, as_json=as_json, seconds=LONGEST_WATCH)
        else:
            show(desk, update, as_json=as_json, then=f"clarion update watch {update}")


@app.command()
def watch(
    update: UpdateId,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds; then exit code 5.")] = LONGEST_WATCH,
    as_json: AsJson = False,
) -> None:
    """Show live counts for each way out until nothing changes any more; with --json a line for each change."""
    with at_desk() as desk:
        desk.allowed("read")
        _watch(desk, update, as_json=as_json, seconds=timeout)


@app.command()
def cancel(update: UpdateId, reason: Why = "", as_json: AsJson = False) -> None:
    """Stop for good: no request to a provider starts more than a second later."""
    with at_desk() as desk:
        _stopped(
            desk, cancel_update(desk.db, desk.allowed("cancel_update"), update, desk.now(), reason), as_json=as_json
        )


@app.command()
def pause(update: UpdateId, reason: Why = "", as_json: AsJson = False) -> None:
    """Stop for now."""
    with at_desk() as desk:
        _stopped(desk, pause_update(desk.db, desk.allowed("pause_update"), update, desk.now(), reason), as_json=as_json)


@app.command()
def resume(update: UpdateId, reason: Why = "", as_json: AsJson = False) -> None:
    """Go on after a pause, or with a reason after a halt."""
    with at_desk() as desk:
        resume_update(desk.db, desk.allowed("resume_update"), update, desk.now(), reason)
        show(desk, update, as_json=as_json, then=f"clarion update watch {update}")


@app.command("return")
def give_back(update: UpdateId, reason: Why, as_json: AsJson = False) -> None:
    """Give it back to its author."""
    with at_desk() as desk:
        return_update(desk.db, desk.allowed("return_update"), update, reason, desk.now())
        show(desk, update, as_json=as_json, then=f"clarion update edit {update} --file FILE")


@app.command()
def reject(update: UpdateId, reason: Why, as_json: AsJson = False) -> None:
    """Refuse it for good."""
    with at_desk() as desk:
        reject_update(desk.db, desk.allowed("reject_update"), update, reason, desk.now())
        show(desk, update, as_json=as_json)


@app.command()
def correct(
    update: UpdateId,
    file: drafting.File = None,
    slots: drafting.Slots = None,
    languages: drafting.Languages = None,
    endpoints: drafting.Endpoints = None,
    need: drafting.Need = None,
    next_update_by: drafting.NextBy = None,
    expires_at: drafting.Expires = None,
    as_json: AsJson = False,
) -> None:
    """Draft the correction for exactly those whom this update reached; submitting it pauses the original."""
    given = drafting.Draft(
        file, slots or (), languages or (), endpoints or (), None, need, next_update_by, expires_at, drill=None
    )
    with at_desk() as desk:
        actor = desk.allowed("correct_update")
        with desk.db.reading() as connection:
            crisis = updates.get(connection, update).crisis
        row = correct_update(desk.db, actor, update, given.document(desk, crisis, Stage.CORRECTION), desk.now())
        show(desk, row.id, as_json=as_json, then=f"clarion update submit {row.id}")


@app.command()
def resend(update: UpdateId, as_json: AsJson = False) -> None:
    """Send again what surely never left: refused or broken, nobody in doubt, nobody who opted out."""
    with at_desk() as desk:
        resend_failed(desk.db, desk.allowed("resend_failed"), update, desk.now())
        show(desk, update, as_json=as_json, then=f"clarion update watch {update}")


@app.command()
def wake(update: UpdateId, reason: Why, as_json: AsJson = False) -> None:
    """Send now to those whom quiet hours let sleep; for approvers, with a reason."""
    with at_desk() as desk:
        wake_readers(desk.db, desk.allowed("wake_readers"), update, reason, desk.now())
        show(desk, update, as_json=as_json, then=f"clarion update watch {update}")


@app.command()
def unknown(
    update: UpdateId,
    decision: Annotated[UnknownDecision, typer.Option(help="resend: some may get it twice; accept_as_sent: never.")],
    as_json: AsJson = False,
) -> None:
    """Decide about deliveries of which nobody can tell whether they arrived."""
    with at_desk() as desk:
        settle_unknown(desk.db, desk.allowed("settle_unknown"), update, decision, desk.now())
        show(desk, update, as_json=as_json)


def _typed(desk: Desk, recipients: int) -> int:
    """The number as somebody types it after reading it; never filled in for them."""
    if not sys.stdin.isatty():
        raise Invalid(
            Problem(
                "count_missing",
                "Approving needs the exact number of recipients.",
                "--count",
                "Read it with `clarion update show`, then name it.",
            )
        )
    desk.err.print(f"This goes to [head]{recipients:,}[/head] recipients.")
    return int(typer.prompt("Type the number to approve", type=int, err=True))


def _watch(desk: Desk, update: int, *, as_json: bool, seconds: float) -> None:
    said: list[object] = []

    def look() -> UpdateView:
        shown = view(desk.db, update, desk.now())
        if as_json and said[-1:] != [(shown.state, shown.counts)]:
            said[:] = [(shown.state, shown.counts)]
            write_json(desk.out, shown.model_dump(mode="json", exclude={"document"}), line=True)
        return shown

    with Bars(desk.err) as bars:
        last = follow(look, bars, seconds=seconds)
    if not as_json:
        desk.out.print(progress_table(last) if last.per_endpoint else f"Update {update} is {last.state}.")
    if not settled(last):
        raise Unavailable(
            Problem(
                "still_open", f"Update {update} is {last.state}; its end was not seen.", "--timeout", "Watch again."
            )
        )


def _stopped(desk: Desk, report: StopReport, *, as_json: bool) -> None:
    shown = view(desk.db, report.update.id, desk.now())
    counts = report.deliveries
    value = {
        **shown.model_dump(mode="json"),
        "stopped": counts.stopped,
        "in_flight": counts.in_flight,
        "already_out": counts.out,
    }

    def draw(out: Console) -> None:
        out.print(
            f"Update {shown.id} is {shown.state}: {counts.stopped:,} will never leave, "
            f"{counts.in_flight:,} were in flight, {counts.out:,} are out."
        )

    desk.answer(value, draw, as_json=as_json)
