"""The pages of the site in one language, as finished files. Pure: the same picture gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from markupsafe import Markup

from app.domain.cldr import language_name, locale_text
from app.domain.snapshot import HTML, File
from app.domain.texts import direction
from app.publishing.cards import CALM, card_view
from app.publishing.dress import FORM_META_CSP, PAGE_CSP, Dress
from app.publishing.picture import PublicCrisis
from app.publishing.sharing import share_links
from app.publishing.tongue import Tongue, View
from app.publishing.update_views import crisis_view

Render = Callable[[str, Mapping[str, object]], str]
"""(template path, variables) -> HTML, every variable escaped."""

DRILL_PREFIX: Final = "/drill"
FINDER: Final = "/t/{language}/default"
"""Where the questions of the default triage tree start; asked by the application, not a finished file."""
STATUS: Final = ""
HISTORY: Final = "history"
CHECK: Final = "messages"
CONTACT: Final = "contact"
_ROOMS: Final = ((STATUS, "status"), (HISTORY, "history_title"), (CHECK, "check"), (CONTACT, "contact"))
"""Pages every page leads to, by address below the language, and the words for them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What all pages of one language share."""

    tongue: Tongue
    languages: tuple[str, ...]
    public_base: str
    dress: Dress
    drill: bool = False
    structured: Markup = field(default_factory=Markup)
    """JSON-LD of the page, see app/publishing/structured.py."""

    @property
    def prefix(self) -> str:
        return DRILL_PREFIX if self.drill else ""

    def href(self, page: str, language: str = "") -> str:
        return f"{self.prefix}/{language or self.tongue.language}/{page}"

    def url(self, page: str, language: str = "") -> str:
        return self.public_base + self.href(page, language)

    def path(self, page: str) -> str:
        """Of the file whose address is `page`."""
        return f"{self.href(page)}/index.html".replace("//", "/").strip("/")

    def at(self, moment: datetime) -> Frame:
        """The same, as of another moment: for what does not change any more."""
        return replace(self, tongue=replace(self.tongue, at=moment))

    def variables(self, page: str, title: str, description: str = "", *, card: str = CALM, **more: object) -> View:
        """`page`: its address below the language, "" for the status page; `card`: a severity, or that all is well."""
        tongue = self.tongue
        as_of = tongue.moment(tongue.at)
        return {
            "w": tongue.words,
            "page": {
                "lang": tongue.language,
                "dir": direction(tongue.language),
                "title": title,
                "description": description or title,
                "drill": self.drill,
                "structured": "" if self.drill else self.structured,
                "hidden": self.drill,
                "canonical": self.url(page),
                "locale": locale_text(tongue.language),
                "card": card_view(self.public_base, self.dress.branding.accent, card),
                "default_url": self.url(page, self.languages[0]),
                "languages": [self._other(page, language) for language in self.languages],
                "atom": self.url("feed.atom"),
                "atom_href": self.href("feed.atom"),
                "json_feed": self.url("feed.json"),
                "calendar_href": self.href("calendar.ics"),
                "links": [
                    {"href": self.href(room), "text": tongue.say(words), "current": _inside(page, room)}
                    for room, words in _ROOMS
                ],
                "as_of": as_of,
                "as_of_words": tongue.say("as_of", time=str(as_of["text"])),
                "contact_as_of": tongue.say("contact_as_of", time=str(as_of["text"])),
                "status_href": self.href(STATUS),
                "contact_href": self.href(CONTACT),
                "history_href": self.href(HISTORY),
                "check_href": self.href(CHECK),
                "crises_href": self.href("crises/"),
                "subscribe_href": self._subscribe_href(),
                **self.dress.view(tongue),
            },
            **more,
        }

    def _subscribe_href(self) -> str:
        """The form lives with the service, wherever the pages lie; "" in a drill."""
        offered = self.dress.organisation.subscribing and not self.drill
        return f"{self.public_base}/s/{self.tongue.language}" if offered else ""

    def unlisted(self, variables: View) -> View:
        """The same for a page search engines must pass over: it has no address of its own, and may hold a form."""
        page = variables["page"]
        kept = page if isinstance(page, dict) else {}
        return {**variables, "page": {**kept, "canonical": "", "default_url": "", "hidden": True, "csp": FORM_META_CSP}}

    def _other(self, page: str, language: str) -> View:
        return {
            "lang": language,
            "dir": direction(language),
            "name": language_name(language, language),
            "href": self.href(page, language),
            "url": self.url(page, language),
            "locale": locale_text(language),
            "current": language == self.tongue.language,
        }

    def file(self, page: str, html: str) -> File:
        """`page`: its address below the language, without `index.html`."""
        return File(self.path(page), html.encode(), HTML, csp=PAGE_CSP, language=self.tongue.language)


def _inside(page: str, room: str) -> bool:
    return page == room or (bool(room) and page.startswith(f"{room}/"))


def status_page(
    frame: Frame,
    render: Render,
    crises: tuple[PublicCrisis, ...],
    contact: list[View],
    planned: Sequence[View],
    past: Sequence[View],
) -> File:
    """`past`: the lines of the history that are shown here; `planned`: work to come or under way."""
    tongue = frame.tongue
    organisation = str(tongue.text(tongue.organisation.names)["text"])
    views = [crisis_view(tongue, crisis, frame.prefix) for crisis in crises if crisis.shown is not None]
    title = tongue.say("status_of", organisation=organisation) if organisation else tongue.say("status")
    description = str(_headline(views[0])) if views else tongue.say("all_well")
    worst = str(views[0]["severity"]) if views else CALM
    variables = frame.variables(
        STATUS,
        title,
        description,
        card=worst,
        live=views,
        worst=worst,
        summary=tongue.say("current_count", count=tongue.number(len(views))) if views else tongue.say("all_well"),
        past=past,
        planned=planned,
        contact=contact,
    )
    return frame.file(STATUS, render("site/status.html", variables))


def crisis_page(frame: Frame, render: Render, crisis: PublicCrisis, contact: list[View], help_: View) -> File:
    view = crisis_view(frame.tongue, crisis, frame.prefix)
    title = str(frame.tongue.text(crisis.titles)["text"])
    description = str(_headline(view))
    page = f"crises/{crisis.slug}"
    share = [] if frame.drill else share_links(frame.url(page), description or title, frame.tongue)
    variables = frame.variables(
        page,
        title,
        description,
        card=crisis.severity.value if crisis.shown is not None else CALM,
        crisis=view,
        contact=contact if crisis.shown is not None else [],
        help=help_,
        share=share,
    )
    return frame.file(page, render("site/crisis.html", variables))


def contact_page(
    frame: Frame,
    render: Render,
    needs: list[View],
    channels: list[View],
    help_: tuple[list[View], list[View]],
    current: list[View],
) -> File:
    """`help_`: frequent questions, and links to help elsewhere. `current`: what goes with the crises of now."""
    tongue = frame.tongue
    finder = "" if frame.drill else FINDER.format(language=tongue.language)
    faq, links = help_
    variables = frame.variables(
        CONTACT,
        tongue.say("contact"),
        tongue.say("need"),
        needs=needs,
        channels=channels,
        finder_href=finder,
        faq=faq,
        help_links=links,
        current=current,
    )
    return frame.file(CONTACT, render("site/contact.html", variables))


def missing_page(frame: Frame, render: Render) -> File:
    tongue = frame.tongue
    variables = frame.variables(
        STATUS,
        tongue.say("missing_title"),
        heading=tongue.say("missing_title"),
        text=tongue.say("missing_text"),
        button="",
        status_href=frame.href(STATUS),
    )
    html = render("site/notice.html", frame.unlisted(variables))
    path = frame.href("404.html").strip("/")
    return File(path, html.encode(), HTML, csp=PAGE_CSP, language=tongue.language)


def _headline(crisis: View) -> object:
    update = crisis["now"] or crisis["last"]
    words = update["words"] if isinstance(update, dict) else None
    return words["headline"] if isinstance(words, dict) else ""
