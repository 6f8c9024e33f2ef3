"""`Idempotency-Key`: the same POST with the same key is done once and answered the same every time.

Kept are successes and refusals (4xx), for a day, and where people are spoken of no longer than until somebody is
erased; a fault on our side (5xx) frees the key. The act itself and its kept
answer are two transactions: if the machine dies between them the key is freed after `store.idempotency.ABANDONED_AFTER`
and the states of the domain (an update is sent once) keep a repeat harmless.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.bodies import Body
from app.api.context import Context
from app.api.problems import DATABASE_DOWN
from app.domain.principals import Actor
from app.errors import Invalid, Problem, Unavailable
from app.observe import logger
from app.store.idempotency import StoredResponse
from app.usecases.replay_request import begin_request, finish_request, forget_request

KEY: Final = "idempotency-key"
REPLAYED: Final = "Idempotency-Replayed"
KEPT_SIZE: Final = 256 * 1024
_KEPT_HEADERS: Final = ("content-type", "location", "retry-after", "etag")
_OF_PEOPLE: Final = re.compile(r"/api/v1/(subscribers|replies|audiences)(/|$)")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


async def answered_once(
    context: Context, app: ASGIApp, actor: Actor, body: Body, scope: Scope, receive: Receive, send: Send
) -> None:
    """Give the kept answer, or let the app answer and keep it. Raises as `begin_request`."""
    key = Headers(scope=scope)[KEY]
    if not _KEY.fullmatch(key):
        raise Invalid(
            Problem(
                "idempotency_key_invalid",
                "The Idempotency-Key is not 1 to 255 visible ASCII characters.",
                "Idempotency-Key",
                "Send a fresh UUID for each act.",
            )
        )
    who = f"user:{actor.user_id}" if actor.user_id is not None else f"token:{actor.token_id}"
    fingerprint = _fingerprint(scope, body)
    kept = await run_in_threadpool(begin_request, context.db, who, key, fingerprint, context.clock.now())
    if kept is not None:
        headers = {**kept.headers, REPLAYED: "true"}
        await Response(kept.body, kept.status, headers)(scope, receive, send)
        return
    answer = _Recorder(send)
    ended = False
    try:
        await app(scope, receive, answer)
        ended = True
    finally:
        settled = answer.kept() if ended and answer.worth_keeping else None
        personal = _OF_PEOPLE.match(scope["path"]) is not None
        await run_in_threadpool(_settle, context, who, key, settled, personal)
    await answer.pass_on()


def _settle(context: Context, who: str, key: str, answer: StoredResponse | None, personal: bool) -> None:  # noqa: FBT001
    """Keep the answer, or free the key. What was done is done: a database that fails now must not hide the answer."""
    try:
        if answer is None:
            forget_request(context.db, who, key)
        else:
            finish_request(context.db, who, key, answer, personal=personal)
    except (Unavailable, *DATABASE_DOWN) as error:
        logger("clarion.http").error("answer_not_kept", kind=type(error).__name__)


class _Recorder:
    """Holds an answer back until it is kept, so that nobody sees one which a repeat would not get."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._body = bytearray()
        self._passing = False

    async def __call__(self, message: Message) -> None:
        if self._passing:
            await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if len(self._body) > KEPT_SIZE:
                await self._overflow(message)
        else:
            await self._send(message)

    @property
    def worth_keeping(self) -> bool:
        return bool(self._start) and not self._passing and self._start["status"] < 500

    def kept(self) -> StoredResponse:
        headers = MutableHeaders(scope=self._start)
        chosen = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
        return StoredResponse(self._start["status"], chosen, bytes(self._body))

    async def pass_on(self) -> None:
        if self._passing or not self._start:
            return
        self._passing = True
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": bytes(self._body), "more_body": False})

    async def _overflow(self, message: Message) -> None:
        self._passing = True
        await self._send(self._start)
        await self._send(
            {"type": "http.response.body", "body": bytes(self._body), "more_body": message.get("more_body", False)}
        )


def _fingerprint(scope: Scope, body: Body) -> bytes:
    asked = f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')}\n".encode()
    return hashlib.sha256(asked + body.digest).digest()
