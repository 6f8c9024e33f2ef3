"""The configured ways out: how they are, stopping one and going on, a test to oneself."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli.desk import AsJson, at_desk
from app.clock import to_ms
from app.domain.endpoints import view
from app.store import breakers, endpoints
from app.usecases.halt_endpoint import close_endpoint
from app.usecases.resume_endpoint import resume_endpoint
from app.usecases.try_endpoint import try_endpoint

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_endpoints(as_json: AsJson = False) -> None:
    """Every endpoint with its pace, its breaker and why it is halted."""
    with at_desk() as desk:
        desk.allowed("read")
        now_ms = to_ms(desk.now())
        with desk.db.reading() as connection:
            known = breakers.everything(connection)
            found = [
                {**view(each), "breaker": known[each.id].phase(now_ms) if each.id in known else breakers.CLOSED}
                for each in endpoints.everything(connection)
            ]

        def show(out: Console) -> None:
            table = Table("endpoint", "channel", "a second", "breaker", "halted")
            for each in found:
                cells = (each[name] for name in ("slug", "channel", "rate_per_second", "breaker", "halted_reason"))
                table.add_row(*(str(cell or "") for cell in cells))
            out.print(table)

        desk.answer({"items": found}, show, as_json=as_json)


@app.command()
def resume(slug: Annotated[str, typer.Argument(help="The endpoint.")], as_json: AsJson = False) -> None:
    """Lift a halt: its account was mended at the provider, and the waiting deliveries may go on."""
    with at_desk() as desk:
        row = resume_endpoint(desk.db, desk.allowed("resume_endpoint"), slug, desk.now())
        desk.answer(view(row), lambda out: out.print(f"{slug} goes on."), as_json=as_json)


@app.command()
def halt(
    slug: Annotated[str, typer.Argument(help="The endpoint.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: AsJson = False,
) -> None:
    """Let nothing more leave by it; what waits stays until somebody resumes it."""
    with at_desk() as desk:
        row = close_endpoint(desk.db, desk.allowed("halt_endpoint"), slug, reason, desk.now())
        desk.answer(view(row), lambda out: out.print(f"{slug} sends nothing now."), as_json=as_json)


@app.command("try")
def attempt(slug: Annotated[str, typer.Argument(help="The endpoint.")], as_json: AsJson = False) -> None:
    """Send yourself a test by it; a running process hands it over, and `staff notices --all` says what became of it."""
    with at_desk() as desk:
        trial = try_endpoint(desk.db, desk.allowed("try_endpoint"), slug, desk.now())
        said = f"A test by {slug} is on its way{f' to {trial.place}' if trial.place else ''}."
        desk.answer({"notice": trial.notice_id, "place": trial.place}, lambda out: out.print(said), as_json=as_json)
