"""People subscribe themselves: a form, a link to their address, and one button on the page it leads to.

Whatever is typed, the answer depends on nothing but what was typed and how often somebody came: whether an address is
known, stopped or new is looked up later, where nobody waits for it. GET confirms nothing, since robots open every link.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from app.domain.audience import choose_language
from app.domain.manage import manage_token
from app.domain.masking import mask
from app.domain.message import MEDIUM_CODES
from app.domain.sign_ups import Fault, read_asking
from app.domain.topics import Topic
from app.errors import NotFound, Problem, TooLarge, Unavailable
from app.publishing.building import Press
from app.publishing.notices import Notice, notice_page
from app.publishing.subscribe_pages import Filled, subscribe_page, subscribe_words, words_agreed
from app.store.database import FAULTS
from app.usecases.ask_sign_up import ask_sign_up
from app.usecases.confirm_sign_up import LookedAt, Stands, confirm_sign_up, look_at_sign_up
from app.visitors.devices import offered_device
from app.visitors.dressing import dressed, known_language, later, wanted_language
from app.visitors.embedded import allowed_origin, embedded, wants_json
from app.visitors.forms import Context, Ctx

FORM_CAP: Final = 16 * 1024
"""Bytes of a form."""

router = APIRouter(include_in_schema=False)

Fields = dict[str, list[str]]


async def fields_of(request: Request) -> Fields:
    """The form's fields, none when they are no text. Raise TooLarge."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_CAP:
            raise TooLarge(Problem("body_too_large", "No form of ours is so large.", "body", "Fill in the form."))
    try:
        return parse_qs(body.decode("utf-8"), max_num_fields=200, errors="strict", keep_blank_values=True)
    except ValueError:
        return {}


Form = Annotated[Fields, Depends(fields_of)]


@router.get("/s")
@router.head("/s")
def begin(request: Request, context: Ctx) -> Response:
    return RedirectResponse(f"/s/{wanted_language(context, request)}", 303)


@router.get("/s/{language}")
@router.head("/s/{language}")
def show(language: str, context: Ctx) -> Response:
    try:
        press, topics = dressed(context)
    except FAULTS:
        return later(context, language)
    return _form(context, press, topics, Filled(), known_language(context, language), 200)


@router.get("/s/{language}/form.json")
def words(language: str, request: Request, context: Ctx) -> Response:
    """What templates/site/subscribe.js draws the same form with on a registered website; 404 while it is closed."""
    page = known_language(context, language)
    try:
        origin = allowed_origin(context, request)
        press, topics = dressed(context)
    except FAULTS:
        return embedded({}, 503, "")
    if not context.sign_ups.offered:
        return embedded({}, 404, origin)
    return embedded(subscribe_words(press, context.sign_ups.offered, topics, page, context.clock.now()), 200, origin)


@router.post("/s/{language}")
def ask(language: str, request: Request, context: Ctx, fields: Form) -> Response:
    """The same answer for every address; one that cannot be one, or that texts do not go to, is told at once.

    As JSON for our script on a registered website, which asks for it; for no other.
    """
    page, script, origin = known_language(context, language), wants_json(request), ""
    try:
        origin = allowed_origin(context, request) if script else ""
        if script and origin == "" and request.headers.get("origin"):
            return embedded({}, 403, "")
        told = _asked(context, request, fields, page)
    except FAULTS:
        told = Told(503, None, Notice("later", {}))
    if script:
        return embedded(_spoken(context, told, page), told.status, origin)
    if told.filled is not None and told.press is not None:
        return _form(context, told.press, told.topics, told.filled, page, told.status)
    answer = _said(context, told.press or context.press, told.notice, page, told.status)
    if told.status == 503:
        answer.headers["retry-after"] = "60"
    return answer


@dataclass(frozen=True, slots=True)
class Told:
    """What whoever sent the form is answered, on whatever page it stands."""

    status: int
    press: Press | None
    notice: Notice
    filled: Filled | None = None
    """The form again, with what is wrong in it."""
    topics: Sequence[Topic] = ()


def _asked(context: Context, request: Request, fields: Fields, page: str) -> Told:
    now, (press, topics) = context.clock.now(), dressed(context)
    typed = {name: (fields.get(name) or [""])[0].strip() for name in ("address", "area", "language")}
    reads = choose_language([typed["language"] or page], context.press.templating.languages(), page)
    chosen, known = [one for one in fields.get("topic", []) if one], [topic.slug for topic in topics]
    asking = read_asking(context.sign_ups, typed["address"][:320], reads, typed["area"], chosen, known)
    if isinstance(asking, Fault):
        filled = Filled(typed["address"][:320], reads, typed["area"][:64], frozenset(chosen), asking.value)
        return Told(422, press, Notice("subscribed", {}), filled, topics)
    host = request.client.host if request.client else ""
    try:
        ask_sign_up(context.db, context.keyring, asking, host, words_agreed(press, page, topics, now), now)
    except Unavailable as refused:
        if refused.problems[0].code != "too_many_forms":
            return Told(503, press, Notice("later", {}))
        return Told(429, press, Notice("subscribe_too_many", {}))
    context.wake()
    return Told(200, press, Notice("subscribed", {}, note="subscribed_stop"))


def _spoken(context: Context, told: Told, language: str) -> dict[str, str]:
    """The same words for the script: `fault` and its `field`, or `title`, `text` and `note`."""
    say = (told.press or context.press).plain_frame(language, context.clock.now()).tongue.say
    if told.filled is not None:
        return {"fault": say(told.filled.fault), "field": "" if told.filled.fault == Fault.TOPIC else "address"}
    title, text = say(f"{told.notice.key}_title"), say(f"{told.notice.key}_text")
    if told.status != 200:
        return {"fault": f"{title} {text}", "field": ""}
    return {"title": title, "text": text, "note": say(told.notice.note)}


@router.get("/s/c/{token}")
@router.head("/s/c/{token}")
def look(token: str, request: Request, context: Ctx) -> Response:
    try:
        found, (press, _topics) = _looked_at(context, token), dressed(context)
    except FAULTS:
        return later(context, wanted_language(context, request))
    if found is None:
        return _said(context, press, Notice("bad_link", {}), wanted_language(context, request), 404)
    return _standing(context, press, found)


@router.post("/s/c/{token}")
def confirm(token: str, request: Request, context: Ctx) -> Response:
    """The body does not matter: the link is the proof."""
    try:
        press, _topics = dressed(context)
    except FAULTS:
        return later(context, wanted_language(context, request))
    try:
        found = confirm_sign_up(context.db, context.keyring, token, context.clock.now())
    except NotFound:
        return _said(context, press, Notice("bad_link", {}), wanted_language(context, request), 404)
    except FAULTS:
        return later(context, wanted_language(context, request))
    if wants_json(request):
        return embedded(_answered(context, press, found), 200, "")
    return _standing(context, press, found)


def _answered(context: Context, press: Press, found: LookedAt) -> dict[str, str]:
    """For the worker on a device that confirms by itself: `text`, and the personal link once they are subscribed."""
    say = press.plain_frame(known_language(context, found.asking.language), context.clock.now()).tongue.say
    if found.stands is not Stands.DONE:
        return {"text": say("device_failed"), "link": ""}
    return {"text": say("device_done"), "link": _own_link(context, found)}


def _own_link(context: Context, found: LookedAt) -> str:
    token = manage_token(context.manage_key, found.address_id or 0, MEDIUM_CODES[found.asking.medium])
    return f"/m/{token}"


def _looked_at(context: Context, token: str) -> LookedAt | None:
    try:
        return look_at_sign_up(context.db, context.keyring, token, context.clock.now())
    except NotFound:
        return None


def _standing(context: Context, press: Press, found: LookedAt) -> Response:
    asking = found.asking
    address = {"address": mask(asking.medium, asking.value)}
    match found.stands:
        case Stands.WAITS:
            notice = Notice("confirm", address, button="confirm_button")
        case Stands.DONE:
            notice = Notice("confirmed", address, link=_own_link(context, found), link_words="manage_link")
        case Stands.STOPPED:
            notice = Notice("confirm_stopped", address)
        case _:
            notice = Notice("confirm_over", {}, link=f"/s/{asking.language}", link_words="subscribe")
    return _said(context, press, notice, known_language(context, asking.language), 200)


def _form(
    context: Context, press: Press, topics: Sequence[Topic], filled: Filled, language: str, status: int
) -> Response:
    now = context.clock.now()
    device = offered_device(context, f"/s/{language}/device")
    body, headers = subscribe_page(press, filled, context.sign_ups.offered, topics, language, now, device)
    return Response(body, status, headers)


def _said(context: Context, press: Press, notice: Notice, language: str, status: int) -> Response:
    body, headers = notice_page(press, notice, language, context.clock.now())
    return Response(body, status, headers)
