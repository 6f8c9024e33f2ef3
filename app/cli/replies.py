"""What people wrote back: read it, say that somebody has seen to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from app.api.replies import ReplyView, reply_view
from app.cli.desk import AsJson, at_desk
from app.domain.principals import Actor
from app.store import hearing
from app.store.database import Database
from app.store.hearing import InboundRow
from app.terminal import table
from app.usecases.handle_reply import handle_reply, see_reply

app = typer.Typer(no_args_is_help=True)

SHOWN = 50
Number = Annotated[int, typer.Argument(help="The number of the reply.")]


@app.command("list")
def listing(
    everything: Annotated[bool, typer.Option("--all", help="Those that are seen to as well.")] = False,
    keywords: Annotated[bool, typer.Option("--keywords", help="STOP, HELP and the like too.")] = False,
    as_json: AsJson = False,
) -> None:
    """What people wrote, newest first, with the crisis it is about."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            rows = hearing.page(connection, waiting=not everything, keywords=keywords, limit=SHOWN).items
        views = [reply_view(desk.keyring, row) for row in rows]
        desk.answer({"items": views}, lambda out: _show(out, views), as_json=as_json)


@app.command("seen")
def seen(number: Number, as_json: AsJson = False) -> None:
    """Say that you have read it."""
    _act(see_reply, number, "has read it", as_json=as_json)


@app.command("handled")
def handled(number: Number, as_json: AsJson = False) -> None:
    """Say that nothing more is to be done about it."""
    _act(handle_reply, number, "has seen to it", as_json=as_json)


def _act(act: Callable[[Database, Actor, int, datetime], InboundRow], number: int, did: str, *, as_json: bool) -> None:
    with at_desk() as desk:
        view = reply_view(desk.keyring, act(desk.db, desk.actor, number, desk.now()))
        who = view.handled_by or view.seen_by or ""
        desk.answer(view, lambda out: out.print(f"Reply {view.id}: {who} {did}.", markup=False), as_json=as_json)


def _show(out: Console, views: Sequence[ReplyView]) -> None:
    if not views:
        out.print("Nobody waits for an answer.")
        return
    shown = table("no.", "when", "who", "about", "what they wrote", "seen by", right=("no.",))
    for one in views:
        about = f"{one.crisis} (update {one.update_id})" if one.crisis else "-"
        said = one.text or one.keyword.upper() or "-"
        who = f"{one.address} at {one.endpoint}"
        shown.add_row(str(one.id), f"{one.heard_at:%d %b %H:%M}", who, about, Text(said), one.handled_by or one.seen_by)
    out.print(shown)
