"""Updates until somebody approves them: draft, edit, look, preview, submit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.api.answers import Sleepers, UpdateView
from app.api.progress import head, view
from app.cli import drafting
from app.cli.crisis import updates_table
from app.cli.desk import AsJson, Desk, at_desk, document_from
from app.cli.watching import asleep_line, progress_table, spared_line
from app.domain.crisis import Stage, UpdateState
from app.errors import Conflict, Problem
from app.store import updates
from app.store.database import Database
from app.store.updates import UpdateRow
from app.terminal import counting, figures, quote, table
from app.usecases.draft_update import create_draft, edit_draft

if TYPE_CHECKING:  # what renders and measures takes a second to load; who lists updates does not wait for it
    from app.domain.contact_load import Load
    from app.usecases.measure_reach import Reach
    from app.usecases.preview_update import Preflight, Rendering

app = typer.Typer(no_args_is_help=True)

UpdateId = Annotated[int, typer.Argument(min=1, help="Number of the update.")]


@app.command()
def draft(
    crisis: Annotated[str, typer.Argument(help="The crisis it belongs to.")],
    stage: Annotated[Stage | None, typer.Option(help="What it is for.")] = None,
    file: drafting.File = None,
    slots: drafting.Slots = None,
    languages: drafting.Languages = None,
    endpoints: drafting.Endpoints = None,
    audience: drafting.Audience = None,
    need: drafting.Need = None,
    next_update_by: drafting.NextBy = None,
    expires_at: drafting.Expires = None,
    drill: drafting.Drill = None,
    as_json: AsJson = False,
) -> None:
    """Draft an update: from the crisis's playbook (--stage, --set), from a file, or both."""
    given = drafting.Draft(
        file, slots or (), languages or (), endpoints or (), audience, need, next_update_by, expires_at, drill
    )
    with at_desk() as desk:
        actor = desk.allowed("draft_update")
        row = create_draft(desk.db, actor, crisis, given.document(desk, crisis, stage), desk.now())
        show(desk, row.id, as_json=as_json, then=f"clarion update preview {row.id}")


@app.command()
def edit(
    update: UpdateId,
    file: Annotated[str, typer.Option("--file", "-f", help="JSON document of the whole update; - reads it here.")],
    revision: Annotated[int | None, typer.Option(help="The revision you started from; refused if it moved on.")] = None,
    as_json: AsJson = False,
) -> None:
    """Replace the words of a draft."""
    with at_desk() as desk:
        edit_draft(desk.db, desk.allowed("draft_update"), update, document_from(file), revision, desk.now())
        show(desk, update, as_json=as_json, then=f"clarion update preview {update}")


@app.command("list")
def list_all(
    crisis: Annotated[str | None, typer.Option(help="Only of this crisis.")] = None,
    state: Annotated[list[UpdateState] | None, typer.Option(help="Only these.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many, the newest.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List updates, newest first."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            rows = updates.page(connection, crisis_slug=crisis, states=state or (), limit=limit).items
        desk.answer(
            {"items": [head(row) for row in rows]},
            lambda out: out.print(updates_table(rows) if rows else "There is no update."),
            as_json=as_json,
        )


@app.command("show")
def show_one(update: UpdateId, as_json: AsJson = False) -> None:
    """Show an update with its counts."""
    with at_desk() as desk:
        desk.allowed("read")
        show(desk, update, as_json=as_json)


@app.command()
def preview(
    update: UpdateId,
    lang: Annotated[list[str] | None, typer.Option(help="Only these languages.")] = None,
    endpoint: Annotated[list[str] | None, typer.Option(help="Only these ways out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Render it for every way out in every language; problems block submitting, exit code 1."""
    from app.api.previews import preview_of
    from app.usecases.measure_reach import sleep_warnings
    from app.usecases.weigh_contacts import warnings_of

    with at_desk() as desk:
        desk.allowed("preview_update")
        row, reach, load = weighed(desk, update)
        checked = desk.wiring.words.preflight(row, desk.now())
        checked = replace(checked, warnings=(*checked.warnings, *warnings_of(load), *sleep_warnings(reach)))
        texts = tuple(
            one
            for one in checked.renderings
            if (not lang or one.language in lang) and (not endpoint or one.endpoint in endpoint)
        )

        def draw(out: Console) -> None:
            for text in texts:
                subject = Text(f"{text.subject}\n\n", style="head") if text.subject else Text()
                quote(out, f"{text.endpoint} · {text.language}", subject.append(text.text, style="none"))
            show_preflight(out, checked)
            if reach is not None:
                people = figures({medium.value: count for medium, count in reach.recipients.items()})
                out.print(f"As of now it reaches {people}; the last one {reach.seconds:,.0f} s after its wave began.")
                for (medium, why), number in sorted(reach.left_out.items()):
                    out.print(f"Left out by {medium.value}: {number:,} ({why.value.replace('_', ' ')}).")
                for line in courtesies_of(reach):
                    out.print(line)
                for medium, number in sorted(reach.unread.items()):
                    out.print(f"Left out by {medium.value}: {number:,} (read none of its languages).")

        desk.answer(preview_of(replace(checked, renderings=texts), reach, load), draw, as_json=as_json)
        if checked.problems:
            raise typer.Exit(1)


@app.command()
def submit(update: UpdateId, as_json: AsJson = False) -> None:
    """Freeze the words and list the audience; then a second person approves."""
    from app.usecases.submit_update import submit_update

    with at_desk() as desk:
        actor = desk.allowed("submit_update")
        now = desk.now()

        def check(row: UpdateRow) -> Sequence[Problem]:
            return desk.wiring.words.preflight(row, now).problems

        language = desk.settings.default_language
        submit_update(desk.db, actor, update, now, keyring=desk.keyring, check=check, language=language)
        list_audience(desk.err, desk.db, update, desk.now)
        row = _row(desk, update)
        if row.state is UpdateState.RETURNED:
            raise Conflict(
                Problem(
                    row.reason or "returned",
                    "Nobody in its audience can be reached, so it went back to its author.",
                    "audience",
                    "Check the audience's rule and the import.",
                )
            )
        show(desk, update, as_json=as_json, then=f"by somebody else: clarion update approve {update}")


def show(desk: Desk, update: int, *, as_json: bool, then: str = "") -> UpdateView:
    """The update as it is now, and the usual next step."""
    shown = view(desk.db, update, desk.now())

    def draw(out: Console) -> None:
        corrects = f", corrects {shown.corrects}" if shown.corrects else ""
        drill = "  EXERCISE" if shown.drill else ""
        out.print(
            f"[name]update {shown.id}[/name]  {shown.stage} of {shown.crisis}{corrects}  "
            f"[head]{shown.state}[/head]{drill}  revision {shown.revision}"
        )
        people = [("submitted by", shown.submitted_by), ("approved by", shown.approved_by), ("reason", shown.reason)]
        said = "  ".join(f"{label} {value}" for label, value in people if value)
        if said:
            out.print(f"  {said}")
        if shown.recipients is not None:
            out.print(f"  frozen audience: {shown.recipients:,} recipients")
        if shown.per_endpoint:
            out.print(progress_table(shown))
        if shown.asleep:
            out.print(f"  {asleep_line(shown.asleep)}")
        if shown.spared:
            out.print(f"  {spared_line(shown.spared)}")
        if then:
            out.print(f"  next: {then}")

    desk.answer(shown, draw, as_json=as_json)
    return shown


def weighed(desk: Desk, update: int) -> tuple[UpdateRow, Reach | None, Load | None]:
    """The update, whom it would reach as of now, and what that brings to its contact channels."""
    from app.domain.contact_load import shares_of
    from app.usecases.measure_reach import measure_reach
    from app.usecases.weigh_contacts import weigh_contacts

    with desk.db.reading() as connection:
        row = updates.get(connection, update)
    reach, settings = measure_reach(desk.db, row, desk.now()), desk.settings
    shares, language = shares_of(settings.contact_shares), settings.default_language
    return row, reach, weigh_contacts(desk.db, row, reach, desk.now(), shares=shares, language=language)


def list_audience(screen: Console, db: Database, update: int, now: Callable[[], datetime]) -> None:
    """Stage the audience here, with a bar, instead of waiting for the engine to do it."""
    from app.usecases.stage_update import stage_update

    with counting(screen, "audience") as bar:
        staged = stage_update(db, update, now, lambda done, total: bar(done, total) if total else None)
        if staged.total:
            bar(staged.total, staged.total)


def courtesies_of(reach: Reach) -> Iterator[str]:
    """Whom it spares, one line each."""
    if reach.asleep is not None:
        yield asleep_line(Sleepers.model_validate(reach.asleep))
    if reach.one_medium:
        yield "Whoever can be reached by several media gets it by the first, and by another only if that fails."


def show_preflight(out: Console, checked: Preflight) -> None:
    """What stands in the way, what should be known, and the lengths."""
    from app.domain.help_choice import Why

    out.print(_lengths(checked))
    for sign, style, found in (("✗ ", "bad", checked.problems), ("! ", "warn", checked.warnings)):
        for problem in found:
            field = f" [{problem.field}]" if problem.field else ""
            out.print(Text.assemble((sign, style), problem.sentence, (f"{field} ", "quiet"), problem.remedy))
    going = [one.slug for one in checked.help if one.why is Why.CHOSEN]
    if going:
        out.print(Text.assemble(("help ", "quiet"), ", ".join(going)))
    if checked.passed:
        out.print("[good]✓[/good] Nothing stands in the way of submitting.")


def _lengths(checked: Preflight) -> Table:
    """A line for each way out, a column for each language."""
    languages = list(dict.fromkeys(one.language for one in checked.renderings))
    drawn = table("way out", *languages, "limit", "unit", right=("limit", *languages))
    for endpoint in dict.fromkeys(one.endpoint for one in checked.renderings):
        mine = {one.language: one for one in checked.renderings if one.endpoint == endpoint and not one.variant}
        first = next(iter(mine.values()), None)
        sizes = [_size(mine[language]) if language in mine else "" for language in languages]
        limit = f"{first.limit:,}" if first and first.limit is not None else ""
        drawn.add_row(endpoint, *sizes, limit, first.unit if first else "")
    return drawn


def _size(one: Rendering) -> str:
    if not one.parts:
        return f"{one.size:,}"
    most = f"-{one.reserved_parts}" if one.reserved_parts > one.parts else ""
    return f"{one.parts}{most} {one.encoding}"


def _row(desk: Desk, update: int) -> UpdateRow:
    with desk.db.reading() as connection:
        return updates.get(connection, update)
