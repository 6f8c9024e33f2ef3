"""The configured ways out: how they are, stopping one and going on, a test to oneself."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli.desk import AsJson, Desk, at_desk
from app.clock import to_ms
from app.domain.endpoints import Endpoint, view
from app.domain.message import CallsBack, Failure, Outcome
from app.errors import Invalid, Problem, Unavailable
from app.store import breakers, endpoints
from app.usecases.halt_endpoint import close_endpoint
from app.usecases.note_webhook import note_webhook
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


@app.command("webhook")
def webhook(slug: Annotated[str, typer.Argument(help="The endpoint.")], as_json: AsJson = False) -> None:
    """Tell the provider to bring what people write to this service (Telegram); exit code 5 when it does not want to."""
    with at_desk() as desk:
        actor = desk.allowed("save_endpoint")
        with desk.db.reading() as connection:
            found = endpoints.get(connection, slug)
        url = f"{desk.settings.public_base}/callbacks/{slug}"
        outcome = asyncio.run(_call_back(desk, found, url))
        if isinstance(outcome, Failure):
            said = outcome.detail or outcome.code
            sentence = f"The provider did not take it: {said}."
            raise Unavailable(
                Problem("webhook_refused", sentence, "endpoint", "Mend the endpoint or CLARION_PUBLIC_URL.")
            )
        note_webhook(desk.db, actor, slug, url, desk.now())
        desk.answer(
            {"url": url}, lambda out: out.print(f"What people write comes to {url}.", soft_wrap=True), as_json=as_json
        )


async def _call_back(desk: Desk, endpoint: Endpoint, url: str) -> Outcome:
    try:
        channel = desk.wiring.channels(endpoint)
        if not isinstance(channel, CallsBack):
            sentence = f"“{endpoint.slug}” is set at its provider."
            raise Invalid(Problem("no_webhook", sentence, "endpoint", "See “What comes back” in docs/channels.md."))
        return await channel.call_back_at(url)
    finally:
        await desk.wiring.channels.aclose()
