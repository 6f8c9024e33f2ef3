"""Updates until somebody submits them: draft, edit, read, preview."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.access import Reader, may
from app.api.answers import Paged, Preview, UpdateHead, UpdateView, paged
from app.api.context import Ctx
from app.api.identifiers import UpdateId
from app.api.pagination import Cursor, Limit
from app.api.previews import preview_of
from app.api.problems import REFUSALS
from app.api.progress import head, view
from app.api.revisions import IfMatch, revision_in
from app.api.schemas import Update
from app.domain.crisis import UpdateState
from app.domain.principals import Actor
from app.store import crises, updates
from app.usecases.draft_update import create_draft, edit_draft
from app.usecases.measure_reach import measure_reach

router = APIRouter(tags=["updates"], responses=REFUSALS)
Drafter = Annotated[Actor, may("draft_update")]


@router.get("/updates", summary="List updates of all crises, newest first")
def list_updates(
    context: Ctx,
    _actor: Reader,
    state: Annotated[list[UpdateState], Query()] = [],  # noqa: B006 - the framework copies it
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Paged[UpdateHead]:
    with context.db.reading() as connection:
        return paged(updates.page(connection, states=state, cursor=cursor, limit=limit), head)


@router.get("/crises/{slug}/updates", summary="List the updates of a crisis, newest first")
def list_updates_of(
    slug: str, context: Ctx, _actor: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Paged[UpdateHead]:
    with context.db.reading() as connection:
        crises.get(connection, slug)
        return paged(updates.page(connection, crisis_slug=slug, cursor=cursor, limit=limit), head)


@router.post("/crises/{slug}/updates", status_code=201, operation_id="draft_update", summary="Draft an update")
def draft(slug: str, body: Update, context: Ctx, actor: Drafter) -> UpdateView:
    now = context.clock.now()
    drafted = create_draft(context.db, actor, slug, body.document(), now)
    return view(context.db, drafted.id, now)


@router.get("/updates/{update_id}", summary="Read an update with its counts")
def read_update(update_id: UpdateId, context: Ctx, _actor: Reader) -> UpdateView:
    return view(context.db, update_id, context.clock.now())


@router.put("/updates/{update_id}", operation_id="edit_update", summary="Replace the words of a draft")
def edit(update_id: UpdateId, body: Update, context: Ctx, actor: Drafter, if_match: IfMatch = None) -> UpdateView:
    now = context.clock.now()
    edit_draft(context.db, actor, update_id, body.document(), revision_in(if_match), now)
    return view(context.db, update_id, now)


@router.get(
    "/updates/{update_id}/preview",
    operation_id="preview_update",
    summary="Render an update for every endpoint and language",
)
def preview(update_id: UpdateId, context: Ctx, _actor: Reader) -> Preview:
    with context.db.reading() as connection:
        row = updates.get(connection, update_id)
    return preview_of(context.preflight(row, context.clock.now()), measure_reach(context.db, row))
