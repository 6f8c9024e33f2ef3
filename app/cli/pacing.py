"""Answer what preflight warns about: send more slowly, or lead customers elsewhere."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from app.cli.desk import AsJson, at_desk
from app.cli.update import UpdateId, show, weighed

app = typer.Typer()


@app.command()
def pace(
    update: UpdateId,
    per_hour: Annotated[
        int | None, typer.Option(min=1, help="Recipients an hour; what preflight offers if left out.")
    ] = None,
    lift: Annotated[bool, typer.Option("--lift", help="As fast as the endpoints allow.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send a draft more slowly, so that contact channels can keep up; a part of what is approved."""
    from app.usecases.pace_update import offered_pace, pace_update

    with at_desk() as desk:
        actor = desk.allowed("draft_update")
        row, reach, load = weighed(desk, update)
        figure = None if lift else per_hour or offered_pace(load)
        pace_update(desk.db, actor, row.id, figure, desk.now(), reach=reach)
        show(desk, update, as_json=as_json, then=f"clarion update preview {update}")


@app.command()
def divert(update: UpdateId, as_json: AsJson = False) -> None:
    """Lead customers to the other contact channel that preflight offers; it reverts by itself."""
    from app.api.previews import expected
    from app.usecases.divert_contacts import divert_contacts

    with at_desk() as desk:
        actor = desk.allowed("save_document")
        _row, _reach, load = weighed(desk, update)
        divert_contacts(desk.db, actor, load, desk.now())
        offer = load.elsewhere if load else None

        def draw(out: Console) -> None:
            if offer is not None:
                out.print(f"{offer.contact_channel} counts as busy until {offer.until:%Y-%m-%d %H:%M %Z},")
                out.print(f"customers are led to {offer.instead}.")

        desk.answer(expected(load) if load else {}, draw, as_json=as_json)
