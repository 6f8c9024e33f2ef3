"""Updates until somebody submits them: draft, edit, read, preview."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query

from app.api.access import Reader, may
from app.api.answers import DiversionOffer, Paged, Preview, UpdateHead, UpdateView, paged
from app.api.context import Context, Ctx
from app.api.identifiers import UpdateId
from app.api.pagination import Cursor, Limit
from app.api.previews import preview_of
from app.api.problems import REFUSALS
from app.api.progress import head, view
from app.api.revisions import IfMatch, revision_in
from app.api.schemas import Pace, Update
from app.domain.contact_load import Load
from app.domain.crisis import UpdateState
from app.domain.principals import Actor
from app.store import crises, updates
from app.store.updates import UpdateRow
from app.usecases.divert_contacts import divert_contacts
from app.usecases.draft_update import create_draft, edit_draft
from app.usecases.measure_reach import Reach, measure_reach, sleep_warnings
from app.usecases.pace_update import offered_pace, pace_update
from app.usecases.weigh_contacts import warnings_of, weigh_contacts

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
    row, reach, load = _weighed(context, update_id)
    checked = context.preflight(row, context.clock.now())
    return preview_of(
        replace(checked, warnings=(*checked.warnings, *warnings_of(load), *sleep_warnings(reach))), reach, load
    )


@router.post(
    "/updates/{update_id}/pace", operation_id="pace_update", summary="Send more slowly, so that staff can keep up"
)
def pace(
    update_id: UpdateId, context: Ctx, actor: Drafter, body: Pace | None = None, if_match: IfMatch = None
) -> UpdateView:
    """Without a figure it accepts what preflight offers. The pace is a part of what is approved."""
    row, reach, load = _weighed(context, update_id)
    given = body is not None and "recipients_per_hour" in body.model_fields_set
    figure = body.recipients_per_hour if body is not None and given else offered_pace(load)
    now, revision = context.clock.now(), revision_in(if_match)
    pace_update(context.db, actor, row.id, figure, now, reach=reach, expected_revision=revision)
    return view(context.db, update_id, now)


@router.post(
    "/updates/{update_id}/divert",
    operation_id="divert_contacts",
    summary="Lead customers to another contact channel for a while",
)
def divert(update_id: UpdateId, context: Ctx, actor: Annotated[Actor, may("save_document")]) -> DiversionOffer:
    """Accepts what preflight offers: the first contact channel is called busy until then, and reverts by itself."""
    _row, _reach, load = _weighed(context, update_id)
    divert_contacts(context.db, actor, load, context.clock.now())
    context.wake()
    return DiversionOffer.model_validate(load.elsewhere if load else None)


def _weighed(context: Context, update_id: int) -> tuple[UpdateRow, Reach | None, Load | None]:
    with context.db.reading() as connection:
        row = updates.get(connection, update_id)
    now = context.clock.now()
    reach = measure_reach(context.db, row, now)
    load = weigh_contacts(context.db, row, reach, now, shares=context.shares, language=context.default_language)
    return row, reach, load
