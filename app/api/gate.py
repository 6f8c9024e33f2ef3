"""The one door to /api/v1: who asks, how much they send, and whether they asked it before.

Every address under the prefix needs a token, also one that does not exist; roles are declared on the routes
(see access.py). Nothing of a body is read before the token is known.
"""

from __future__ import annotations

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api import bodies
from app.api.context import Context
from app.api.idempotency import KEY, answered_once
from app.api.problems import DATABASE_DOWN, database_down, problem_response
from app.domain.principals import Actor
from app.errors import ClarionError, Problem, Unauthenticated
from app.usecases.authenticate import authenticate

IMPORT_PATH: Final = "/api/v1/subscribers/import"
GUARDED: Final = ("/api/v1", "/metrics")


class Gate:
    """ASGI middleware, inside the framework's own error handling."""

    def __init__(self, app: ASGIApp, *, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            await self._admit(scope, receive, send)
        except ClarionError as error:
            await problem_response(error)(scope, receive, send)
        except DATABASE_DOWN as error:
            await database_down(error)(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        state = scope.setdefault("state", {})
        state["actor"] = actor = await self._who(headers)
        if scope["method"] in {"GET", "HEAD", "DELETE"}:
            await self._app(scope, receive, send)
            return
        cap = bodies.IMPORT_CAP if scope["path"] == IMPORT_PATH else bodies.USUAL_CAP
        body = await bodies.take(scope, receive, cap)
        if body is None:
            return
        with body.file:
            state["body"] = body
            replayed = body.replayed(receive)
            if scope["method"] == "POST" and KEY in headers:
                await answered_once(self._context, self._app, actor, body, scope, replayed, send)
            else:
                await self._app(scope, replayed, send)

    async def _who(self, headers: Headers) -> Actor:
        scheme, _, presented = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not presented.strip():
            raise Unauthenticated(
                Problem(
                    "token_missing",
                    "This address needs a token.",
                    "Authorization",
                    "Send “Authorization: Bearer clk_…”; make one with `clarion token add`.",
                )
            )
        return await run_in_threadpool(authenticate, self._context.db, presented.strip(), self._context.clock.now())


def _guarded(path: str) -> bool:
    return any(path == root or path.startswith(root + "/") for root in GUARDED)
