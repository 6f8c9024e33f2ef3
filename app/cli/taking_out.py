"""Lists of people, taken out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.desk import at_desk
from app.terminal import waiting
from app.usecases.export_subscribers import export_subscribers

app = typer.Typer(no_args_is_help=True)


@app.callback()
def lists() -> None:
    """Take out lists."""


@app.command()
def subscribers(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write it.")],
    consents: Annotated[
        bool, typer.Option("--consents", help="With what people agreed to, if a row can say it.")
    ] = False,
) -> None:
    """Write everybody to a CSV file that can be imported again. It holds addresses in the clear."""
    with at_desk() as desk:
        found = export_subscribers(desk.db, desk.allowed("export_subscribers"), desk.now(), consents=consents)
        with waiting(desk.err, "writing"), file.open("wb") as to:
            for piece in found:
                to.write(piece)
        desk.out.print(f"Written to {file}. Whoever has this file has everybody's addresses.")
