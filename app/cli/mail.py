"""Bounces and complaints that come as mail."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from app.cli.desk import AsJson, at_desk
from app.store import endpoints
from app.usecases.take_mail import take_mail

app = typer.Typer(no_args_is_help=True)

LONGEST = 8 << 20


@app.callback()
def mails() -> None:
    """What comes back by mail."""


@app.command("take")
def take(
    endpoint: Annotated[str, typer.Argument(help="The endpoint whose bounces come here.")], as_json: AsJson = False
) -> None:
    """Take one mail from standard input: a pipe of the mail server. Other mails are left alone, with exit code 0.

    Exit code 5 when the database cannot take it now: the mail server should try again.
    """
    from app.wiring import REFERENCES  # late: loading it takes a second

    raw = sys.stdin.buffer.read(LONGEST)
    with at_desk() as desk:
        with desk.db.reading() as connection:
            found = endpoints.get(connection, endpoint)
        channel = desk.wiring.channels(found)
        key = desk.keyring.key(REFERENCES)
        taken, kind = take_mail(desk.db, found, channel, raw, desk.now(), reference_key=key)
        words = f"{taken.value.replace('_', ' ')}{f': {kind.value}' if kind else ''}"
        answer = {"result": taken.value, "kind": kind.value if kind else None}
        desk.answer(answer, lambda out: out.print(words), as_json=as_json)
