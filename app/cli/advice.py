"""Which contact channel for which need."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from app.cli.desk import AsJson, at_desk, moment
from app.domain.contacts import dial_text
from app.domain.crisis import Severity
from app.domain.hours import Opening
from app.domain.routing import Option, Query, advise
from app.domain.texts import pick
from app.errors import NotFound, Problem
from app.store import documents
from app.terminal import table

app = typer.Typer()


@app.command()
def route(
    need: Annotated[str, typer.Option(help="For example rescheduling.")],
    lang: Annotated[str, typer.Option(help="The asker's language.")] = "en",
    area: Annotated[str, typer.Option(help="The asker's area.")] = "",
    severity: Annotated[Severity | None, typer.Option(help="Of the crisis, if there is one.")] = None,
    audience: Annotated[str, typer.Option(help="The asker's audience, if it is known.")] = "",
    at: Annotated[str | None, typer.Option(metavar="TIME", help="ISO 8601; now when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Name the contact channels for a need, best first."""
    with at_desk() as desk:
        desk.allowed("read")
        asked = moment(at, "--at") or desk.now()
        with desk.db.reading() as connection:
            registry = documents.registry(connection)
        if need not in registry.needs:
            known = ", ".join(registry.needs) or "none yet"
            raise NotFound(Problem("need_not_found", f"There is no need “{need}”.", "--need", f"There are: {known}."))
        options = advise(registry, Query(need, lang, area, severity, audience), asked)
        desk.answer(
            {"options": [one_route(option) for option in options]},
            lambda out: show_options(out, options, lang),
            as_json=as_json,
        )


def show_options(out: Console, options: tuple[Option, ...], language: str) -> None:
    shown = table("contact channel", "how", "now", "wait", "why", right=("wait",))
    for one in options:
        channel = one.contact_channel
        wait = f"{one.wait_minutes} min" if one.wait_minutes is not None else ""
        shown.add_row(
            pick(channel.names, language)[0],
            dial_text(channel),
            opening_words(_opening(one), channel.timezone),
            wait,
            one.reason.value,
        )
    out.print(shown if options else "No contact channel serves this area.")


def _opening(option: Option) -> Opening:
    return Opening(option.open, option.opens_at, option.closes_at)


def opening_words(state: Opening, timezone: str) -> str:
    """In the contact channel's own time."""
    zone = ZoneInfo(timezone)
    place = zone.key.rpartition("/")[2].replace("_", " ")
    at = state.closes_at if state.open else state.opens_at
    if at is None:
        return "always open" if state.open else "closed"
    return f"{'open until' if state.open else 'opens'} {at.astimezone(zone):%a %H:%M} ({place})"


def one_route(option: Option) -> dict[str, object]:
    return {
        "contact_channel": option.contact_channel.to_document(),
        "open": option.open,
        "opens_at": option.opens_at,
        "closes_at": option.closes_at,
        "wait_minutes": option.wait_minutes,
        "language_match": option.language_match,
        "reason": option.reason.value,
    }
