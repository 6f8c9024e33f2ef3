"""A browser offers its own device: the script and the worker for it, and where its subscription is handed in.

Nothing is kept of it before the device has answered the first message we wrote to it: who posts other people's or
invented subscriptions makes nobody a subscriber.
"""

from __future__ import annotations

import json
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from app.domain.audience import choose_language
from app.domain.sign_ups import Fault, read_device_asking
from app.domain.snapshot import JAVASCRIPT
from app.errors import Problem, TooLarge, Unavailable
from app.publishing.subscribe_pages import DeviceOffer, app_manifest, words_agreed
from app.store.database import FAULTS
from app.store.endpoints import push_key
from app.usecases.ask_sign_up import ask_sign_up
from app.visitors.dressing import dressed, known_language
from app.visitors.embedded import embedded
from app.visitors.forms import Context, Ctx

BODY_CAP: Final = 16 * 1024
WORKER_CSP: Final = "default-src 'none'; connect-src 'self'"
MOST_TOPICS: Final = 200

router = APIRouter(prefix="/s", include_in_schema=False)


async def given_of(request: Request) -> dict[str, object]:
    """The JSON a page of ours sends; {} for anything else, another page's plain form among it. Raise TooLarge."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_CAP:
            raise TooLarge(Problem("body_too_large", "No subscription is so large.", "body", "Try again."))
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


Given = Annotated[dict[str, object], Depends(given_of)]


@router.get("/device.js")
@router.head("/device.js")
def script(context: Ctx) -> Response:
    return _script(context.press.scripts["device.js"])


@router.get("/worker.js")
@router.head("/worker.js")
def worker(context: Ctx) -> Response:
    """Of the folder /s/; browsers look once a day whether it has changed."""
    return _script(context.press.scripts["push_worker.js"])


def _script(body: bytes) -> Response:
    headers = {
        "cache-control": "no-cache",
        "content-security-policy": WORKER_CSP,
        "x-content-type-options": "nosniff",
    }
    return Response(body, 200, headers, JAVASCRIPT)


@router.get("/{language}/app.webmanifest")
@router.head("/{language}/app.webmanifest")
def manifest(language: str, context: Ctx) -> Response:
    page = known_language(context, language)
    try:
        press, _topics = dressed(context)
    except FAULTS:
        return device_later(context, language)
    body = json.dumps(app_manifest(press, page, context.clock.now()), ensure_ascii=False)
    headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
    return Response(body, 200, headers, "application/manifest+json")


@router.post("/{language}/device")
def ask(language: str, request: Request, context: Ctx, given: Given) -> Response:
    try:
        return ask_device(context, request, given, known_language(context, language))
    except FAULTS:
        return device_later(context, language)


def ask_device(
    context: Context, request: Request, given: dict[str, object], page: str, beside: int | None = None
) -> Response:
    """`beside`: the address whose holder asks. Raise what the database raises.

    `text` says that a message is on its way, `fault` (422, 429) why none is. The limits are those of every form.
    """
    now, (press, topics) = context.clock.now(), dressed(context)
    say = press.plain_frame(page, now).tongue.say
    with context.db.reading() as connection:
        if not push_key(connection) or not context.sign_ups.media:
            return embedded({"fault": say("device_failed")}, 404, "")
    listed = given.get("topics")
    chosen = [str(one) for one in listed[:MOST_TOPICS]] if isinstance(listed, list) else []
    reads = choose_language([str(given.get("language") or page)], press.templating.languages(), page)
    known, area = [topic.slug for topic in topics], str(given.get("area") or "")
    asking = read_device_asking(_line(given.get("subscription")), reads, area, chosen, known)
    if isinstance(asking, Fault):
        return embedded({"fault": say("device_failed" if asking is Fault.ADDRESS else asking.value)}, 422, "")
    host = request.client.host if request.client else ""
    version = words_agreed(press, page, topics, now, "device_consent")
    try:
        ask_sign_up(context.db, context.keyring, asking, host, version, now, beside)
    except Unavailable as refused:
        if refused.problems[0].code != "too_many_forms":
            raise
        return embedded({"fault": say("subscribe_too_many_text")}, 429, "")
    context.wake()
    return embedded({"text": say("device_wait")}, 202, "")


def _line(subscription: object) -> str:
    """As app/domain/devices.py reads it; of what `PushSubscription.toJSON()` gives, the texts in it."""
    outer = subscription if isinstance(subscription, dict) else {}
    keys = outer.get("keys")
    inner = keys if isinstance(keys, dict) else {}
    return " ".join(str(one) for one in (outer.get("endpoint"), inner.get("p256dh"), inner.get("auth")))


def device_later(context: Context, language: str) -> Response:
    """The database does not answer."""
    say = context.press.plain_frame(known_language(context, language), context.clock.now()).tongue.say
    return embedded({"fault": f"{say('later_title')} {say('later_text')}"}, 503, "")


def offered_device(context: Context, post: str) -> DeviceOffer | None:
    """None while no endpoint reaches browsers, or people may not subscribe themselves. Raise what the database does."""
    if not context.sign_ups.media:
        return None
    with context.db.reading() as connection:
        key = push_key(connection)
    return DeviceOffer(key, post) if key else None
