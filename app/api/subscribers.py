"""One subscriber: put in place, read, taken away; shown in the clear, exported and erased, each with its trace."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.api.access import may
from app.api.answers import ConsentView, Erased, Paged, Reachable, SubscriberView
from app.api.context import Ctx
from app.api.problems import REFUSALS
from app.api.schemas import Erasure, Subscriber
from app.domain.consent import Consent
from app.domain.masking import mask
from app.domain.principals import Actor
from app.store import consents, subscribers
from app.store.subscribers import SubscriberRow
from app.usecases.erase_subscriber import erase_subscriber
from app.usecases.export_subscriber import export_subscriber
from app.usecases.save_subscriber import (
    PersonView,
    read_subscriber,
    remove_subscriber,
    save_subscriber,
    show_subscriber,
)

router = APIRouter(prefix="/subscribers/{external_id}", tags=["subscribers"], responses=REFUSALS)
Keeper = Annotated[Actor, may("save_subscriber")]


@router.get("", summary="Read a subscriber")
def read_one(external_id: str, context: Ctx, _actor: Keeper) -> SubscriberView:
    """Addresses are masked."""
    return view(read_subscriber(context.db, external_id))


@router.put("", summary="Put a subscriber in their place", operation_id="put_subscriber")
def put_one(
    external_id: str,
    body: Subscriber,
    context: Ctx,
    actor: Keeper,
    response: Response,
    region: Annotated[str, Query(max_length=2, description="Country of phone numbers without +, for example GB")] = "",
) -> SubscriberView:
    """201 when they are new. Without `addresses` those they have stay; `consents` are said now, and kept with proof."""
    saved, new = save_subscriber(
        context.db, context.keyring, actor, external_id, body.document(), context.clock.now(), region=region
    )
    response.status_code = 201 if new else 200
    return view(saved)


@router.delete("", status_code=204, summary="Remove a subscriber", operation_id="remove_subscriber")
def remove_one(external_id: str, context: Ctx, actor: Keeper) -> None:
    """Their addresses stay known to the ledger and the suppression list; to blank them too, erase."""
    remove_subscriber(context.db, actor, external_id, context.clock.now())


@router.get("/addresses", operation_id="show_addresses", summary="A subscriber with addresses in the clear")
def show(external_id: str, context: Ctx, actor: Annotated[Actor, may("show_address")]) -> SubscriberView:
    """Each look is kept in the audit trail."""
    return view(show_subscriber(context.db, actor, external_id, context.clock.now()), clear=True)


@router.get("/consents", operation_id="list_consents", summary="Everything a subscriber ever agreed to or withdrew")
def said(external_id: str, context: Ctx, _actor: Keeper) -> Paged[ConsentView]:
    with context.db.reading() as connection:
        found = consents.history(connection, subscribers.get(connection, external_id).id)
    return Paged(items=[consent_view(one) for one in found], next_cursor=None)


@router.get("/export", operation_id="export_subscriber", summary="Everything we hold of a subscriber")
def export(external_id: str, context: Ctx, actor: Annotated[Actor, may("export_subscriber")]) -> dict[str, Any]:
    """Addresses in the clear; that it was asked for is kept in the audit trail."""
    return export_subscriber(context.db, context.keyring, actor, external_id, context.clock.now())


@router.post("/erase", operation_id="erase_subscriber", summary="Forget a subscriber for good")
def erase(external_id: str, body: Erasure, context: Ctx, actor: Annotated[Actor, may("erase_subscriber")]) -> Erased:
    """`confirm` is the external id once more. Totals keep adding up, and stopped addresses stay stopped."""
    erased = erase_subscriber(context.db, actor, external_id, body.confirm, context.clock.now())
    return Erased.model_validate(erased)


def view(one: PersonView, *, clear: bool = False) -> SubscriberView:
    return SubscriberView.model_validate(
        {
            **asdict(one.row),
            "addresses": places(one.row, clear=clear),
            "consents": [consent_view(each) for each in one.consents],
        }
    )


def places(row: SubscriberRow, *, clear: bool = False) -> list[Reachable]:
    """`clear`: for whoever may see them, after it was noted."""
    return [
        Reachable(
            address_id=one.address_id,
            medium=one.medium.value,
            address=(one.value or "erased") if clear else mask(one.medium, one.value),
            suppressed=one.suppressed,
            preferred=one.preferred,
        )
        for one in row.addresses
    ]


def consent_view(one: Consent) -> ConsentView:
    return ConsentView.model_validate(one.to_document())
