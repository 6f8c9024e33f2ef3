"""Systems that measure report what is known about a crisis, signed as Standard Webhooks say.

The same webhook again is answered 204 and counts once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request, Response

from app.callbacks.signed import Context, Ctx, Door, Proven
from app.errors import Invalid, Problem
from app.store import fact_sources
from app.usecases.take_facts import take_facts

MOST: Final = 100
DOOR: Final = Door(
    "fact-sources",
    "this source",
    "/fact-sources/{slug}",
    64 * 1024,
    Problem("body_too_large", "Facts are a few bytes each.", "body", "Send fewer of them."),
)

router = APIRouter(prefix="/callbacks/fact-sources", tags=["callbacks"])


@router.post("/{source}/{crisis}", status_code=204, summary="A system reports facts of a crisis")
async def facts(source: str, crisis: str, request: Request, context: Ctx) -> Response:
    """`{"facts": [{"name", "value", "max_age"}]}`, signed with the source's secret; sent again after a failure."""

    def take(proven: Proven) -> str:
        sent = _facts(proven.body)
        return take_facts(
            context.db, source, crisis, sent, message=proven.message, signed_at=proven.signed_at, now=proven.now
        ).value

    await DOOR.open(request, context, lambda: _secret(context, source), take)
    return Response(status_code=204)


def _secret(context: Context, source: str) -> bytes | None:
    with context.db.reading() as connection:
        return fact_sources.secret(connection, source)


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
