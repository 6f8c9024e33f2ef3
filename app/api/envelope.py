"""Around every answer of the framework: a request id, security headers, one log line, one count."""

from __future__ import annotations

import itertools
import re
import secrets
import time
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observe import REQUEST_SECONDS, REQUESTS, logger

REQUEST_ID: Final = "x-request-id"
_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")

_RUN: Final = secrets.token_hex(4)
_NUMBERS: Final = itertools.count(secrets.randbelow(1 << 24))
"""A request's number within this process: asking the kernel for chance with each one would wait for other threads."""

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
        self._fixed = dict(SECURITY_HEADERS)
        if https:
            self._fixed["Strict-Transport-Security"] = STRICT_TRANSPORT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        offered = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = offered if _ID.fullmatch(offered) else f"{_RUN}{next(_NUMBERS):08x}"
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 500

        async def stamped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in self._fixed.items():
                    headers.setdefault(name, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, stamped)
            finally:
                _record(scope, status, time.perf_counter() - started)


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "unmatched")
    REQUESTS.labels(scope["method"], route, status).inc()
    REQUEST_SECONDS.labels(scope["method"], route).observe(seconds)
    log = logger("clarion.http")
    write = log.error if status >= 500 else log.info
    write("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))
