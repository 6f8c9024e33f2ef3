"""For the machines that watch us."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from app.api.access import Reader
from app.api.answers import Given
from app.api.context import Ctx
from app.store import documents
from app.store.documents import Kind

router = APIRouter(tags=["health"])


class Health(Given):
    status: Literal["ok"] = "ok"


@router.get("/healthz", summary="The process answers")
async def healthz() -> Health:
    """Public. Touches nothing, so that a dead database never makes a supervisor kill a process that serves the site."""
    return Health()


@router.get("/readyz", summary="The process can work: the database answers and has its schema")
def readyz(context: Ctx) -> Health:
    """Public. 503 with a problem when the database does not answer."""
    with context.db.reading() as connection:
        documents.find(connection, Kind.SITE, "")
    return Health()


@router.get("/metrics", summary="Numbers for Prometheus", response_class=Response)
def metrics(context: Ctx, _actor: Reader) -> Response:
    """Counters of this process, and gauges read from the database at this moment; see docs/operations.md."""
    return Response(context.metrics(), media_type=CONTENT_TYPE_LATEST)
