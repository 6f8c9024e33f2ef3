"""Phone and chat systems report the wait and the presence of a contact channel, signed as Standard Webhooks say.

Not proven, or signed more than five minutes ago: 401, and nothing changes. A report that comes late, twice or out of
order is answered 204 and ignored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from app.clock import Clock
from app.domain.principals import Actor, Role
from app.domain.reading import Reader
from app.domain.webhook_signature import Doubt, sent_at
from app.errors import Invalid, Problem, TooLarge, Unauthenticated
from app.keyring import Keyring
from app.observe import CALLBACKS, logger
from app.store import readings
from app.store.database import Database
from app.usecases.post_reading import LONGEST_WAIT, Reading, post_reading
from app.usecases.tell_unstaffed import tell_unstaffed

BODY_CAP: Final = 4_096

router = APIRouter(prefix="/callbacks/contact-channels", tags=["callbacks"])


@dataclass(frozen=True, slots=True)
class Context:
    db: Database
    clock: Clock
    keyring: Keyring
    wake: Callable[[], None] = lambda: None


def _context(request: Request) -> Context:
    context: Context = request.app.state.contact_readings
    return context


Ctx = Annotated[Context, Depends(_context)]
What = Literal["wait", "presence"]


@router.post("/{slug}/wait", status_code=204, summary="A contact channel's own system reports the wait")
async def wait(slug: str, request: Request, context: Ctx) -> Response:
    """`{"minutes": 25}`, signed with the channel's secret."""
    return await _take(context, slug, "wait", request)


@router.post("/{slug}/presence", status_code=204, summary="A contact channel's own system reports who is there")
async def presence(slug: str, request: Request, context: Ctx) -> Response:
    """`{"staffed": true}`, signed with the channel's secret; sent again before `live_max_age_minutes` are over."""
    return await _take(context, slug, "presence", request)


async def _take(context: Context, slug: str, what: What, request: Request) -> Response:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_CAP:
            raise TooLarge(Problem("body_too_large", "A reading is a few bytes.", "body", "Send one reading."))
    headers = {name.lower(): value for name, value in request.headers.items()}
    await run_in_threadpool(_apply, context, slug, what, headers, bytes(body))
    return Response(status_code=204)


def _apply(context: Context, slug: str, what: What, headers: Mapping[str, str], body: bytes) -> None:
    now = context.clock.now()
    with context.db.reading() as connection:
        sealed = readings.secret(connection, slug)
    # Without a secret the signature is held against nothing, so that nobody learns which channels there are.
    proof = sent_at(context.keyring.unseal(sealed), headers, body, now) if sealed else Doubt.UNSIGNED
    if isinstance(proof, Doubt):
        CALLBACKS.labels("contact-channels", proof.value).inc()
        logger("clarion.callbacks").warning("reading_refused", contact_channel=slug[:64], why=proof.value)
        raise _refusal(proof)
    actor = Actor(f"contact channel {slug}", Role.AUTHOR, None, None)
    taken = post_reading(context.db, actor, slug, _reading(what, body, proof), now)
    CALLBACKS.labels("contact-channels", taken.value).inc()
    if what == "presence":
        tell_unstaffed(context.db, now)
    context.wake()


def _reading(what: What, body: bytes, at: datetime) -> Reading:
    try:
        read = Reader(json.loads(body))
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or nested to break us
        raise Invalid(Problem("bad_json", "The body is not JSON.", "body", 'Send {"minutes": 25}.')) from error
    if what == "wait":
        minutes = read.number("minutes", 0, LONGEST_WAIT)
        if not read.has("minutes"):
            read.problem("missing", "minutes", "is missing", 'Send {"minutes": 25}.')
        read.done()
        return Reading(at, wait_minutes=minutes)
    staffed = read.flag("staffed")
    if not read.has("staffed"):
        read.problem("missing", "staffed", "is missing", 'Send {"staffed": true}.')
    read.done()
    return Reading(at, staffed=staffed)


def _refusal(doubt: Doubt) -> Unauthenticated:
    if doubt is Doubt.STALE:
        return Unauthenticated(
            Problem(
                "webhook_stale",
                "This webhook was signed more than five minutes ago or ahead; nothing was changed.",
                "webhook-timestamp",
                "Set the sender's clock, and sign again when sending again.",
            )
        )
    return Unauthenticated(
        Problem(
            "callback_not_proven",
            "This webhook does not carry a valid signature of this contact channel; nothing was changed.",
            "webhook-signature",
            "Sign as Standard Webhooks say, with the secret set under /contact-channels/{slug}/secret.",
        )
    )
