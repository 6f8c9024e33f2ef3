"""Links that readers are sent to: opened for a while, and looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from app.cli.desk import AsJson, Desk, at_desk, moment
from app.cli.findings import Finding
from app.domain.help_library import OpenResource
from app.domain.link_checks import LinkState
from app.domain.open_links import PARAMETER
from app.errors import Invalid, Problem
from app.usecases.check_links import KnownLink, known_links
from app.usecases.open_knowledge import close_knowledge, hand_out_key, open_knowledge, opened_by

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


@app.command("close")
def close(token: Annotated[str, typer.Argument(help="The pass.")], as_json: AsJson = False) -> None:
    """Take such a pass back before its end."""
    with at_desk() as desk:
        until = close_knowledge(desk.db, desk.keyring, desk.allowed("open_knowledge"), token, desk.now())
        desk.answer({"until": until}, lambda out: out.print("It opens nothing any more."), as_json=as_json)


@app.command("key")
def key(as_json: AsJson = False) -> None:
    """Show the key with which a website checks such links by itself; keep it secret."""
    with at_desk() as desk:
        secret = hand_out_key(desk.db, desk.keyring, desk.actor, desk.now()).hex()

        def show(out: Console) -> None:
            out.file.write(secret + "\n")

        desk.answer({"key": secret}, show, as_json=as_json)


@app.command("check")
def check(as_json: AsJson = False) -> None:
    """Open every link readers are sent to. Exit code 1 when one leads nowhere."""
    with at_desk() as desk:
        desk.allowed("check_links")
        known = asyncio.run(_check(desk))
        dead = _answer(desk, known, as_json=as_json)
    raise typer.Exit(1 if dead else 0)


@app.command("list")
def list_links(
    dead: Annotated[bool, typer.Option("--dead", help="Only those that lead nowhere.")] = False, as_json: AsJson = False
) -> None:
    """Show every link readers are sent to, with its last check."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            known = known_links(connection)
        _answer(desk, [one for one in known if _is_dead(one) or not dead], as_json=as_json)


def dead_links(desk: Desk) -> Iterator[Finding]:
    """For the doctor: which links lead nowhere, by their last check."""
    with desk.db.reading() as connection:
        known = known_links(connection)
    dead = [one for one in known if _is_dead(one)]
    for one in dead:
        yield Finding("link", well=False, words=_words(one), warning=True)
    unseen = sum(one.check is None for one in known)
    if unseen:
        words = f"{unseen} of {len(known)} were never looked at; run: clarion links check"
        yield Finding("links", well=False, words=words, warning=True)
    elif not dead:
        yield Finding("links", well=True, words=f"{len(known)} lead somewhere")


async def _check(desk: Desk) -> tuple[KnownLink, ...]:
    try:
        return await desk.wiring.link_keeper.check()
    finally:
        await desk.wiring.channels.aclose()


def _answer(desk: Desk, known: Sequence[KnownLink], *, as_json: bool) -> int:
    """How many are dead."""
    dead = sum(map(_is_dead, known))

    def show(out: Console) -> None:
        for one in known:
            state = one.check.state if one.check else None
            mark = {LinkState.ALIVE: ("✓ ", "good"), LinkState.DEAD: ("✗ ", "bad")}.get(state or LinkState.UNSURE)
            out.print(Text.assemble(mark or ("? ", "warn"), _words(one)), soft_wrap=True)
        out.print(f"{len(known)} links, {dead} of them dead.")

    links = [{"url": one.url, "places": [str(place) for place in one.places], "check": one.check} for one in known]
    desk.answer({"dead": dead, "links": links}, show, as_json=as_json)
    return dead


def _words(link: KnownLink) -> str:
    said = link.check.reason.value.replace("_", " ") if link.check else "not looked at yet"
    status = f" {link.check.status}" if link.check and link.check.status else ""
    since = f", since {link.check.failing_since:%Y-%m-%d %H:%M}" if link.check and link.check.failing_since else ""
    return f"{link.url} ({said}{status}{since}) in {', '.join(map(str, link.places))}"


def _is_dead(link: KnownLink) -> bool:
    return link.check is not None and link.check.state is LinkState.DEAD
