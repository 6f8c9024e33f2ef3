"""Systems that measure report what is known about a crisis, signed as Standard Webhooks say.

Not proven, or signed more than five minutes ago: 401, and nothing changes. The same webhook again is answered 204 and
counts once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from app.callbacks.contact_readings import Context, Ctx
from app.domain.webhook_signature import Doubt, sent_at
from app.errors import Invalid, Problem, TooLarge, Unauthenticated
from app.observe import CALLBACKS, logger
from app.store import fact_sources
from app.usecases.take_facts import take_facts

BODY_CAP = 64 * 1024
MOST = 100

router = APIRouter(prefix="/callbacks/fact-sources", tags=["callbacks"])


@router.post("/{source}/{crisis}", status_code=204, summary="A system reports facts of a crisis")
async def facts(source: str, crisis: str, request: Request, context: Ctx) -> Response:
    """`{"facts": [{"name", "value", "max_age"}]}`, signed with the source's secret; sent again after a failure."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_CAP:
            raise TooLarge(Problem("body_too_large", "Facts are a few bytes each.", "body", "Send fewer of them."))
    headers = {name.lower(): value for name, value in request.headers.items()}
    await run_in_threadpool(_apply, context, source, crisis, headers, bytes(body))
    return Response(status_code=204)


def _apply(context: Context, source: str, crisis: str, headers: Mapping[str, str], body: bytes) -> None:
    now = context.clock.now()
    with context.db.reading() as connection:
        sealed = fact_sources.secret(connection, source)
    # Without a secret the signature is held against nothing, so that nobody learns which sources there are.
    proof = sent_at(context.keyring.unseal(sealed), headers, body, now) if sealed else Doubt.UNSIGNED
    if isinstance(proof, Doubt):
        CALLBACKS.labels("fact-sources", proof.value).inc()
        logger("clarion.callbacks").warning("facts_refused", source=source[:64], why=proof.value)
        raise _refusal(proof)
    sent, message = _facts(body), headers["webhook-id"]
    taken = take_facts(context.db, source, crisis, sent, message=message, signed_at=proof, now=now)
    CALLBACKS.labels("fact-sources", taken.value).inc()
    context.wake()


def _facts(body: bytes) -> list[Mapping[str, object]]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or nested to break us
        raise _not_facts("The body is not JSON.") from error
    found = read.get("facts") if isinstance(read, dict) else None
    if not isinstance(found, list) or not 0 < len(found) <= MOST or not all(isinstance(one, dict) for one in found):
        raise _not_facts(f"The body has no list of 1 to {MOST} facts.")
    return found


def _not_facts(sentence: str) -> Invalid:
    return Invalid(Problem("bad_facts", sentence, "facts", 'Send {"facts": [{"name": "customers", "value": 4200}]}.'))


def _refusal(doubt: Doubt) -> Unauthenticated:
    if doubt is Doubt.STALE:
        sentence = "This webhook was signed more than five minutes ago or ahead; nothing was changed."
        remedy = "Set the sender's clock, and sign again when sending again."
        return Unauthenticated(Problem("webhook_stale", sentence, "webhook-timestamp", remedy))
    sentence = "This webhook does not carry a valid signature of this source; nothing was changed."
    remedy = "Sign as Standard Webhooks say, with the secret set under /fact-sources/{slug}."
    return Unauthenticated(Problem("callback_not_proven", sentence, "webhook-signature", remedy))
