"""For the machines that watch us."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from app.api.access import Reader
from app.api.answers import Given
from app.api.context import Ctx
from app.domain.delivery import State
from app.observe import DELIVERIES, HALTED, exposition
from app.store import deliveries, documents, endpoints, ledger
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
    """Counters of this process, and gauges read from the database at this moment."""
    with context.db.reading() as connection:
        live = [deliveries.counts(connection, row.id) for row in ledger.live_broadcasts(connection)]
        halted = {each.slug: each.halted_reason is not None for each in endpoints.everything(connection)}
    for state in State:
        DELIVERIES.labels(state.value).set(sum(counts[state] for counts in live))
    HALTED.clear()
    for slug, stopped in halted.items():
        HALTED.labels(slug).set(stopped)
    return Response(exposition(), media_type=CONTENT_TYPE_LATEST)
