"""Subscribers: take in a list, look at it, and never write to an address again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from app.api.access import Reader, may
from app.api.answers import Given, Imported, Paged, SubscriberView, Suppressed, paged
from app.api.bodies import Body
from app.api.context import Ctx
from app.api.identifiers import RowId
from app.api.pagination import Cursor, Limit
from app.api.problems import REFUSALS
from app.api.schemas import Reason, Suppression
from app.api.subscribers import view
from app.domain.imports import Plan
from app.domain.masking import mask
from app.domain.message import Medium
from app.domain.principals import Actor
from app.domain.subscribers import COLUMNS, Defaults
from app.errors import Invalid, Problem
from app.store import addresses, subscribers
from app.store.addresses import SuppressionRow
from app.store.subscribers import SubscriberRow
from app.usecases.export_subscribers import export_subscribers
from app.usecases.import_subscribers import import_subscribers
from app.usecases.lift_suppression import lift_suppression
from app.usecases.save_subscriber import PersonView
from app.usecases.suppress_address import suppress_address

router = APIRouter(prefix="/subscribers", tags=["subscribers"], responses=REFUSALS)

_CSV: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": f"{','.join(COLUMNS)} and own columns; UTF-8 or UTF-16",
        "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("", summary="List subscribers in the order they came")
def list_subscribers(
    context: Ctx,
    _actor: Annotated[Actor, may("import_subscribers")],
    external_id: Annotated[str | None, Query(max_length=200, description="Only this one")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Paged[SubscriberView]:
    """Addresses are masked. An external id that does not exist is an empty list."""
    with context.db.reading() as connection:
        if external_id is None:
            return paged(subscribers.page(connection, cursor=cursor, limit=limit), _view)
        return Paged(items=[_view(one) for one in subscribers.find(connection, external_id)], next_cursor=None)


@router.post("/import", operation_id="import_subscribers", summary="Take in subscribers from CSV", openapi_extra=_CSV)
def take_in(
    request: Request,
    context: Ctx,
    actor: Annotated[Actor, may("import_subscribers")],
    region: Annotated[str, Query(max_length=2, description="Country of phone numbers without +, for example GB")] = "",
    encoding: Annotated[str, Query(max_length=32, description="If it is no UTF-8 or UTF-16: windows-1252, ..")] = "",
    column: Annotated[list[str] | None, Query(description="`Mobile=phone`; `Notes=` leaves a column out")] = None,
    dry_run: Annotated[bool, Query(description="Only say what would come of it")] = False,  # noqa: FBT002 - a query
) -> Imported:
    """Streams a body of any size up to 4 GB. Good rows are kept, bad ones reported.

    Interrupted, it goes on where it stood when the same body comes again with the same parameters.
    """
    _check_type(request.headers.get("content-type", ""))
    body: Body = request.state.body
    mapping = {name.strip(): target for name, _, target in (one.partition("=") for one in column or [])}
    plan = Plan(mapping, encoding, "", Defaults(region=region), dry_run)
    report = import_subscribers(
        context.db, context.keyring, actor, body.file, context.clock.now(), plan=plan, source="api"
    )
    return Imported.model_validate(report)


@router.get("/export", operation_id="export_subscribers", summary="Everybody as CSV", response_class=StreamingResponse)
def take_out(
    context: Ctx, actor: Annotated[Actor, may("export_subscribers")], *, consents: bool = False
) -> StreamingResponse:
    """Streamed; addresses in the clear, nothing a spreadsheet would run. The audit trail keeps who took it.

    `consents`: with what people agreed to for a whole medium, where one row can say it.
    """
    found = export_subscribers(context.db, actor, context.clock.now(), consents=consents)
    return StreamingResponse(found, media_type="text/csv; charset=utf-8")


class Listed(Given):
    address_id: int
    medium: str
    address: str = Field(description="Masked")
    reason: str = Field(description="opted_out, unsubscribed, bounced, complained, invalid, or what staff wrote")
    also: str = Field(description="What stays when the person's own STOP is taken back; empty = nothing")
    source: str | None = Field(description="Who says so: person, provider or staff; null = nobody noted it")
    at: datetime


@router.get("/suppressions", summary="List addresses never to write to")
def list_suppressions(context: Ctx, _actor: Reader, cursor: Cursor = None, limit: Limit = 50) -> Paged[Listed]:
    """This list stands above all others. Addresses are masked."""
    with context.db.reading() as connection:
        return paged(addresses.suppression_page(connection, cursor=cursor, limit=limit), listed)


def listed(row: SuppressionRow) -> Listed:
    """As every face shows it."""
    return Listed(
        address_id=row.address_id,
        medium=row.medium.value,
        address=mask(row.medium, row.value),
        reason=row.reason,
        also=row.also,
        source=row.source.value if row.source else None,
        at=row.at,
    )


@router.post("/suppressions", operation_id="suppress_address", summary="Never write to an address again")
def suppress(body: Suppression, context: Ctx, actor: Annotated[Actor, may("suppress_address")]) -> Suppressed:
    medium = Medium(body.medium)
    suppress_address(context.db, context.keyring, actor, medium, body.address, body.reason, context.clock.now())
    return Suppressed(address=mask(medium, body.address), medium=medium.value)


class Lifting(Reason):
    seen: str = Field("", max_length=32, description="The reason you saw: refused when it is another one by now")


@router.post("/suppressions/{address_id}/lift", operation_id="lift_suppression", summary="Write to an address again")
def lift(
    address_id: RowId, body: Lifting, context: Ctx, actor: Annotated[Actor, may("lift_suppression")]
) -> Suppressed:
    """For somebody who asked for it themselves; the reason is kept in the audit trail."""
    row = lift_suppression(context.db, actor, address_id, body.reason, context.clock.now(), body.seen)
    return Suppressed(address=mask(row.medium, row.value), medium=row.medium.value)


def _view(row: SubscriberRow) -> SubscriberView:
    return view(PersonView(row, ()))


def _check_type(content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() != "text/csv":
        raise Invalid(
            Problem("not_csv", "The body is not declared as CSV.", "Content-Type", "Send Content-Type: text/csv.")
        )
