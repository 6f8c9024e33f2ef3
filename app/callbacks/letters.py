"""Letters that people write back, handed in by whoever receives our mail: SendGrid's Inbound Parse, or a mail server.

Nobody signs these, so the address holds a secret. What stands in a letter is believed as little as any mail.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message as Mail
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from app.clock import Clock
from app.domain.endpoints import Endpoint
from app.domain.letters import PURPOSE, Letter, NoLetter, opens, read_posted
from app.domain.message import Channel
from app.domain.parsing_mail import parse_mail
from app.errors import Problem, TooLarge, TooSlow, Unauthenticated
from app.observe import CALLBACKS, logger
from app.store import endpoints
from app.usecases.take_mail import keep_letter, take_any_mail
from app.usecases.take_reply import Listener

KEPT: Final = 4 << 20
"""Bytes of a post that are read; what comes after them is attached, and thrown away."""
LONGEST: Final = 40 << 20
"""SendGrid hands in letters up to 30 MB."""
READ_SECONDS: Final = 60.0
MOST_FIELDS: Final = 100
AT_ONCE: Final = 2
"""Letters in memory at a time; the others wait at the door."""
FORM: Final = "multipart/form-data"

router = APIRouter(prefix="/callbacks/letters", tags=["callbacks"])


@dataclass(frozen=True, slots=True)
class Context:
    listener: Listener
    clock: Clock
    reference_key: bytes
    open_channel: Callable[[Endpoint], Channel]
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))


def _context(request: Request) -> Context:
    context: Context = request.app.state.letters
    return context


Ctx = Annotated[Context, Depends(_context)]


@router.post("/{endpoint}/{secret}", status_code=204, summary="What somebody answered to one of our e-mails")
async def letter(endpoint: str, secret: str, request: Request, context: Ctx) -> Response:
    """A form as SendGrid's Inbound Parse posts it, or one mail as it came over the wire (`message/rfc822`).

    The address is that of `clarion mail door`. What no person wrote is taken and left alone.
    """
    if not opens(context.listener.keyring.key(PURPOSE), endpoint, secret):
        CALLBACKS.labels("letters", "forged").inc()
        logger("clarion.callbacks").warning("letter_refused", why="not_proven")
        sentence = "This is not the address at which letters are handed in; nothing was changed."
        raise Unauthenticated(Problem("callback_not_proven", sentence, "path", "See `clarion mail door`."))
    async with context.room:
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=204)  # nobody waits for it
        kind = request.headers.get("content-type", "")
        taken = await run_in_threadpool(_take, context, endpoint, kind, body, context.clock.now())
    CALLBACKS.labels("letters", taken).inc()
    return Response(status_code=204)


async def _body(request: Request) -> bytes:
    """As much of it as is read. Raise TooLarge, TooSlow."""
    kept, size = bytearray(), 0
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > LONGEST:
                    raise TooLarge(Problem("body_too_large", "No letter has this size.", "body", "Leave it out."))
                kept += chunk[: KEPT - len(kept)]
    except TimeoutError:
        sentence = "The body of this letter did not arrive in time."
        raise TooSlow(Problem("body_too_slow", sentence, "body", "Send it again.")) from None
    return bytes(kept)


def _take(context: Context, slug: str, kind: str, body: bytes, now: datetime) -> str:
    with context.listener.db.reading() as connection:
        endpoint = endpoints.get(connection, slug)
    key = context.reference_key
    if kind.partition(";")[0].strip().lower() != FORM:
        channel = context.open_channel(endpoint)
        return take_any_mail(context.listener, endpoint, channel, body, now, reference_key=key)[0].value
    return keep_letter(context.listener, endpoint, _posted(kind, body), now, reference_key=key)[0].value


def _posted(kind: str, body: bytes) -> Letter | NoLetter:
    try:
        fields = form_fields(kind, body)
    except RecursionError:
        return NoLetter.NO_SENDER
    return read_posted(fields, _charset(fields.get("charsets", b"")))


def form_fields(kind: str, body: bytes) -> dict[str, bytes]:
    """Those of a form that are no files; of a body that was cut off those before the cut."""
    head = b"Content-Type: " + kind.encode("latin-1", "replace").replace(b"\n", b" ").replace(b"\r", b" ")
    form = parse_mail(head + b"\r\n\r\n" + body)
    found: dict[str, bytes] = {}
    parts = form.get_payload()
    for part in parts[:MOST_FIELDS] if isinstance(parts, list) else ():
        if not isinstance(part, Mail):
            continue
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str) and part.get_filename() is None and not part.is_multipart():
            value = part.get_payload(decode=True)
            found.setdefault(name, value if isinstance(value, bytes) else b"")
    return found


def _charset(said: bytes) -> str:
    """Of the text, as SendGrid says: `{"text": "iso-8859-1", ..}`."""
    try:
        read = json.loads(said or b"{}")
    except (ValueError, RecursionError):
        return "utf-8"
    charset = read.get("text") if isinstance(read, dict) else None
    return charset if isinstance(charset, str) else "utf-8"
