"""How the organisation looks on its pages: one document, always there, empty until somebody fills it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response

from app.api.access import Reader, may
from app.api.context import Ctx
from app.api.problems import REFUSALS
from app.api.revisions import IfMatch, etag, revision_in
from app.api.schemas import Organisation
from app.domain.branding import NO_BRANDING, SLUG
from app.domain.principals import Actor
from app.store import documents
from app.store.documents import Kind
from app.usecases.save_document import save_document

router = APIRouter(prefix="/organisation", tags=["organisation"], responses=REFUSALS)


@router.get("", summary="Read the organisation's look", operation_id="read_organisation")
def read(context: Ctx, _actor: Reader, response: Response) -> dict[str, Any]:
    with context.db.reading() as connection:
        row = documents.find(connection, Kind.ORGANISATION, SLUG)
    response.headers["ETag"] = etag(row.revision if row else 0)
    return row.document if row else NO_BRANDING.to_document()


@router.put("", summary="Put the organisation's look in its place", operation_id="put_organisation")
def replace(
    body: Organisation,
    context: Ctx,
    actor: Annotated[Actor, may("save_document")],
    response: Response,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    now, expected = context.clock.now(), revision_in(if_match)
    row = save_document(context.db, actor, Kind.ORGANISATION, SLUG, body.document(), expected, now)
    context.wake()
    response.headers["ETag"] = etag(row.revision)
    return row.document
