"""The web process: ready bytes first, then the faces; the engine and the publisher run beside them.

`uvicorn --factory app.main:create_app`, or `clarion serve`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from app.api import health, openapi, problems, routers
from app.api.envelope import Envelope
from app.api.gate import Gate
from app.callbacks import contact_readings, facts, letters
from app.callbacks import routes as callbacks
from app.callbacks.front import front as callbacks_front
from app.console.application import create_console
from app.console.context import Context as Console
from app.domain.prices import read_price
from app.observe import configure_logging, logger
from app.settings import Settings
from app.site.edge import edge
from app.site.lastgood import last_good
from app.store.database import FAULTS
from app.store.migrate import upgrade
from app.visitors import devices, finder, managing, open_links, previews, questions, subscribing
from app.visitors import forms as visitors
from app.wiring import TEMPLATES, Wiring, build

VERSION: Final = "0.1.0"
DESCRIPTION: Final = """One act of the comms team reaches every place where customers look.

Every address under `/api/v1` needs `Authorization: Bearer clk_…`; each operation names the lowest role that may call
it. Refusals are RFC 9457 problems with a stable `code`, a sentence, the `field` and a `remedy`. Lists page by
`cursor`. Send an `Idempotency-Key` with every POST that you may have to repeat."""


def create_app(settings: Settings | None = None, *, run_engine: bool = True, wiring: Wiring | None = None) -> ASGIApp:
    """The whole service as one ASGI application. Without `run_engine` it answers but sends and publishes nothing."""
    wired = wiring or prepared(settings or Settings())

    https = wired.api.public_base.startswith("https://")
    answering: ASGIApp = callbacks_front(wired.callbacks)(framework(wired, run_engine=run_engine))
    whole: ASGIApp = edge(wired.shelf, wired.hub)(Envelope(answering, https=https))
    return whole


def framework(wired: Wiring, *, run_engine: bool) -> FastAPI:
    """Every route there is, behind the shortcut for the website and without what surrounds all answers."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with wired.running(work=run_engine):
            yield

    faces = FastAPI(
        title="Clarion",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url=openapi.PATH,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        routes=[*_routes()],
    )
    faces.state.api = wired.api
    faces.state.signed_webhooks = wired.signed_webhooks
    faces.state.letters = wired.callbacks.letters
    faces.state.visitors = wired.visitors
    faces.add_middleware(Gate, context=wired.api)
    problems.install(faces)
    openapi.install(faces)
    faces.add_route("/console", _to_console)
    faces.mount("/console", create_console(_console(wired)))
    return faces


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Looked through once a process, however many applications it makes: that takes a third of a second."""
    known = APIRouter(redirect_slashes=False, generate_unique_id_function=openapi.operation_id)
    for router in (
        callbacks.router, contact_readings.router, facts.router, letters.router, routers.everything(), visitors.router,
        finder.router, devices.router, subscribing.router, managing.router, open_links.router, previews.router,
        questions.router, health.router,
    ):  # fmt: skip
        known.include_router(router)
    return tuple(known.routes)


async def _to_console(_request: Request) -> Response:
    return RedirectResponse("/console/", 308)


def _console(wired: Wiring) -> Console:
    api = wired.api
    return Console(
        db=api.db,
        clock=api.clock,
        keyring=api.keyring,
        templating=api.templating,
        public_base=api.public_base,
        templates=TEMPLATES,
        packages=TEMPLATES.parent / "node_modules",
        channels=api.channels,
        facts=api.facts,
        preflight=api.preflight,
        samples=wired.words.samples,
        check_settings=api.check_settings,
        sessions=api.sessions,
        timezone=api.timezone,
        organisation=wired.settings.organisation,
        default_language=api.default_language,
        shares=api.shares,
        site_bound=api.site_bound,
        press=wired.visitors.press,
        look_at_links=wired.link_keeper.check,
        part_price=read_price(wired.settings.sms_part_price),
        wake=api.wake,
        stopping=api.stopping,
    )


def prepared(settings: Settings) -> Wiring:
    """Everything connected, logging as configured, and the schema of a SQLite database up to date."""
    configure_logging(settings.log_level)
    if settings.sqlite_path() is not None:  # a server's schema is changed by `clarion migrate`, when its people choose
        _upgrade_if_it_answers(settings)
    return build(settings)


def _upgrade_if_it_answers(settings: Settings) -> None:
    """A database that cannot be used stops a process that has nothing to show, never one that keeps the website up."""
    try:
        upgrade(settings.database_url)
    except FAULTS as fault:
        if last_good(settings.publish_dir) is None:
            raise
        logger("clarion").error("database_unusable", kind=type(fault).__name__)
