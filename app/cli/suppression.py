"""The list above all lists: addresses never to write to, and why."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from app.api.people import listed
from app.cli.desk import AsJson, at_desk
from app.domain.masking import mask
from app.domain.message import Medium
from app.store import addresses
from app.terminal import table
from app.usecases.lift_suppression import lift_suppression
from app.usecases.suppress_address import suppress_address

app = typer.Typer(no_args_is_help=True)

SHOWN = 100
Reason = Annotated[str, typer.Option(help="Kept in the audit trail.")]


@app.command("list")
def listing(
    after: Annotated[str | None, typer.Option(help="The cursor that the last page ended with.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who is on it, since when, why, and who says so; addresses are masked."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            page = addresses.suppression_page(connection, cursor=after, limit=SHOWN)
        rows = [listed(row) for row in page.items]

        def show(out: Console) -> None:
            shown = table("id", "medium", "address", "why", "who says so", "since", right=("id",))
            for one in rows:
                why = f"{one.reason}; {one.also}" if one.also else one.reason
                since = f"{one.at:%d %b %Y %H:%M}"
                shown.add_row(str(one.address_id), one.medium, one.address, why, one.source or "-", since)
            out.print(shown if rows else "Nobody is on it.")
            if page.next_cursor:
                out.print(f"More: clarion suppression list --after {page.next_cursor}", soft_wrap=True)

        desk.answer({"items": rows, "next_cursor": page.next_cursor}, show, as_json=as_json)


@app.command("add")
def add(
    medium: Annotated[Medium, typer.Argument(help="sms, email, push, chat or voice.")],
    address: Annotated[str, typer.Argument(help="The number or e-mail address.")],
    reason: Reason = "asked",
    as_json: AsJson = False,
) -> None:
    """Never write to an address again: from the next call on, in broadcasts that run too."""
    with at_desk() as desk:
        row = suppress_address(desk.db, desk.keyring, desk.actor, medium, address, reason, desk.now())
        shown = mask(row.medium, row.value)
        answer = {"address_id": row.id, "medium": medium.value, "address": shown}
        desk.answer(answer, lambda out: out.print(f"{shown} is not written to any more."), as_json=as_json)


@app.command("lift")
def lift(
    address_id: Annotated[int, typer.Argument(help="Its number in the list.")],
    reason: Annotated[str, typer.Option(help="How the person asked; kept in the audit trail.")],
    as_json: AsJson = False,
) -> None:
    """Write to an address again, because its owner asked for it."""
    with at_desk() as desk:
        row = lift_suppression(desk.db, desk.actor, address_id, reason, desk.now())
        shown = mask(row.medium, row.value)
        answer = {"address_id": row.id, "medium": row.medium.value, "address": shown}
        desk.answer(answer, lambda out: out.print(f"{shown} may be written to again."), as_json=as_json)
