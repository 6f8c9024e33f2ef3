"""The addresses at which providers report, as the API's document shows them; `front` answers them."""

from __future__ import annotations

from typing import NoReturn

from fastapi import APIRouter, Request

router = APIRouter(prefix="/callbacks", tags=["callbacks"])


@router.post("/{endpoint}", status_code=204, summary="A provider reports about many deliveries")
async def report_many(endpoint: str, request: Request) -> None:  # noqa: ARG001 - named for the document
    """Signed by the provider (for example SendGrid's event webhook); each event names its delivery.

    Texts that people send us come here too (Twilio's "a message comes in"): thanked with 200 and an empty answer.
    """
    _refuse(request)


@router.post("/{endpoint}/{reference}", status_code=204, summary="A provider reports about one delivery")
async def report_one(endpoint: str, reference: str, request: Request) -> None:  # noqa: ARG001 - likewise
    """Signed by the provider (for example Twilio's status callback); `reference` is our signed delivery reference."""
    _refuse(request)


def _refuse(request: Request) -> NoReturn:
    """Only what `front` refuses comes here: the framework words it like every other refusal."""
    refusal: Exception = request.state.refusal
    raise refusal
