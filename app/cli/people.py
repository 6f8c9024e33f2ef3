"""Lists of people we write to."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli.desk import AsJson, at_desk
from app.domain.subscribers import Defaults
from app.terminal import counting, table
from app.usecases.import_subscribers import ImportReport, import_subscribers

app = typer.Typer(no_args_is_help=True)

SHOWN_ERRORS = 20


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
    as_json: AsJson = False,
) -> None:
    """Take in subscribers: external_id,name,email,phone,languages,timezone,area and own columns.

    Good rows are kept, bad ones reported; the same file may be imported again.
    """
    plain = Defaults()
    defaults = Defaults((lang,) if lang else plain.languages, timezone or plain.timezone, region or plain.region)
    with at_desk() as desk, ExitStack() as open_files:
        actor = desk.allowed("import_subscribers")
        stream = open_files.enter_context(file.open("rb"))
        faults = open_files.enter_context(errors.open("w", encoding="utf-8", newline="")) if errors else None
        size = file.stat().st_size
        bar = open_files.enter_context(counting(desk.err, "bytes"))
        report = import_subscribers(
            desk.db,
            desk.keyring,
            actor,
            stream,
            desk.now(),
            defaults=defaults,
            errors=faults,
            progress=lambda _rows, read: bar(min(read, size), size),
            source=file.name,
        )
        open_files.close()
        desk.answer(report, lambda out: show_import(out, report, errors), as_json=as_json)


def show_import(out: Console, report: ImportReport, errors: Path | None = None, most: int = SHOWN_ERRORS) -> None:
    out.print(
        f"{report.rows:,} rows: {report.created:,} new, {report.updated:,} changed, {report.rejected:,} refused; "
        f"{report.suppressed:,} addresses stay suppressed."
    )
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
