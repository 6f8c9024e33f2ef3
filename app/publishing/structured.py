"""What a page says to machines: schema.org JSON-LD, as a data block that no browser runs.

https://schema.org/ContactPoint, FAQPage, SpecialAnnouncement. Exercises have none: a machine cannot see the mark.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from markupsafe import Markup

from app.domain.contact_kinds import ContactKind
from app.domain.contacts import ContactChannel, as_of, href
from app.domain.opening_specs import opening_specs
from app.domain.reading import iso
from app.domain.routing import ANY_NEED, Registry, RouteLine
from app.publishing.pages import Frame
from app.publishing.picture import Picture, PublicCrisis, PublicUpdate
from app.publishing.tongue import Tongue, View
from app.publishing.update_views import content_language

CONTACT_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "emergency": "emergency",
        "technical-issue": "technical support",
        "billing": "billing support",
        "coverage-question": "customer service",
        "rescheduling": "reservations",
    }
)
"""Need -> `contactType` in the words search engines know; any other need is "customer service"."""
SERVICE: Final = "customer service"
_DIALLED: Final = frozenset({ContactKind.PHONE, ContactKind.TEXT, ContactKind.CALLBACK})
_ESCAPES: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


@dataclass(frozen=True, slots=True)
class Machines:
    """Gives a page's frame its JSON-LD."""

    tongue: Tongue
    base: str
    picture: Picture

    def status(self, frame: Frame, crises: Iterable[PublicCrisis], block: Sequence[RouteLine]) -> Frame:
        return self._on(frame, announcements(self.tongue, self.base, crises), block)

    def crisis(self, frame: Frame, crisis: PublicCrisis, help_: View, block: Sequence[RouteLine]) -> Frame:
        """`block`: the contact block of the page, best first."""
        address = frame.url(f"crises/{crisis.slug}")
        asked = faq_page(address, self.tongue.language, _views(help_["faq"]))
        return self._on(frame, [*announcements(self.tongue, self.base, [crisis]), *asked], block)

    def contact(
        self, frame: Frame, crises: Iterable[PublicCrisis], current: Iterable[View], faq: Iterable[View]
    ) -> Frame:
        questions = [one for view in current for one in _views(view["faq"])]
        unique = list({str(one["slug"]): one for one in (*questions, *faq)}.values())
        asked = faq_page(frame.url("contact"), self.tongue.language, unique)
        return self._on(frame, [*announcements(self.tongue, self.base, crises), *asked], whole=True)

    def _on(self, frame: Frame, told: list[View], block: Sequence[RouteLine] = (), *, whole: bool = False) -> Frame:
        if frame.drill or not (told or whole):
            return frame
        registry = self.picture.registry
        named = registry.channels if whole else dict.fromkeys(line.channel.slug for line in block)
        ours = organisation(self.tongue, self.base, registry, list(named))
        return replace(frame, structured=script([ours, *told]))


def script(graph: Sequence[View]) -> Markup:
    """The inside of `<script type="application/ld+json">`: no text in it can end the element. "" for nothing."""
    if not graph:
        return Markup("")
    text = json.dumps({"@context": "https://schema.org", "@graph": list(graph)}, ensure_ascii=False)
    return Markup(text.translate(_ESCAPES))  # noqa: S704 - < > & are escaped as JSON allows, so no markup is left


def organisation(tongue: Tongue, base: str, registry: Registry, named: Sequence[str]) -> View:
    """Who speaks, with these of its contact points, in this order."""
    view: View = {"@type": "Organization", "@id": f"{base}/#organisation", "url": f"{base}/"}
    if name := str(tongue.text(tongue.organisation.names)["text"]):
        view["name"] = name
    if named:
        page = f"{base}/{tongue.language}/contact"
        view["contactPoint"] = [contact_point(tongue, registry, registry.channels[slug], page) for slug in named]
    return view


def contact_point(tongue: Tongue, registry: Registry, stored: ContactChannel, page: str) -> View:
    """One way to reach us. Hours are wall time of the channel's own zone, overrides and holidays included."""
    channel = as_of(stored, tongue.at)
    view: View = {
        "@type": "ContactPoint",
        "@id": f"{page}#channel-{channel.slug}",
        "name": tongue.text(channel.names)["text"],
        "contactType": _contact_type(registry, channel.slug),
        "hoursAvailable": [spec.to_document() for spec in opening_specs(stored.schedule, tongue.at)],
    }
    if channel.kind in _DIALLED:
        view["telephone"] = channel.address
    elif channel.kind is ContactKind.EMAIL:
        view["email"] = channel.address
    else:
        view["url"] = href(channel) or f"{page}#channel-{channel.slug}"
    if channel.languages:
        view["availableLanguage"] = list(channel.languages)
    if channel.areas:
        view["areaServed"] = list(channel.areas)
    if channel.accessibility.relay or channel.accessibility.sign_language:
        view["contactOption"] = "https://schema.org/HearingImpairedSupported"
    return view


def faq_page(address: str, language: str, questions: Iterable[View]) -> list[View]:
    """`questions` as app/publishing/help_views.py gives them; [] without any."""
    asked = [
        {
            "@type": "Question",
            "name": _text(one["question"]),
            "acceptedAnswer": {"@type": "Answer", "text": _text(one["answer"]), "inLanguage": _language(one["answer"])},
        }
        for one in questions
    ]
    return [{"@type": "FAQPage", "@id": f"{address}#faq", "inLanguage": language, "mainEntity": asked}] if asked else []


def announcements(tongue: Tongue, base: str, crises: Iterable[PublicCrisis]) -> list[View]:
    """The word that holds of each current crisis."""
    return [announcement(tongue, base, crisis, crisis.shown) for crisis in crises if crisis.shown is not None]


def announcement(tongue: Tongue, base: str, crisis: PublicCrisis, update: PublicUpdate) -> View:
    language = content_language(tongue, update.document.content)
    words = update.document.content[language] if language else None
    said = (words.headline, words.impact, words.duration, words.reassurance) if words else ()
    address = f"{base}/{tongue.language}/crises/{crisis.slug}"
    return {
        "@type": "SpecialAnnouncement",
        "@id": f"{address}#u{update.id}",
        "name": words.headline if words else tongue.text(crisis.titles)["text"],
        "text": "\n".join(text for text in said if text),
        "datePosted": iso(update.sent_at.replace(microsecond=0)),
        "expires": iso(update.document.expires_at),
        "inLanguage": language or tongue.language,
        "url": address,
        "webFeed": f"{base}/{tongue.language}/feed.atom",
        "publisher": {"@id": f"{base}/#organisation"},
    }


def _contact_type(registry: Registry, slug: str) -> str:
    """By the first need, the most urgent first, whose rules name this channel."""
    for need in registry.needs:
        if any(slug in rule.contact_channels and rule.need in (need, ANY_NEED) for rule in registry.rules):
            return CONTACT_TYPES.get(need, SERVICE)
    return SERVICE


def _text(view: object) -> object:
    return view["text"] if isinstance(view, dict) else ""


def _language(view: object) -> object:
    return view["lang"] if isinstance(view, dict) else ""


def _views(found: object) -> list[View]:
    return found if isinstance(found, list) else []
