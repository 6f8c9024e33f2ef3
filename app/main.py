"""The web process: ready bytes first, then the faces; the engine and the publisher run beside them.

`uvicorn --factory app.main:create_app`, or `clarion serve`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp

from app.api import health, openapi, problems, routers
from app.api.envelope import Envelope
from app.api.gate import Gate
from app.callbacks import contact_readings
from app.callbacks import routes as callbacks
from app.callbacks.front import front as callbacks_front
from app.observe import configure_logging, logger
from app.settings import Settings
from app.site.edge import edge
from app.site.lastgood import last_good
from app.store.database import FAULTS
from app.store.migrate import upgrade
from app.visitors import finder, open_links, previews
from app.visitors import forms as visitors
from app.wiring import Wiring, build

VERSION: Final = "0.1.0"
DESCRIPTION: Final = """One act of the comms team reaches every place where customers look.

Every address under `/api/v1` needs `Authorization: Bearer clk_…`; each operation names the lowest role that may call
it. Refusals are RFC 9457 problems with a stable `code`, a sentence, the `field` and a `remedy`. Lists page by
`cursor`. Send an `Idempotency-Key` with every POST that you may have to repeat."""


def create_app(settings: Settings | None = None, *, run_engine: bool = True, wiring: Wiring | None = None) -> ASGIApp:
    """The whole service as one ASGI application. Without `run_engine` it answers but sends and publishes nothing."""
    wired = wiring or prepared(settings or Settings())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with wired.running(work=run_engine):
            yield

    framework = FastAPI(
        title="Clarion",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url=openapi.PATH,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=openapi.operation_id,
    )
    framework.state.api = wired.api
    framework.state.contact_readings = wired.contact_readings
    framework.state.visitors = wired.visitors
    framework.add_middleware(Gate, context=wired.api)
    problems.install(framework)
    openapi.install(framework)
    framework.include_router(callbacks.router)
    framework.include_router(contact_readings.router)
    framework.include_router(routers.everything())
    framework.include_router(visitors.router)
    framework.include_router(finder.router)
    framework.include_router(open_links.router)
    framework.include_router(previews.router)
    framework.include_router(health.router)
    https = wired.api.public_base.startswith("https://")
    answering: ASGIApp = callbacks_front(wired.callbacks)(framework)
    whole: ASGIApp = edge(wired.shelf, wired.hub)(Envelope(answering, https=https))
    return whole


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
