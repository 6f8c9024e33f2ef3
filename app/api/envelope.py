"""Around every answer of the framework: a request id, security headers, one log line, one count."""

from __future__ import annotations

import itertools
import logging
import re
import secrets
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observe import REQUEST_SECONDS, REQUESTS, Counted, logger

REQUEST_ID: Final = b"x-request-id"
_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")

_RUN: Final = secrets.token_hex(4)
_NUMBERS: Final = itertools.count(secrets.randbelow(1 << 24))
"""A request's number within this process: asking the kernel for chance with each one would wait for other threads."""

_NAME: Final = "clarion.http"
_LOG: Final = logger(_NAME)
_ANSWERS: Final = Counted(REQUESTS)
_SECONDS: Final = lru_cache(maxsize=None)(REQUEST_SECONDS.labels)
"""By method and route's pattern: there are only so many."""

SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
}
"""Set where a face did not choose its own value: pages bring their own policy."""
STRICT_TRANSPORT: Final = "max-age=63072000; includeSubDomains"


class Envelope:
    """ASGI middleware, outside the framework; never reads a body.

    The log line holds the route's pattern, not the path or the query: those may carry a person's address or token.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        fixed = {**SECURITY_HEADERS, **({"Strict-Transport-Security": STRICT_TRANSPORT} if https else {})}
        self._fixed = [(name.lower().encode(), value.encode()) for name, value in fixed.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _offered(scope) or f"{_RUN}{next(_NUMBERS):08x}"
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 500

        async def stamped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._stamped(message.get("headers", ()), request_id.encode())
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, stamped)
            finally:
                _record(scope, status, time.perf_counter() - started)

    def _stamped(self, headers: Iterable[tuple[bytes, bytes]], request_id: bytes) -> list[tuple[bytes, bytes]]:
        own = [(name, value) for name, value in headers if name.lower() != REQUEST_ID]
        chosen = {name.lower() for name, _ in own}
        return [*own, (REQUEST_ID, request_id), *(pair for pair in self._fixed if pair[0] not in chosen)]


def _offered(scope: Scope) -> str:
    """The request id the caller gave, "" when there is none that may be used."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID:
            text: str = value.decode("latin-1")
            return text if _ID.fullmatch(text) else ""
    return ""


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "unmatched")
    _ANSWERS.add(scope["method"], route, str(status))
    _SECONDS(scope["method"], route).observe(seconds)
    log = _LOG
    if status < 500 and not logging.getLogger(_NAME).isEnabledFor(logging.INFO):
        return  # a line that nobody will read is not put together
    write = log.error if status >= 500 else log.info
    write("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))
