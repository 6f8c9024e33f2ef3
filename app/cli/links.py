"""Links that readers are sent to: opened for a while."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from app.cli.desk import AsJson, at_desk, moment
from app.domain.help_library import OpenResource
from app.domain.open_links import PARAMETER
from app.errors import Invalid, Problem
from app.usecases.open_knowledge import hand_out_key, open_knowledge, opened_by

app = typer.Typer(no_args_is_help=True)


@app.command("open")
def open_for_a_while(
    pattern: Annotated[str, typer.Argument(metavar="[URL_PATTERN]", help="https://host/path/*")] = "",
    until: Annotated[str | None, typer.Option(metavar="TIME", help="ISO 8601, at most 90 days from now.")] = None,
    help_link: Annotated[str, typer.Option("--help-link", help="Take pattern, end and addresses from it.")] = "",
    url: Annotated[list[str] | None, typer.Option(help="An address to put the pass into; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a signed link that opens knowledge which usually needs a login."""
    with at_desk() as desk:
        actor = desk.allowed("open_knowledge")
        end, urls = moment(until, "--until"), tuple(url or ())
        if help_link:
            opens, own = opened_by(desk.db, help_link)
            urls = urls or own
        elif end is None or not pattern:
            raise Invalid(Problem("missing", "A pattern and an end are needed.", "--until", "Or name a help link."))
        else:
            opens = OpenResource(pattern, end)
        made = open_knowledge(desk.db, desk.keyring, actor, opens, urls, desk.now())
        value = {
            "token": made.token,
            "parameter": PARAMETER,
            "url_pattern": made.opens.url_pattern,
            "until": made.opens.until,
            "urls": list(made.urls),
            "check_url": f"{desk.settings.public_base}/open/check",
        }

        def show(out: Console) -> None:
            out.print(f"{made.opens.url_pattern} is open until {made.opens.until:%Y-%m-%d %H:%M} UTC with this pass.")
            for line in made.urls or (f"?{PARAMETER}={made.token}",):
                out.file.write(line + "\n")

        desk.answer(value, show, as_json=as_json)


@app.command("key")
def key(as_json: AsJson = False) -> None:
    """Show the key with which a website checks such links by itself; keep it secret."""
    with at_desk() as desk:
        secret = hand_out_key(desk.db, desk.keyring, desk.actor, desk.now()).hex()

        def show(out: Console) -> None:
            out.file.write(secret + "\n")

        desk.answer({"key": secret}, show, as_json=as_json)
