"""Audiences: named selections of subscribers, and how many they mean right now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from app.api.access import Reader, may
from app.api.answers import AudienceSize, AudienceView, LeftOut, Paged, paged
from app.api.context import Context, Ctx
from app.api.identifiers import check_same_slug
from app.api.pagination import Cursor, Limit
from app.api.previews import left_out
from app.api.problems import REFUSALS
from app.api.revisions import IfMatch, etag, revision_in
from app.api.schemas import Audience, AudienceRule
from app.domain.principals import Actor
from app.store import audiences
from app.usecases.save_audience import AudienceSize as Measured
from app.usecases.save_audience import measure_audience, read_rule, remove_audience, save_audience

router = APIRouter(prefix="/audiences", tags=["audiences"], responses=REFUSALS)
Keeper = Annotated[Actor, may("save_audience")]


@router.get("", summary="List audiences")
def list_audiences(context: Ctx, _actor: Reader, cursor: Cursor = None, limit: Limit = 50) -> Paged[AudienceView]:
    with context.db.reading() as connection:
        page = audiences.page(connection, cursor=cursor, limit=limit)
    return paged(page, AudienceView.model_validate)


@router.post("", status_code=201, summary="Save a new audience")
def add_audience(body: Audience, context: Ctx, actor: Keeper, response: Response) -> AudienceView:
    return _save(context, actor, body, 0, response)


@router.post("/count", operation_id="count_audience", summary="How many a rule would mean, without saving it")
def count(body: AudienceRule, context: Ctx, _actor: Reader) -> AudienceSize:
    return _size(measure_audience(context.db, read_rule(_given(body))))


@router.get("/{slug}", summary="Read an audience")
def read_audience(slug: str, context: Ctx, _actor: Reader, response: Response) -> AudienceView:
    with context.db.reading() as connection:
        found = audiences.get(connection, slug)
    response.headers["ETag"] = etag(found.revision)
    return AudienceView.model_validate(found)


@router.put("/{slug}", summary="Put an audience in its place")
def put_audience(
    slug: str, body: Audience, context: Ctx, actor: Keeper, response: Response, if_match: IfMatch = None
) -> AudienceView:
    check_same_slug(body.slug, slug)
    return _save(context, actor, body, revision_in(if_match), response)


@router.delete("/{slug}", status_code=204, summary="Remove an audience")
def delete_audience(slug: str, context: Ctx, actor: Keeper, if_match: IfMatch = None) -> None:
    remove_audience(context.db, actor, slug, revision_in(if_match), context.clock.now())


@router.get("/{slug}/size", operation_id="measure_audience", summary="How many an audience means right now")
def size(slug: str, context: Ctx, _actor: Reader) -> AudienceSize:
    with context.db.reading() as connection:
        rule = audiences.get(connection, slug).typed()
    return _size(measure_audience(context.db, rule, slug))


def _size(measured: Measured) -> AudienceSize:
    stopped = [
        LeftOut(medium=medium.value, reason="suppressed", people=people)
        for medium, people in sorted(measured.stopped.items())
    ]
    return AudienceSize(
        people=measured.people,
        addresses={medium.value: count for medium, count in measured.addresses.items()},
        left_out=[*left_out(measured.left_out), *stopped],
        unreachable=measured.unreachable,
    )


def _given(body: AudienceRule) -> dict[str, object]:
    return {name: value for name, value in (("rule", body.rule), ("text", body.text)) if value is not None}


def _save(context: Context, actor: Actor, body: Audience, expected: int | None, response: Response) -> AudienceView:
    saved = save_audience(context.db, actor, body.slug, _given(body), expected, context.clock.now())
    response.headers["ETag"] = etag(saved.revision)
    return AudienceView.model_validate(saved)
