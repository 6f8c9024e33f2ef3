"""The staff console as an application of its own, mounted at /console."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.console import (
    account,
    apart,
    approving,
    audiences,
    audit_trail,
    beginning,
    closing,
    contact_now,
    crises,
    declaring,
    endpoints,
    failures,
    history,
    holding,
    home,
    importing,
    joining,
    listed,
    manage,
    people,
    playbook_questions,
    playbooks,
    previews,
    registers,
    replies,
    routing,
    schedules,
    sentences,
    signing_in,
    subscribers,
    suppressions,
    translating,
    tree_pages,
    updates,
    writing,
)
from app.console.assets import Assets
from app.console.context import Context
from app.console.gate import Gate
from app.console.pages import Pages
from app.console.screens import Door, Screen
from app.console.visit import Visit
from app.console.words import Catalogues
from app.errors import NotFound, Problem

MODULES: Final = (
    home,
    signing_in,
    joining,
    beginning,
    declaring,
    crises,
    writing,
    apart,
    previews,
    sentences,
    translating,
    updates,
    approving,
    account,
    people,
    audit_trail,
    manage,
    registers,
    contact_now,
    routing,
    endpoints,
    playbook_questions,
    tree_pages,
    playbooks,
    audiences,
    replies,
    importing,
    suppressions,
    subscribers,
    schedules,
    history,
    holding,
    closing,
    failures,
    listed,
)
SCREENS: Final[tuple[Screen, ...]] = tuple(screen for module in MODULES for screen in module.screens.all)
"""Every route there is, in the order in which they are tried."""
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Headed:
    """Headers of every answer of the console; nothing of it is kept by anybody but its style sheets and scripts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", POLICY)
                headers.setdefault("Referrer-Policy", "same-origin")
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, headed)


def create_console(context: Context) -> Starlette:
    folder = context.templates / "console"
    pages = Pages(
        Catalogues(folder / "locale", context.timezone),
        Assets(folder, context.packages),
        context.keyring,
        context.organisation,
        folder,
    )
    routes = [Route("/assets/{digest}/{name}", pages.assets.answer, methods=["GET"])]
    routes += [Route(each.path, Gate(context, pages, each).__call__, methods=[each.method]) for each in SCREENS]
    lost = Screen("GET", "/{rest:path}", Door.ANYONE, _nowhere)
    answer_lost = Gate(context, pages, lost)

    async def missing(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 405:
            return RedirectResponse("/console/", 303)
        return await answer_lost(request)

    return Starlette(
        routes=routes,
        middleware=[Middleware(Headed)],
        exception_handlers={404: missing, 405: missing},
    )


def _nowhere(_visit: Visit) -> Response:
    sentence = "There is nothing at this address."
    raise NotFound(Problem("route_not_found", sentence, "", "Begin at the first page."))
