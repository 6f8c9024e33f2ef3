"""Lists of people we write to."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from app.cli.desk import AsJson, Desk, at_desk, pairs
from app.domain.imports import ImportState, Plan
from app.domain.subscribers import Defaults
from app.errors import NotFound, Problem
from app.store import imports
from app.store.database import Database
from app.store.imports import ImportRow
from app.terminal import counting, table
from app.usecases.import_subscribers import ImportReport, import_subscribers
from app.usecases.manage_imports import save_mapping, stop_import

app = typer.Typer(no_args_is_help=True)

SHOWN_ERRORS = 20
WORTH_PARSERS: Final = 16 << 20
"""Bytes of a file for which it pays to start processes that parse it."""


@app.callback()
def lists() -> None:
    """Take in lists."""


@app.command()
def subscribers(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, UTF-8 or UTF-16.")],
    errors: Annotated[Path | None, typer.Option(dir_okay=False, help="Write every bad row to this CSV file.")] = None,
    region: Annotated[str, typer.Option(help="Country of phone numbers without +, for example GB.")] = "",
    lang: Annotated[str, typer.Option(help="For people whose row names no language.")] = "",
    timezone: Annotated[str, typer.Option(help="For people whose row names no time zone.")] = "",
    encoding: Annotated[str, typer.Option(help="If it is neither UTF-8 nor UTF-16: windows-1252, …")] = "",
    delimiter: Annotated[str, typer.Option(help="Between cells, if the header leaves it open.")] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help='"Mobile=phone"; "Notes=" leaves a column out. May be repeated.'),
    ] = None,
    mapping: Annotated[str, typer.Option(help="Use the columns saved under this name; --map adds to them.")] = "",
    save_as: Annotated[str, typer.Option("--save-mapping", help="Save the columns under this name.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would come of it.")] = False,
    parsers: Annotated[
        int | None, typer.Option(min=0, max=16, help="Processes that parse; 2 for large files when not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take in subscribers: external_id,name,email,phone,languages,timezone,area,preferred_medium and own columns.

    Good rows are kept, bad ones reported. Interrupted, it goes on where it stood when the same file is given again.
    """
    plain = Defaults()
    defaults = Defaults((lang,) if lang else plain.languages, timezone or plain.timezone, region or plain.region)
    with at_desk() as desk, ExitStack() as opened:
        actor = desk.allowed("import_subscribers")
        mapped = _columns(desk, columns or [], mapping)
        if save_as:
            save_mapping(desk.db, actor, save_as, mapped)
        stream = opened.enter_context(file.open("rb"))
        faults = opened.enter_context(errors.open("w", encoding="utf-8", newline="")) if errors else None
        size = file.stat().st_size
        bulk = Database(desk.settings.database_url, bulk=True)
        opened.callback(bulk.close)
        bar = opened.enter_context(counting(desk.err, "bytes"))
        report = import_subscribers(
            bulk,
            desk.keyring,
            actor,
            stream,
            desk.now(),
            plan=Plan(mapped, encoding, delimiter.replace("\\t", "\t"), defaults, dry_run),
            errors=faults,
            progress=lambda _rows, read: bar(min(read, size), size),
            source=file.name,
            path=file,
            parsers=usual_parsers(size) if parsers is None else parsers,
        )
        opened.close()
        desk.answer(report, lambda out: show_import(out, report, errors), as_json=as_json)


@app.command("list")
def listing(as_json: AsJson = False) -> None:
    """Imports, newest first: how far each is and what came of it."""
    with at_desk() as desk:
        desk.allowed("import_subscribers")
        with desk.db.reading() as connection:
            rows = imports.page(connection).items
        desk.answer(rows, lambda out: _show_list(out, rows), as_json=as_json)


@app.command()
def stop(number: Annotated[int, typer.Argument(help="Of the import, see `clarion import list`.")]) -> None:
    """Stop an import after the rows it is at; given again, it goes on from there."""
    with at_desk() as desk:
        stop_import(desk.db, desk.allowed("import_subscribers"), number, desk.now())
        desk.out.print(f"Import {number} stops.")


def usual_parsers(size: int) -> int:
    return 2 if size >= WORTH_PARSERS and (os.cpu_count() or 1) > 1 else 0


def _columns(desk: Desk, given: list[str], saved: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if saved:
        with desk.db.reading() as connection:
            known = imports.mappings(connection)
        if saved not in known:
            remedy = f"There are: {', '.join(known) or 'none yet'}."
            raise NotFound(Problem("mapping_not_found", "No columns are saved under this name.", "mapping", remedy))
        found = known[saved]
    left_out = {one.removesuffix("=").strip(): "" for one in given if one.endswith("=") and one != "="}
    return found | left_out | pairs([one for one in given if not one.endswith("=")], "--map")


def _show_list(out: Console, rows: tuple[ImportRow, ...]) -> None:
    shown = table("no", "file", "state", "read", "new", "changed", "refused", right=("no", "read", "new", "refused"))
    for row in rows:
        tally, share = row.tally, f"{100 * row.read // max(1, row.size)} %"
        figures = (f"{number:,}" for number in (tally.created, tally.updated, tally.rejected))
        shown.add_row(str(row.id), row.source, row.state.value, share, *figures)
    out.print(shown)


def show_import(out: Console, report: ImportReport, errors: Path | None = None, most: int = SHOWN_ERRORS) -> None:
    if report.resumed:
        out.print(f"Went on after {report.resumed:,} rows that had been read before; none of them counts twice.")
    if report.state is ImportState.STOPPED:
        out.print("Stopped. Give the same file again and it goes on from here.")
    if report.state is ImportState.TRIED:
        out.print("Tried only; nobody was changed. This is what would come of it:")
    out.print(
        f"{report.rows:,} rows: {report.created:,} new, {report.updated:,} changed, {report.unchanged:,} the same, "
        f"{report.rejected:,} refused; {report.suppressed:,} addresses stay suppressed."
    )
    if report.kept:
        out.print(f"{report.kept:,} people keep what they have set themselves.")
    if not report.errors:
        return
    faults = table("line", "column", "what is wrong", right=("line",))
    for fault in report.errors[:most]:
        faults.add_row(str(fault.line), fault.column, fault.sentence)
    out.print(faults)
    if errors is not None:
        out.print(f"All of them are in {errors}.")
    elif len(report.errors) > most:
        out.print(f"The first {most} of them; --errors FILE writes all.")
