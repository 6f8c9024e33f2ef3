"""Callbacks come by the hundred a second: they are answered in front of the framework, which words only refusals.

The addresses are those of `routes`, which declares them for the document of the API.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from app.callbacks.taking import Desk
from app.domain.message import Inbound
from app.errors import ClarionError, Problem, TooLarge, TooSlow
from app.store.database import FAULTS

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

PREFIX: Final = "/callbacks/"
BODY_CAP: Final = 4 << 20
"""SendGrid batches events into bodies of up to about 1 MB; four times that is nobody's callback."""
READ_SECONDS: Final = 20.0
"""For the body to arrive; providers give up waiting for the answer after 10 to 15 s."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """For logs and counts, which must not name a single delivery."""

    path: str


ABOUT_MANY: Final = Pattern("/callbacks/{endpoint}")
ABOUT_ONE: Final = Pattern("/callbacks/{endpoint}/{reference}")


class ClientLeft(Exception):
    """In the middle of the body; nobody waits for an answer."""


def front(desk: Desk) -> Callable[[ASGIApp], ASGIApp]:
    """Middleware that answers callbacks; everything else, and what it refuses, goes to the application.

    A refusal is handed over as `scope["state"]["refusal"]`, for the handlers in `routes` to raise.
    """

    def around(app: ASGIApp) -> ASGIApp:
        async def answer_or_pass(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(PREFIX):
                await app(scope, receive, send)
                return
            slug, slash, reference = scope["path"][len(PREFIX) :].partition("/")
            if not slug or "/" in reference or (slash and not reference):
                await app(scope, receive, send)
                return
            scope["route"] = ABOUT_ONE if slash else ABOUT_MANY
            try:
                body = await _body(receive)
                thanks = await desk.take(slug, _inbound(desk.public_base, scope, body, reference))
            except ClientLeft:
                return
            except (ClarionError, *FAULTS) as refusal:
                scope.setdefault("state", {})["refusal"] = refusal
                await app(scope, receive, send)
                return
            kind, said = thanks or ("", b"")
            headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(said))] if kind else []
            await send({"type": "http.response.start", "status": 200 if kind else 204, "headers": headers})
            await send({"type": "http.response.body", "body": said})

        return answer_or_pass

    return around


def _inbound(public_base: str, scope: Scope, body: bytes, reference: str) -> Inbound:
    # As it came over the wire: signatures cover the exact bytes.
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    path = raw.partition(b"?")[0].decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Inbound(public_base + path, headers, body, reference)


async def _body(receive: Receive) -> bytes:
    """Raise TooLarge, TooSlow or ClientLeft."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await _read(receive)
    except TimeoutError:
        raise TooSlow(
            Problem("body_too_slow", "The body of this callback did not arrive in time.", "body", "Send it again.")
        ) from None


async def _read(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise ClientLeft
        pieces.append(event.get("body", b""))
        size += len(pieces[-1])
        if size > BODY_CAP:
            raise _too_large()
        more = event.get("more_body", False)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _too_large() -> TooLarge:
    sentence = "No provider sends callbacks of this size."
    return TooLarge(Problem("body_too_large", sentence, "body", "Send fewer events."))
