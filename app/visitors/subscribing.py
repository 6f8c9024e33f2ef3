"""People subscribe themselves: a form, a link to their address, and one button on the page it leads to.

Whatever is typed, the answer depends on nothing but what was typed and how often somebody came: whether an address is
known, stopped or new is looked up later, where nobody waits for it. GET confirms nothing, since robots open every link.
"""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from app.domain.audience import choose_language
from app.domain.branding import SLUG, Branding
from app.domain.manage import manage_token
from app.domain.masking import mask
from app.domain.message import MEDIUM_CODES
from app.domain.sign_ups import Fault, read_asking
from app.domain.topics import Topic
from app.errors import NotFound, Problem, TooLarge, Unavailable
from app.publishing.building import Press
from app.publishing.notices import Notice, notice_page
from app.publishing.subscribe_pages import Filled, subscribe_page, words_agreed
from app.store import documents
from app.store.database import FAULTS
from app.store.documents import Kind
from app.usecases.ask_sign_up import ask_sign_up
from app.usecases.confirm_sign_up import LookedAt, Stands, confirm_sign_up, look_at_sign_up
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


@router.post("/s/{language}")
def ask(language: str, request: Request, context: Ctx, fields: Form) -> Response:
    """The same answer for every address; one that cannot be one, or that texts do not go to, is told at once."""
    page, now = known_language(context, language), context.clock.now()
    typed = {name: (fields.get(name) or [""])[0].strip() for name in ("address", "area", "language")}
    reads = choose_language([typed["language"] or page], context.press.templating.languages(), page)
    chosen = [topic for topic in fields.get("topic", []) if topic]
    try:
        press, topics = dressed(context)
    except FAULTS:
        return later(context, page)
    try:
        known = [topic.slug for topic in topics]
        asking = read_asking(context.sign_ups, typed["address"][:320], reads, typed["area"], chosen, known)
        if isinstance(asking, Fault):
            filled = Filled(typed["address"][:320], reads, typed["area"][:64], frozenset(chosen), asking.value)
            return _form(context, press, topics, filled, page, 422)
        host = request.client.host if request.client else ""
        ask_sign_up(context.db, context.keyring, asking, host, words_agreed(press, page, topics, now), now)
    except Unavailable as refused:
        if refused.problems[0].code != "too_many_forms":
            return later(context, page)
        return _said(context, press, Notice("subscribe_too_many", {}), page, 429)
    except FAULTS:
        return later(context, page)
    context.wake()
    return _said(context, press, Notice("subscribed", {}, note="subscribed_stop"), page, 200)


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
    return _standing(context, press, found)


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
            token = manage_token(context.manage_key, found.address_id or 0, MEDIUM_CODES[asking.medium])
            notice = Notice("confirmed", address, link=f"/m/{token}", link_words="manage_link")
        case Stands.STOPPED:
            notice = Notice("confirm_stopped", address)
        case _:
            notice = Notice("confirm_over", {}, link=f"/s/{asking.language}", link_words="subscribe")
    return _said(context, press, notice, known_language(context, asking.language), 200)


def _form(context: Context, press: Press, topics: list[Topic], filled: Filled, language: str, status: int) -> Response:
    now = context.clock.now()
    body, headers = subscribe_page(press, filled, context.sign_ups.offered, topics, language, now)
    return Response(body, status, headers)


def _said(context: Context, press: Press, notice: Notice, language: str, status: int) -> Response:
    body, headers = notice_page(press, notice, language, context.clock.now())
    return Response(body, status, headers)


def dressed(context: Context) -> tuple[Press, list[Topic]]:
    """The pages in the organisation's own look, and what people may choose. Raise what the database raises."""
    with context.db.reading() as connection:
        row = documents.find(connection, Kind.ORGANISATION, SLUG)
        topics = [Topic.from_document(one.document) for one in documents.everything(connection, Kind.TOPIC)]
    return context.press.wearing(Branding.from_document(row.document)) if row else context.press, topics


def later(context: Context, language: str) -> Response:
    """The database does not answer."""
    body, headers = notice_page(
        context.press, Notice("later", {}), known_language(context, language), context.clock.now()
    )
    return Response(body, 503, {**headers, "retry-after": "60"})


def known_language(context: Context, wanted: str) -> str:
    press = context.press
    return choose_language([wanted], press.templating.languages(), press.organisation.default_language)


def wanted_language(context: Context, request: Request) -> str:
    """As the browser asks for."""
    press = context.press
    wanted = [part.partition(";")[0] for part in request.headers.get("accept-language", "").split(",")][:20]
    return choose_language(wanted, press.templating.languages(), press.organisation.default_language)
