"""Systems that may report facts by signed webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from app.api.access import Reader, may
from app.api.answers import Given
from app.api.context import Ctx
from app.api.problems import REFUSALS
from app.api.schemas import Sent
from app.domain.principals import Actor
from app.store import fact_sources
from app.usecases.save_fact_source import remove_fact_source, save_fact_source

router = APIRouter(prefix="/fact-sources", tags=["crises"], responses=REFUSALS)
Keeper = Annotated[Actor, may("save_fact_source")]


EXAMPLE: Final[dict[str, Any]] = {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


class FactSource(Sent):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}]},
    )
    secret: str = Field(max_length=200, description="whsec_ and the base64 of 24 to 64 random bytes")


class FactSourceView(Given):
    slug: str
    saved_at: datetime
    saved_by: str


class FactSourcesView(Given):
    items: list[FactSourceView]


@router.get("", operation_id="list_fact_sources", summary="List the systems that may report facts")
def page(context: Ctx, _actor: Reader) -> FactSourcesView:
    with context.db.reading() as connection:
        found = fact_sources.everything(connection)
    return FactSourcesView(items=[FactSourceView.model_validate(row) for row in found])


@router.put("/{slug}", operation_id="put_fact_source", summary="Set what a system signs its webhooks with")
def put(slug: str, body: FactSource, context: Ctx, actor: Keeper) -> FactSourceView:
    """Kept sealed and never given back; it reports to `/callbacks/fact-sources/{slug}/{crisis}`."""
    row = save_fact_source(context.db, context.keyring, actor, slug, body.secret, context.clock.now())
    return FactSourceView.model_validate(row)


@router.delete("/{slug}", status_code=204, operation_id="remove_fact_source", summary="Let a system report no more")
def remove(slug: str, context: Ctx, actor: Keeper) -> None:
    remove_fact_source(context.db, actor, slug, context.clock.now())
