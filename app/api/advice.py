"""Which contact channel for which need, right now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from app.api.access import Reader
from app.api.answers import Route, Routes
from app.api.context import Ctx
from app.api.problems import REFUSALS
from app.domain.crisis import Severity
from app.domain.routing import Option, advise
from app.domain.routing import Query as Question
from app.store import documents

router = APIRouter(tags=["routing"], responses=REFUSALS)


@router.get("/route", operation_id="advise", summary="Contact channels for a need, best first")
def route(
    context: Ctx,
    _actor: Reader,
    need: Annotated[str, Query(max_length=64)],
    lang: Annotated[str, Query(max_length=35)] = "",
    area: Annotated[str, Query(max_length=64)] = "",
    severity: Severity | None = None,
    audience: Annotated[str, Query(max_length=64, description="Slug, when it is known whom the asker belongs to")] = "",
    at: Annotated[datetime | None, Query(description="ISO 8601; now when left out, UTC without an offset")] = None,
) -> Routes:
    moment = context.clock.now() if at is None else at if at.tzinfo else at.replace(tzinfo=UTC)
    with context.db.reading() as connection:
        registry = documents.registry(connection)
    options = advise(registry, Question(need, lang, area, severity, audience), moment)
    return Routes(options=[route_view(option) for option in options])


def route_view(option: Option) -> Route:
    return Route(
        contact_channel=option.contact_channel.to_document(),
        open=option.open,
        opens_at=option.opens_at,
        closes_at=option.closes_at,
        wait_minutes=option.wait_minutes,
        language_match=option.language_match,
        reason=option.reason.value,
    )
