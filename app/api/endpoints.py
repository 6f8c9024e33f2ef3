"""Endpoints: the configured ways out, and the channels they can be made of."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field

from app.api.access import Reader, may
from app.api.answers import BreakerView, ChannelField, ChannelView, EndpointView, Given, Paged, paged
from app.api.context import Context, Ctx
from app.api.identifiers import check_same_slug
from app.api.pagination import Cursor, Limit
from app.api.problems import REFUSALS
from app.api.revisions import IfMatch, etag, revision_in
from app.api.schemas import Endpoint as EndpointBody
from app.api.schemas import Sent
from app.clock import from_ms, to_ms
from app.domain.endpoints import Endpoint
from app.domain.endpoints import view as as_document
from app.domain.principals import Actor
from app.errors import Invalid
from app.store import breakers, endpoints
from app.store.breakers import CLOSED, OPEN, BreakerRow
from app.usecases.halt_endpoint import close_endpoint
from app.usecases.resume_endpoint import resume_endpoint
from app.usecases.save_endpoint import save_endpoint
from app.usecases.try_endpoint import try_endpoint

router = APIRouter(responses=REFUSALS, tags=["endpoints"])
Keeper = Annotated[Actor, may("save_endpoint")]


class Halt(Sent):
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"reason": "Wrong sender"}]})
    reason: str = Field("", max_length=150, description="Stands with the endpoint, after the name of whoever halted it")


class TrialView(Given):
    notice_id: int
    place: str = Field(description="Masked; empty: the endpoint itself")


@router.get("/channels", summary="List the channels an endpoint can use, with their settings")
def list_channels(context: Ctx, _actor: Reader) -> list[ChannelView]:
    return [_channel(context, name) for name in context.channels]


@router.get("/endpoints", summary="List endpoints")
def list_endpoints(context: Ctx, _actor: Reader, cursor: Cursor = None, limit: Limit = 50) -> Paged[EndpointView]:
    with context.db.reading() as connection:
        page = endpoints.page(connection, cursor=cursor, limit=limit)
        known = breakers.everything(connection)
    return paged(page, lambda endpoint: _view(context, endpoint, known.get(endpoint.id)))


@router.get("/endpoints/{slug}", summary="Read an endpoint; its secrets read ***")
def read_endpoint(slug: str, context: Ctx, _actor: Reader, response: Response) -> EndpointView:
    with context.db.reading() as connection:
        found = endpoints.get(connection, slug)
        known = breakers.everything(connection).get(found.id)
    response.headers["ETag"] = etag(found.revision)
    return _view(context, found, known)


@router.post("/endpoints", status_code=201, summary="Add an endpoint")
def add_endpoint(body: EndpointBody, context: Ctx, actor: Keeper, response: Response) -> EndpointView:
    return _save(context, actor, body.slug, body, 0, response)


@router.put("/endpoints/{slug}", summary="Change an endpoint; lifts a halt")
def put_endpoint(
    slug: str, body: EndpointBody, context: Ctx, actor: Keeper, response: Response, if_match: IfMatch = None
) -> EndpointView:
    check_same_slug(body.slug, slug)
    return _save(context, actor, slug, body, revision_in(if_match), response)


@router.post("/endpoints/{slug}/resume", operation_id="resume_endpoint", summary="Lift a halt")
def resume(slug: str, context: Ctx, actor: Annotated[Actor, may("resume_endpoint")]) -> EndpointView:
    """For a fault that was mended at the provider; its waiting deliveries go on."""
    row = resume_endpoint(context.db, actor, slug, context.clock.now())
    context.wake()
    return _view(context, row)


@router.post("/endpoints/{slug}/halt", operation_id="halt_endpoint", summary="Let nothing more leave by it")
def halt(slug: str, body: Halt, context: Ctx, actor: Annotated[Actor, may("halt_endpoint")]) -> EndpointView:
    """What waits for it stays until somebody resumes it; what is in flight arrives."""
    row = close_endpoint(context.db, actor, slug, body.reason, context.clock.now())
    return _view(context, row)


@router.post(
    "/endpoints/{slug}/try", status_code=202, operation_id="try_endpoint", summary="Send yourself a test by it"
)
def attempt(slug: str, context: Ctx, actor: Annotated[Actor, may("try_endpoint")]) -> TrialView:
    """To an address of the caller's own; what becomes of it stands among the notices to staff."""
    return TrialView.model_validate(try_endpoint(context.db, actor, slug, context.clock.now()))


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


def _view(context: Context, endpoint: Endpoint, known: BreakerRow | None = None) -> EndpointView:
    shown = as_document(endpoint, context.facts(endpoint.channel))
    return EndpointView.model_validate({**shown, "breaker": _breaker(known, to_ms(context.clock.now()))})


def _breaker(known: BreakerRow | None, now_ms: int) -> BreakerView:
    if known is None:
        return BreakerView(state=CLOSED, reason="", since=None, until=None)
    until = from_ms(known.until_ms) if known.state == OPEN else None
    return BreakerView(state=known.phase(now_ms), reason=known.reason, since=from_ms(known.since_ms), until=until)


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
