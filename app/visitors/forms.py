"""What anonymous readers may send us: "stop these messages", by the personal link of an e-mail (RFC 8058).

GET changes nothing, since mail scanners open every link; POST works without cookie, log-in or redirect.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from app.clock import Clock
from app.domain.audience import choose_language
from app.domain.consent import How
from app.domain.manage import Managed, read_manage_token
from app.domain.masking import mask
from app.domain.message import MEDIUM_CODES
from app.domain.sign_ups import Policy
from app.errors import NotFound, Unavailable
from app.keyring import Keyring
from app.publishing.building import Press
from app.publishing.notices import Notice, notice_page, words_shown
from app.store import addresses
from app.store.database import Database
from app.usecases.suppress_address import unsubscribe_address
from app.visitors.flood import Flood
from app.visitors.revoked import Hashes, nothing

ONE_CLICK: Final = b"List-Unsubscribe=One-Click"
"""What RFC 8058 has a mailbox provider send."""
BODY_CAP: Final = 4_096
STOP: Final = Notice("stop", {"address": ""}, button="stop_button", link_words="manage_link")
"""The page with the button, before it knows whose it is."""

router = APIRouter(prefix="/u", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Context:
    """What the forms work with; wiring makes it and puts it at `app.state.visitors`."""

    db: Database
    clock: Clock
    manage_key: bytes
    """`Keyring.key(app.domain.manage.PURPOSE)`."""
    press: Press
    open_key: bytes = b""
    """`Keyring.key(app.domain.open_links.PURPOSE)`."""
    preview_key: bytes = b""
    """`Keyring.key(app.domain.preview_links.PURPOSE)`."""
    revoked: Hashes = nothing
    """`pass_hash` of every open link that was taken back."""
    keyring: Keyring = field(default_factory=lambda: Keyring(secrets.token_hex()))
    """Signs the links of `visitors.questions`."""
    console: str = ""
    """Where people of staff reach the console."""
    wake: Callable[[], None] = lambda: None
    """Tell this process that there is work."""
    flood: Flood = field(default_factory=Flood)
    """How often answers may be counted."""
    sign_ups: Policy = field(default_factory=Policy)
    """By what people may subscribe themselves."""


def _context(request: Request) -> Context:
    context: Context = request.app.state.visitors
    return context


Ctx = Annotated[Context, Depends(_context)]


@router.get("/{token}")
@router.head("/{token}")
def ask(token: str, request: Request, context: Ctx) -> Response:
    """Shows whose messages would stop, masked, and the button. Changes nothing, however often it is opened."""
    managed = read_manage_token(context.manage_key, token)
    try:
        address = _masked(context, managed) if managed else None
    except SQLAlchemyError:
        return _answer(context, request, Notice("later", {}), 503)
    if address is None:
        return _answer(context, request, Notice("bad_link", {}), 404)
    stop = replace(STOP, values={"address": address}, link=f"/m/{token}")
    return _answer(context, request, stop, 200)


async def _how(request: Request) -> How:
    """A mailbox provider's one click, or the button of our page."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_CAP:
            break
    return How.ONE_CLICK if ONE_CLICK in body else How.FORM


@router.post("/{token}")
def stop(token: str, request: Request, context: Ctx, how: Annotated[How, Depends(_how)]) -> Response:
    """Stops all messages to this one address at once. What the body says is kept, the link is the proof."""
    managed = read_manage_token(context.manage_key, token)
    try:
        if managed is None or _masked(context, managed) is None:
            return _answer(context, request, Notice("bad_link", {}), 404)
        now = context.clock.now()
        shown = words_shown(context.press, STOP, _language(context, request), now) if how is How.FORM else ""
        unsubscribe_address(context.db, managed.address_id, how, shown, now)
    except (SQLAlchemyError, Unavailable):
        return _answer(context, request, Notice("later", {}), 503)
    return _answer(context, request, Notice("stopped", {}), 200)


def _masked(context: Context, managed: Managed) -> str | None:
    """The address as its owner recognises it; None when there is none of that medium."""
    try:
        with context.db.reading() as connection:
            row = addresses.get(connection, managed.address_id)
    except NotFound:
        return None
    return mask(row.medium, row.value) if MEDIUM_CODES[row.medium] == managed.medium else None


def _language(context: Context, request: Request) -> str:
    default = context.press.organisation.default_language
    wanted = [part.partition(";")[0] for part in request.headers.get("accept-language", "").split(",")][:20]
    return choose_language(wanted, context.press.templating.languages(), default)


def _answer(context: Context, request: Request, notice: Notice, status: int) -> Response:
    body, headers = notice_page(context.press, notice, _language(context, request), context.clock.now())
    if status == 503:
        headers["retry-after"] = "60"
    return Response(body, status, headers)
