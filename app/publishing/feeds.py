"""The same messages for feed readers: Atom (RFC 4287) and JSON Feed 1.1, one each per language."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.etree import ElementTree as ET

from app.domain.contacts import href
from app.domain.content import Content
from app.domain.reading import iso
from app.domain.routing import RouteLine
from app.domain.snapshot import ATOM, JSON_FEED, File
from app.publishing.pages import Frame
from app.publishing.picture import PublicCrisis, PublicUpdate
from app.publishing.tongue import Tongue, View
from app.publishing.update_views import content_language, promise_text, standing_note
from app.templating.announcement import address_text

MOST_ENTRIES: Final = 50
_ATOM: Final = "http://www.w3.org/2005/Atom"
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
ET.register_namespace("", _ATOM)


@dataclass(frozen=True, slots=True)
class Item:
    """One message as both feeds tell it."""

    link: str
    title: str
    text: str
    language: str
    published: datetime
    changed: datetime
    tags: tuple[str, ...]
    contact: tuple[View, ...] = ()
    """The contact block for programs: {need, contact_channel, address, href, areas}."""


Contact = Callable[[PublicCrisis], Sequence[RouteLine]]
"""The contact block of a crisis that has a word that holds."""


def items(frame: Frame, crises: Iterable[PublicCrisis], contact: Contact) -> tuple[Item, ...]:
    """The newest messages first, at most 50. The one that holds says how to reach us, as it is now."""
    entries = [(crisis, update) for crisis in crises for update in crisis.updates]
    entries.sort(key=lambda entry: (entry[1].sent_at, entry[1].id), reverse=True)
    return tuple(
        _item(frame, crisis, update, contact(crisis) if update is crisis.shown else None)
        for crisis, update in entries[:MOST_ENTRIES]
    )


def atom(frame: Frame, entries: Sequence[Item]) -> File:
    tongue = frame.tongue
    feed = ET.Element(f"{{{_ATOM}}}feed", {_XML_LANG: tongue.language})
    _add(feed, "id", frame.url("feed.atom"))
    _add(feed, "title", _title(frame))
    _add(feed, "updated", iso(max((entry.changed for entry in entries), default=tongue.at)))
    _add(feed, "link", href=frame.url("feed.atom"), rel="self", type="application/atom+xml")
    _add(feed, "link", href=frame.url(""), rel="alternate", type="text/html", hreflang=tongue.language)
    author = _add(feed, "author")
    _add(author, "name", str(tongue.text(tongue.organisation.names)["text"]) or tongue.say("status"))
    for item in entries:
        entry = _add(feed, "entry")
        entry.set(_XML_LANG, item.language)
        _add(entry, "id", item.link)
        _add(entry, "title", item.title)
        _add(entry, "published", iso(item.published))
        _add(entry, "updated", iso(item.changed))
        _add(entry, "link", href=item.link, rel="alternate", type="text/html")
        for tag in item.tags:
            _add(entry, "category", term=tag)
        _add(entry, "content", item.text, type="text")
    body = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return File(frame.href("feed.atom").strip("/"), body, ATOM, language=tongue.language)


def json_feed(frame: Frame, entries: Sequence[Item]) -> File:
    language = frame.tongue.language
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _title(frame),
        "home_page_url": frame.url(""),
        "feed_url": frame.url("feed.json"),
        "language": language,
        "items": [
            {
                "id": item.link,
                "url": item.link,
                "title": item.title,
                "content_text": item.text,
                "date_published": iso(item.published),
                "date_modified": iso(item.changed),
                "language": item.language,
                "tags": list(item.tags),
                # An extension, named as JSON Feed 1.1 says: https://www.jsonfeed.org/version/1.1/#extensions
                **({"_contact": list(item.contact)} if item.contact else {}),
            }
            for item in entries
        ],
    }
    body = json.dumps(document, ensure_ascii=False, indent=1).encode()
    return File(frame.href("feed.json").strip("/"), body, JSON_FEED, language=language)


def _item(frame: Frame, crisis: PublicCrisis, update: PublicUpdate, lines: Sequence[RouteLine] | None) -> Item:
    tongue, document = frame.tongue, update.document
    language = content_language(tongue, document.content)
    content = document.content.get(language, Content())
    title = f"{tongue.say(f'stage_{document.stage.value}')}: {content.headline}"
    paragraphs = [standing_note(tongue, update), *word_for_word(tongue, content)]
    if lines is not None:
        paragraphs += [promise_text(tongue, document.next_update_by), reach_us(frame, lines)]
    return Item(
        link=f"{frame.url(f'crises/{crisis.slug}')}#u{update.id}",
        title=_marked(frame, title),
        text="\n\n".join(part for part in paragraphs if part),
        language=language or tongue.language,
        published=update.sent_at,
        changed=update.changed_at,
        tags=(crisis.severity.value, document.stage.value),
        contact=tuple(map(_way, lines or ())),
    )


def word_for_word(tongue: Tongue, content: Content) -> list[str]:
    """The whole message as paragraphs, in the order of the page; some may be empty."""
    labelled = ((name, getattr(content, name)) for name in ("impact", "duration", "explanation"))
    return [
        content.acknowledgement,
        *(f"{tongue.say(name)}: {text}" for name, text in labelled if text),
        _listed(tongue.say("options"), [f"{option.text} {option.url}".rstrip() for option in content.options]),
        _listed(tongue.say("complications"), content.complications),
        content.perspective,
        content.reassurance,
        _listed(tongue.say("links"), [f"{link.text}: {link.url}" for link in content.links]),
    ]


def reach_us(frame: Frame, lines: Sequence[RouteLine]) -> str:
    """Where, not whether open: a feed is read hours after it was fetched, and the page it names has the hours."""
    tongue = frame.tongue
    places = [_place(tongue, line) for line in lines]
    return _listed(tongue.say("contact"), [*places, f"{tongue.say('all_channels')}: {frame.url('contact')}"])


def _way(line: RouteLine) -> View:
    return {
        "need": line.need.slug,
        "contact_channel": line.channel.slug,
        "address": line.channel.address,
        "href": href(line.channel),
        "areas": list(line.channel.areas),
    }


def _listed(label: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{label}:", *(f"• {line}" for line in lines)]) if lines else ""


def _title(frame: Frame) -> str:
    tongue = frame.tongue
    organisation = str(tongue.text(tongue.organisation.names)["text"])
    return _marked(frame, tongue.say("status_of", organisation=organisation) if organisation else tongue.say("status"))


def _marked(frame: Frame, title: str) -> str:
    return f"{frame.tongue.say('exercise')} – {title}" if frame.drill else title


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    if text:
        element.text = text
    return element


def _place(tongue: Tongue, line: RouteLine) -> str:
    where = f" ({tongue.say('comma').join(line.channel.areas)})" if line.channel.areas else ""
    need, name = (tongue.text(texts)["text"] for texts in (line.need.labels, line.channel.names))
    return f"{need}: {name}, {address_text(line.channel, tongue.language)}{where}"
