"""Providers report here: proven to come from the provider, translated by its channel, kept, then acknowledged.

Anything that is not proven changes nothing. A repeated event changes nothing either: receipts are unique by their
event. A word we do not know is kept, counted and changes no delivery.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from app.callbacks.intake import Intake
from app.callbacks.known import Known
from app.clock import Clock
from app.domain.endpoints import Endpoint
from app.domain.message import Channel, Forged, Inbound, Receipt, ReceiptKind, ReportsReceipts
from app.errors import Problem, TooLarge, Unauthenticated, not_found
from app.observe import CALLBACKS, RECEIPTS, logger

BODY_CAP: Final = 4 << 20
"""SendGrid batches events into bodies of up to about 1 MB; four times that is nobody's callback."""

AT_ONCE: Final = 16_384
"""Bodies up to this size are checked and read in the event loop (well under a millisecond), larger ones in a thread."""

router = APIRouter(prefix="/callbacks", tags=["callbacks"])


@dataclass(frozen=True, slots=True)
class Context:
    """What the callbacks work with; wiring makes it."""

    known: Known
    clock: Clock
    public_base: str
    intake: Intake
    open_channel: Callable[[Endpoint], Channel]


def _context(request: Request) -> Context:
    context: Context = request.app.state.callbacks
    return context


Ctx = Annotated[Context, Depends(_context)]


@router.post("/{endpoint}", status_code=204, summary="A provider reports about many deliveries")
async def report_many(endpoint: str, request: Request, context: Ctx) -> Response:
    """Signed by the provider (for example SendGrid's event webhook); each event names its delivery."""
    return await _take(context, endpoint, "", request)


@router.post("/{endpoint}/{reference}", status_code=204, summary="A provider reports about one delivery")
async def report_one(endpoint: str, reference: str, request: Request, context: Ctx) -> Response:
    """Signed by the provider (for example Twilio's status callback); `reference` is our signed delivery reference."""
    return await _take(context, endpoint, reference, request)


async def _take(context: Context, slug: str, reference: str, request: Request) -> Response:
    body = await _body(request)
    inbound = Inbound(
        url=context.public_base + _path_and_query(request),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        reference=reference,
    )
    await _keep(context, slug, inbound)
    return Response(status_code=204)


async def _keep(context: Context, slug: str, inbound: Inbound) -> None:
    now = context.clock.now()
    try:
        endpoint, receipts = await _proven(context, slug, inbound, now)
    except Forged as error:
        CALLBACKS.labels(slug, "forged").inc()
        logger("clarion.callbacks").warning("callback_refused", endpoint=slug, why=str(error))
        raise _unproven() from error
    kept = await context.intake.take(endpoint.id, receipts, now)
    CALLBACKS.labels(slug, "taken" if kept.new else "nothing_new").inc()
    for kind, number in Counter(receipt.kind.value for receipt in receipts).items():
        RECEIPTS.labels(slug, kind).inc(number)
    if kept.new:
        _name_the_unknown(slug, receipts)


async def _proven(context: Context, slug: str, inbound: Inbound, now: datetime) -> tuple[Endpoint, Sequence[Receipt]]:
    """Raise Forged only after the signature was held against the secret as it is now."""
    endpoint = await context.known.get(slug)
    try:
        return endpoint, await _heard(context, endpoint, inbound, now)
    except Forged:
        endpoint = await context.known.again(slug)
        return endpoint, await _heard(context, endpoint, inbound, now)


async def _heard(context: Context, endpoint: Endpoint, inbound: Inbound, now: datetime) -> Sequence[Receipt]:
    channel = context.open_channel(endpoint)
    if not isinstance(channel, ReportsReceipts):
        CALLBACKS.labels(endpoint.slug, "not_expected").inc()
        raise not_found("callback", endpoint.slug)
    if len(inbound.body) > AT_ONCE:
        return await run_in_threadpool(_read, channel, inbound, now)
    return _read(channel, inbound, now)


def _read(channel: ReportsReceipts, inbound: Inbound, now: datetime) -> Sequence[Receipt]:
    channel.verify(inbound, now)
    return channel.receipts(inbound)


def _name_the_unknown(slug: str, receipts: Sequence[Receipt]) -> None:
    for word in sorted({receipt.code for receipt in receipts if receipt.kind is ReceiptKind.UNKNOWN}):
        logger("clarion.callbacks").warning(
            "unknown_status",
            endpoint=slug,
            field="status",
            value=word[:64],
            why="The provider used a word we do not know; the report is kept and changes no delivery.",
            remedy="Look the word up at the provider; a newer version of the channel may know it.",
        )


def _path_and_query(request: Request) -> str:
    # As it came over the wire: signatures cover the exact bytes.
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope["query_string"]
    return raw.partition(b"?")[0].decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_CAP:
            raise TooLarge(
                Problem("body_too_large", "No provider sends callbacks of this size.", "body", "Send fewer events.")
            )
    return bytes(body)


def _unproven() -> Unauthenticated:
    return Unauthenticated(
        Problem(
            "callback_not_proven",
            "This callback does not carry a valid signature of the provider; nothing was changed.",
            "signature",
            "Check the endpoint's signing secret and that CLARION_PUBLIC_URL is the address the provider calls.",
        )
    )
