"""The pages on which people subscribe, confirm and change what they get: made for one request, without any script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.cldr import language_name, number_text
from app.domain.message import Medium
from app.domain.sign_ups import text_version
from app.domain.texts import direction, pick
from app.domain.topics import Topic
from app.publishing.building import Press
from app.publishing.dress import with_device
from app.publishing.notices import form_headers
from app.publishing.tongue import View

Page = tuple[bytes, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands in the form."""

    address: str = ""
    language: str = ""
    area: str = ""
    topics: frozenset[str] = frozenset()
    fault: str = ""
    """Key of the words that say what is wrong, "" = nothing."""


@dataclass(frozen=True, slots=True)
class MediumLine:
    """One medium of somebody's wishes."""

    medium: Medium
    address: str
    """Masked."""
    on: bool


@dataclass(frozen=True, slots=True)
class Wishes:
    address: str
    """Masked."""
    language: str
    area: str
    lines: tuple[MediumLine, ...]
    topics: frozenset[str]
    preferred: Medium | None = None
    stopped: bool = False
    saved: bool = False
    people: int = 1
    """How many share the address."""


@dataclass(frozen=True, slots=True)
class DeviceOffer:
    """What a browser needs to offer its device."""

    key: str
    """The public key of the endpoint."""
    post: str
    """Where the subscription goes: a path of ours."""


def subscribe_page(
    press: Press,
    filled: Filled,
    media: Sequence[Medium],
    topics: Sequence[Topic],
    language: str,
    at: datetime,
    device: DeviceOffer | None = None,
) -> Page:
    """The form; `media`: what the organisation lets people subscribe to."""
    frame = press.plain_frame(language, at)
    say = frame.tongue.say
    others = [
        {"lang": code, "dir": direction(code), "name": language_name(code, code), "href": f"/s/{code}",
         "current": code == language}
        for code in press.templating.languages()
    ]  # fmt: skip
    view: View = {
        "by_text": Medium.SMS in media,
        "by_mail": Medium.EMAIL in media,
        "filled": {"address": filled.address, "area": filled.area},
        "fault": say(filled.fault) if filled.fault else "",
        "choices": _topics(topics, language, filled.topics),
        "languages": _languages(press, filled.language or language),
        "others": others,
        "consent": say("subscribe_consent", organisation=_name(press, language)),
        "device": _device(press, device, language, at),
    }
    return _rendered(press, "site/subscribe.html", "subscribe", view, language, at)


def subscribe_words(
    press: Press, media: Sequence[Medium], topics: Sequence[Topic], language: str, at: datetime
) -> dict[str, object]:
    """The same form for templates/site/subscribe.js; fields are only ever added."""
    say = press.plain_frame(language, at).tongue.say
    both = Medium.SMS in media and Medium.EMAIL in media
    label, kind, filled = (
        ("subscribe_address", "text", "on")
        if both
        else (("subscribe_number", "tel", "tel") if Medium.SMS in media else ("subscribe_mailbox", "email", "email"))
    )
    hint = say("subscribe_address_hint") if Medium.SMS in media else ""
    later = f"{say('later_title')} {say('later_text')}"
    return {
        "version": 1,
        "lang": language,
        "dir": direction(language),
        "title": say("subscribe"),
        "intro": say("subscribe_intro"),
        "address": {"label": say(label), "hint": hint, "type": kind, "autocomplete": filled},
        "language": {"label": say("subscribe_language"),
                     "options": [{**one, "lang": one["code"]} for one in _languages(press, language)]},
        "area": {"label": say("subscribe_area")},
        "topics": {"label": say("subscribe_topics"), "hint": say("subscribe_topics_hint"),
                   "options": _topics(topics, language, frozenset())},
        "consent": say("subscribe_consent", organisation=_name(press, language)),
        "button": say("subscribe_button"),
        "later": {"fault": later, "field": ""},
    }  # fmt: skip


def manage_page(
    press: Press,
    wishes: Wishes,
    topics: Sequence[Topic],
    language: str,
    at: datetime,
    device: DeviceOffer | None = None,
    chat_href: str = "",
) -> Page:
    """What somebody gets, with everything they may change."""
    say = press.plain_frame(language, at).tongue.say
    view: View = {
        "wishes": {"area": wishes.area, "stopped": wishes.stopped, "saved": wishes.saved},
        "text": say("manage_text", address=wishes.address),
        "lines": [
            {"medium": one.medium.value, "name": say(f"subscribe_{one.medium.value}"), "address": one.address,
             "on": one.on}
            for one in wishes.lines
        ],
        "best": {"chosen": wishes.preferred.value if wishes.preferred else ""} if len(wishes.lines) > 1 else None,
        "choices": _topics(topics, language, wishes.topics),
        "languages": _languages(press, wishes.language),
        "shared": say("manage_shared", number=number_text(wishes.people, language)) if wishes.people > 1 else "",
        "stopped": say("confirm_stopped_text", address=wishes.address),
        "leave": say("stop_text", address=wishes.address),
        "device": _device(press, device, language, at),
        "chat_href": chat_href,
    }  # fmt: skip
    return _rendered(press, "site/manage.html", "manage_title", view, language, at)


def words_agreed(
    press: Press, language: str, topics: Iterable[Topic], at: datetime, key: str = "subscribe_consent"
) -> str:
    """The version of what stands on the form in this language: what people agree to when they send it."""
    say = press.plain_frame(language, at).tongue.say
    names = [topic.names.get(language, topic.slug) for topic in topics]
    return text_version([say(key, organisation=_name(press, language)), *names])


def app_manifest(press: Press, language: str, at: datetime) -> dict[str, object]:
    """Makes the page an application on a home screen: iPhones show messages of no other (W3C App Manifest)."""
    name, title = _name(press, language), press.plain_frame(language, at).tongue.say("manage_title")
    return {
        "name": f"{name}: {title}",
        "short_name": name,
        "lang": language,
        "dir": direction(language),
        "start_url": f"/s/{language}",
        "scope": "/",
        "display": "standalone",
    }


def confirmation(press: Press, language: str, medium: Medium, link: str, at: datetime) -> tuple[str, str]:
    """Subject and text of the message with the link."""
    say, name = press.plain_frame(language, at).tongue.say, _name(press, language)
    if medium is Medium.PUSH:
        return say("confirm_push_title", organisation=name), say("confirm_push")
    if medium is Medium.SMS:
        return "", say("confirm_sms", organisation=name, link=link)
    return say("confirm_subject", organisation=name), say("confirm_mail", organisation=name, link=link)


def _rendered(press: Press, template: str, title: str, view: View, language: str, at: datetime) -> Page:
    frame = press.plain_frame(language, at)
    variables = {**frame.unlisted(frame.variables("", frame.tongue.say(title))), "notice": None, **view}
    if not view.get("device"):
        return press.templating.render(template, variables, html=True).encode(), form_headers(language)
    page = variables["page"]
    assert isinstance(page, dict)  # noqa: S101 - `unlisted` made it
    variables["page"] = {**page, "csp": with_device(page["csp"])}
    return press.templating.render(template, variables, html=True).encode(), form_headers(language, device=True)


def _device(press: Press, offer: DeviceOffer | None, language: str, at: datetime) -> View | None:
    if offer is None:
        return None
    say = press.plain_frame(language, at).tongue.say
    consent = say("device_consent", organisation=_name(press, language))
    return {"key": offer.key, "post": offer.post, "consent": consent}


def _name(press: Press, language: str) -> str:
    """Of the organisation; without one the address of its pages, so that people know whom to trust."""
    name, _ = pick(press.organisation.names, language, press.organisation.default_language)
    return name or press.public_base.partition("//")[2]


def _topics(topics: Iterable[Topic], language: str, chosen: frozenset[str]) -> list[View]:
    found = []
    for topic in topics:
        words = topic.names.get(language) or next(iter(topic.names.values()), topic.slug)
        code = language if language in topic.names else next(iter(topic.names), language)
        found.append({"slug": topic.slug, "text": words, "lang": code, "dir": direction(code),
                      "chosen": topic.slug in chosen})  # fmt: skip
    return found


def _languages(press: Press, chosen: str) -> list[View]:
    return [
        {"code": code, "name": language_name(code, code), "dir": direction(code), "chosen": code == chosen}
        for code in press.templating.languages()
    ]
