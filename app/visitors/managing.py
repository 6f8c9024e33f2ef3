"""What somebody gets, changed by their personal link without signing in: that of every e-mail and confirmation.

GET changes nothing; a forged link shows nothing. The link is the proof, and touches the people of one address only.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from app.domain.audience import choose_language
from app.domain.manage import Managed, read_manage_token
from app.domain.masking import mask
from app.domain.message import Medium
from app.domain.own_wishes import Choice
from app.domain.sign_ups import LONGEST_AREA
from app.domain.texts import forbidden_character, tidy
from app.errors import NotFound
from app.publishing.notices import Notice, notice_page
from app.publishing.subscribe_pages import MediumLine, Wishes, manage_page, words_agreed
from app.store.database import FAULTS
from app.store.endpoints import bot_name
from app.usecases.change_wishes import Holder, Wanted, change_wishes, leave, look_at_wishes
from app.visitors.devices import Given, ask_device, device_later, offered_device
from app.visitors.dressing import dressed, later, wanted_language
from app.visitors.embedded import embedded
from app.visitors.forms import Context, Ctx
from app.visitors.subscribing import Fields, Form

router = APIRouter(prefix="/m", include_in_schema=False)


@router.get("/{token}")
@router.head("/{token}")
def show(token: str, request: Request, context: Ctx) -> Response:
    managed = read_manage_token(context.manage_key, token)
    try:
        holder = look_at_wishes(context.db, managed) if managed else None
    except NotFound:
        holder = None
    except FAULTS:
        return later(context, wanted_language(context, request))
    return _page(context, holder, token) if holder else _nothing(context, request)


@router.post("/{token}")
def change(token: str, request: Request, context: Ctx, fields: Form) -> Response:
    """`do=save` with the form, or `do=leave`; anything else only shows."""
    managed, now = read_manage_token(context.manage_key, token), context.clock.now()
    if managed is None:
        return _nothing(context, request)
    try:
        holder = look_at_wishes(context.db, managed)
        language = _language(context, holder)
        press, topics = dressed(context)
        version = words_agreed(press, language, topics, now)
        match (fields.get("do") or [""])[0]:
            case "save":
                changed = change_wishes(context.db, managed, _wanted(context, holder, fields), version, now)
                return _page(context, changed, token, saved=True)
            case "leave":
                return _left(context, managed, version, language)
    except NotFound:
        return _nothing(context, request)
    except FAULTS:
        return later(context, wanted_language(context, request))
    return _page(context, holder, token)


def _wanted(context: Context, holder: Holder, fields: Fields) -> Wanted:
    ticked, topics = set(fields.get("medium", [])), tuple(sorted(set(fields.get("topic", [])) - {""}))
    media: Mapping[Medium, Choice] = {
        medium: Choice(on=True, topics=topics) if medium.value in ticked else Choice(on=False)
        for medium in holder.media
        if medium.value in ticked or not (holder.stopped and medium is _medium(holder))
    }
    known = context.press.templating.languages()
    language = choose_language(fields.get("language", []), known, _language(context, holder))
    area = tidy((fields.get("area") or [""])[0])[:LONGEST_AREA]
    best = fields.get("preferred", [""])[0] if "preferred" in fields else None
    preferred = holder.preferred if best is None else next((one for one in holder.media if one.value == best), None)
    return Wanted(language, holder.area if forbidden_character(area, lines=False) else area, media, preferred)


def _left(context: Context, managed: Managed, version: str, language: str) -> Response:
    now = context.clock.now()
    leave(context.db, managed, version, now)
    body, headers = notice_page(context.press, Notice("stopped", {}), language, now)
    return Response(body, 200, headers)


def _page(context: Context, holder: Holder, token: str, *, saved: bool = False) -> Response:
    press, topics = dressed(context)
    language = _language(context, holder)
    values = {one.medium: mask(one.medium, one.value) for one in holder.places}
    own = mask(holder.address.medium, holder.address.value)
    lines = [
        MediumLine(medium, values.get(medium, own), choice.on and not (holder.stopped and medium is _medium(holder)))
        for medium, choice in holder.media.items()
    ]
    topic_slugs = frozenset(topic for choice in holder.media.values() for topic in choice.topics)
    wishes = Wishes(
        own, language, holder.area, tuple(lines), topic_slugs, holder.preferred, holder.stopped, saved, holder.people
    )
    device = offered_device(context, f"/m/{token}/device")
    chat = _chat_href(context, holder, token)
    body, headers = manage_page(press, wishes, topics, language, context.clock.now(), device, chat)
    return Response(body, 200, headers)


@router.post("/{token}/device")
def add_device(token: str, request: Request, context: Ctx, given: Given) -> Response:
    """One more device of whoever holds the link, confirmed by the first message that reaches it."""
    managed = read_manage_token(context.manage_key, token)
    try:
        holder = look_at_wishes(context.db, managed) if managed else None
        if managed is None or holder is None:
            return embedded({}, 404, "")
        return ask_device(context, request, given, _language(context, holder), managed.address_id)
    except NotFound:
        return embedded({}, 404, "")
    except FAULTS:
        return device_later(context, wanted_language(context, request))


def _chat_href(context: Context, holder: Holder, token: str) -> str:
    """Where the bot gets the token as `/start TOKEN` (https://core.telegram.org/bots/features#deep-linking)."""
    if not holder.alone or Medium.CHAT in holder.media:
        return ""
    with context.db.reading() as connection:
        name = bot_name(connection)
    return f"https://t.me/{name}?start={token}" if name else ""


def _medium(holder: Holder) -> Medium:
    return holder.address.medium


def _language(context: Context, holder: Holder) -> str:
    default = context.press.organisation.default_language
    return choose_language(holder.languages, context.press.templating.languages(), default)


def _nothing(context: Context, request: Request) -> Response:
    body, headers = notice_page(
        context.press, Notice("bad_link", {}), wanted_language(context, request), context.clock.now()
    )
    return Response(body, 404, headers)
