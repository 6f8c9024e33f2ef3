"""Phone and chat systems report the wait and the presence of a contact channel, signed as Standard Webhooks say.

A report that comes late, twice or out of order is answered 204 and ignored.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final, Literal

from fastapi import APIRouter, Request, Response

from app.callbacks.signed import Context, Ctx, Door, Proven
from app.domain.principals import Actor, Role
from app.domain.reading import Reader
from app.errors import Invalid, Problem
from app.store import readings
from app.usecases.post_reading import LONGEST_WAIT, Reading, post_reading
from app.usecases.tell_unstaffed import tell_unstaffed

DOOR: Final = Door(
    "contact-channels",
    "this contact channel",
    "/contact-channels/{slug}/secret",
    4_096,
    Problem("body_too_large", "A reading is a few bytes.", "body", "Send one reading."),
)
What = Literal["wait", "presence"]

router = APIRouter(prefix="/callbacks/contact-channels", tags=["callbacks"])


@router.post("/{slug}/wait", status_code=204, summary="A contact channel's own system reports the wait")
async def wait(slug: str, request: Request, context: Ctx) -> Response:
    """`{"minutes": 25}`, signed with the channel's secret."""
    return await _take(context, slug, "wait", request)


@router.post("/{slug}/presence", status_code=204, summary="A contact channel's own system reports who is there")
async def presence(slug: str, request: Request, context: Ctx) -> Response:
    """`{"staffed": true}`, signed with the channel's secret; sent again before `live_max_age_minutes` are over."""
    return await _take(context, slug, "presence", request)


async def _take(context: Context, slug: str, what: What, request: Request) -> Response:
    def take(proven: Proven) -> str:
        actor = Actor(f"contact channel {slug}", Role.AUTHOR, None, None)
        taken = post_reading(context.db, actor, slug, _reading(what, proven.body, proven.signed_at), proven.now)
        if what == "presence":
            tell_unstaffed(context.db, proven.now)
        return taken.value

    await DOOR.open(request, context, lambda: _secret(context, slug), take)
    return Response(status_code=204)


def _secret(context: Context, slug: str) -> bytes | None:
    with context.db.reading() as connection:
        return readings.secret(connection, slug)


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
