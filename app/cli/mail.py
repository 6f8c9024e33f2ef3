"""Mail that comes to us: bounces, complaints, and what people write back."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from app.cli.desk import AsJson, at_desk
from app.domain.letters import PURPOSE, door_secret
from app.store import endpoints
from app.usecases.take_mail import take_any_mail

app = typer.Typer(no_args_is_help=True)

LONGEST = 8 << 20


@app.callback()
def mails() -> None:
    """What comes back by mail, and what people answer."""


@app.command("take")
def take(
    endpoint: Annotated[str, typer.Argument(help="The endpoint whose mail is answered or bounces.")],
    as_json: AsJson = False,
) -> None:
    """Take one mail from standard input: a pipe of the mail server. What no person wrote is left alone, exit code 0.

    Exit code 5 when the database cannot take it now: the mail server should try again.
    """
    from app.wiring import REFERENCES  # late: loading it takes a second

    raw = sys.stdin.buffer.read(LONGEST)
    with at_desk() as desk:
        with desk.db.reading() as connection:
            found = endpoints.get(connection, endpoint)
        channel = desk.wiring.channels(found)
        key = desk.keyring.key(REFERENCES)
        taken, more = take_any_mail(
            desk.wiring.callbacks.letters.listener, found, channel, raw, desk.now(), reference_key=key
        )
        words = f"{taken.value.replace('_', ' ')}{f': {more}' if more else ''}"
        answer = {"result": taken.value, "kind": more or None}
        desk.answer(answer, lambda out: out.print(words), as_json=as_json)


@app.command("door")
def door(endpoint: Annotated[str, typer.Argument(help="An endpoint of e-mail.")], as_json: AsJson = False) -> None:
    """The secret address at which a provider hands in what people answer (SendGrid: Inbound Parse)."""
    with at_desk() as desk:
        desk.allowed("save_endpoint")
        with desk.db.reading() as connection:
            slug = endpoints.get(connection, endpoint).slug
        secret = door_secret(desk.keyring.key(PURPOSE), slug)
        url = f"{desk.settings.public_base}/callbacks/letters/{slug}/{secret}"
        desk.answer({"url": url}, lambda out: out.print(url, soft_wrap=True), as_json=as_json)
