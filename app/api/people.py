"""Subscribers: take in a list, and never write to an address again."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request

from app.api.access import may
from app.api.answers import Imported, Suppressed
from app.api.bodies import Body
from app.api.context import Ctx
from app.api.problems import REFUSALS
from app.api.schemas import Suppression
from app.domain.masking import mask
from app.domain.message import Medium
from app.domain.principals import Actor
from app.domain.subscribers import Defaults
from app.errors import Invalid, Problem
from app.usecases.import_subscribers import import_subscribers
from app.usecases.suppress_address import suppress_address

router = APIRouter(prefix="/subscribers", tags=["subscribers"], responses=REFUSALS)

_CSV: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "external_id,name,email,phone,languages,timezone,area and own columns; UTF-8 or UTF-16",
        "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/import", operation_id="import_subscribers", summary="Take in subscribers from CSV", openapi_extra=_CSV)
def take_in(
    request: Request,
    context: Ctx,
    actor: Annotated[Actor, may("import_subscribers")],
    region: Annotated[str, Query(max_length=2, description="Country of phone numbers without +, for example GB")] = "",
) -> Imported:
    """Streams a body of any size up to 4 GB. Good rows are kept, bad ones reported; the same file may come again."""
    _check_type(request.headers.get("content-type", ""))
    body: Body = request.state.body
    defaults = Defaults(region=region) if region else Defaults()
    report = import_subscribers(
        context.db, context.keyring, actor, body.file, context.clock.now(), defaults=defaults, source="api"
    )
    return Imported.model_validate(report)


@router.post("/suppressions", operation_id="suppress_address", summary="Never write to an address again")
def suppress(body: Suppression, context: Ctx, actor: Annotated[Actor, may("suppress_address")]) -> Suppressed:
    medium = Medium(body.medium)
    suppress_address(context.db, context.keyring, actor, medium, body.address, body.reason, context.clock.now())
    return Suppressed(address=mask(medium, body.address), medium=medium.value)


def _check_type(content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() != "text/csv":
        raise Invalid(
            Problem("not_csv", "The body is not declared as CSV.", "Content-Type", "Send Content-Type: text/csv.")
        )
