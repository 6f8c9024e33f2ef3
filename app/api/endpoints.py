"""Endpoints: the configured ways out, and the channels they can be made of."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from app.api.access import Reader, may
from app.api.answers import ChannelField, ChannelView, EndpointView, Paged, paged
from app.api.context import Context, Ctx
from app.api.identifiers import check_same_slug
from app.api.pagination import Cursor, Limit
from app.api.problems import REFUSALS
from app.api.revisions import IfMatch, etag, revision_in
from app.api.schemas import Endpoint as EndpointBody
from app.domain.endpoints import Endpoint
from app.domain.endpoints import view as as_document
from app.domain.principals import Actor
from app.errors import Invalid
from app.store import endpoints
from app.usecases.save_endpoint import save_endpoint

router = APIRouter(responses=REFUSALS, tags=["endpoints"])
Keeper = Annotated[Actor, may("save_endpoint")]


@router.get("/channels", summary="List the channels an endpoint can use, with their settings")
def list_channels(context: Ctx, _actor: Reader) -> list[ChannelView]:
    return [_channel(context, name) for name in context.channels]


@router.get("/endpoints", summary="List endpoints")
def list_endpoints(context: Ctx, _actor: Reader, cursor: Cursor = None, limit: Limit = 50) -> Paged[EndpointView]:
    with context.db.reading() as connection:
        page = endpoints.page(connection, cursor=cursor, limit=limit)
    return paged(page, lambda endpoint: _view(context, endpoint))


@router.get("/endpoints/{slug}", summary="Read an endpoint; its secrets read ***")
def read_endpoint(slug: str, context: Ctx, _actor: Reader, response: Response) -> EndpointView:
    with context.db.reading() as connection:
        found = endpoints.get(connection, slug)
    response.headers["ETag"] = etag(found.revision)
    return _view(context, found)


@router.post("/endpoints", status_code=201, summary="Add an endpoint")
def add_endpoint(body: EndpointBody, context: Ctx, actor: Keeper, response: Response) -> EndpointView:
    return _save(context, actor, body.slug, body, 0, response)


@router.put("/endpoints/{slug}", summary="Change an endpoint; lifts a halt")
def put_endpoint(
    slug: str, body: EndpointBody, context: Ctx, actor: Keeper, response: Response, if_match: IfMatch = None
) -> EndpointView:
    check_same_slug(body.slug, slug)
    return _save(context, actor, slug, body, revision_in(if_match), response)


def _save(
    context: Context, actor: Actor, slug: str, body: EndpointBody, expected: int | None, response: Response
) -> EndpointView:
    problems = context.check_settings(body.channel, body.settings) if body.channel in context.channels else ()
    if problems:
        raise Invalid(problems)
    saved = save_endpoint(
        context.db, context.keyring, context.facts, actor, slug, body.document(), expected, context.clock.now()
    )
    context.wake()
    response.headers["ETag"] = etag(saved.revision)
    return _view(context, saved)


def _view(context: Context, endpoint: Endpoint) -> EndpointView:
    return EndpointView.model_validate(as_document(endpoint, context.facts(endpoint.channel)))


def _channel(context: Context, name: str) -> ChannelView:
    info, facts = context.channels[name], context.facts(name)
    return ChannelView(
        name=name,
        title=info.title,
        medium=info.medium.value,
        batch_size=info.batch_size,
        rate_per_second=info.rate_per_second,
        docs_url=info.docs_url,
        settings=[ChannelField.model_validate(field) for field in (facts.fields if facts else ())],
    )
