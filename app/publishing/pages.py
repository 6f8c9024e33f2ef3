"""The pages of the site in one language, as finished files. Pure: the same picture gives the same bytes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from markupsafe import Markup

from app.domain.cldr import language_name
from app.domain.snapshot import CLOSED_CSP, HTML, File
from app.domain.texts import direction
from app.publishing.picture import PublicCrisis
from app.publishing.tongue import Tongue, View
from app.publishing.update_views import crisis_view

Render = Callable[[str, Mapping[str, object]], str]
"""(template path, variables) -> HTML, every variable escaped."""

DRILL_PREFIX: Final = "/drill"
FINDER: Final = "/t/{language}/default"
"""Where the questions of the default triage tree start; asked by the application, not a finished file."""


@dataclass(frozen=True, slots=True)
class Stylesheet:
    """CSS that stands inside each page, allowed by its hash and nothing else (CSP level 3)."""

    text: str

    @property
    def csp(self) -> str:
        digest = base64.b64encode(hashlib.sha256(self.text.encode()).digest()).decode()
        return CLOSED_CSP.replace("default-src 'none'", f"default-src 'none'; style-src 'sha256-{digest}'")


@dataclass(frozen=True, slots=True)
class Frame:
    """What all pages of one language share."""

    tongue: Tongue
    languages: tuple[str, ...]
    public_base: str
    style: Stylesheet
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

    def variables(self, page: str, title: str, description: str = "", **more: object) -> View:
        """`page`: its address below the language, "" for the status page."""
        tongue = self.tongue
        as_of = tongue.moment(tongue.at)
        return {
            "w": tongue.words,
            "style": Markup(self.style.text),  # noqa: S704 - our own file; it must not be escaped, its hash is checked
            "page": {
                "lang": tongue.language,
                "dir": direction(tongue.language),
                "title": title,
                "description": description or title,
                "drill": self.drill,
                "structured": "" if self.drill else self.structured,
                "hidden": self.drill,
                "canonical": self.url(page),
                "default_url": self.url(page, self.languages[0]),
                "languages": [self._other(page, language) for language in self.languages],
                "atom": self.url("feed.atom"),
                "atom_href": self.href("feed.atom"),
                "json_feed": self.url("feed.json"),
                "organisation": tongue.text(tongue.organisation.names),
                "links": [
                    {"href": self.href(""), "text": tongue.say("status"), "current": page == ""},
                    {"href": self.href("contact"), "text": tongue.say("contact"), "current": page == "contact"},
                ],
                "as_of": as_of,
                "as_of_words": tongue.say("as_of", time=str(as_of["text"])),
                "contact_as_of": tongue.say("contact_as_of", time=str(as_of["text"])),
                "contact_href": self.href("contact"),
                "crises_href": self.href("crises/"),
            },
            **more,
        }

    def unlisted(self, variables: View) -> View:
        """The same for a page search engines must pass over: it has no address of its own."""
        page = variables["page"]
        kept = page if isinstance(page, dict) else {}
        return {**variables, "page": {**kept, "canonical": "", "default_url": "", "hidden": True}}

    def _other(self, page: str, language: str) -> View:
        return {
            "lang": language,
            "dir": direction(language),
            "name": language_name(language, language),
            "href": self.href(page, language),
            "url": self.url(page, language),
            "current": language == self.tongue.language,
        }

    def file(self, page: str, html: str) -> File:
        path = f"{self.prefix}/{self.tongue.language}/{page}".strip("/")
        return File(path, html.encode(), HTML, csp=self.style.csp, language=self.tongue.language)


def status_page(frame: Frame, render: Render, crises: tuple[PublicCrisis, ...], contact: list[View]) -> File:
    tongue = frame.tongue
    organisation = str(tongue.text(tongue.organisation.names)["text"])
    views = [crisis_view(tongue, crisis, frame.prefix) for crisis in crises]
    live = [view for view in views if view["now"] is not None]
    title = tongue.say("status_of", organisation=organisation) if organisation else tongue.say("status")
    description = str(_headline(live[0])) if live else tongue.say("all_well")
    past = [view for view in views if view["now"] is None]
    variables = frame.variables("", title, description, live=live, past=past, contact=contact)
    return frame.file("index.html", render("site/status.html", variables))


def crisis_page(frame: Frame, render: Render, crisis: PublicCrisis, contact: list[View], help_: View) -> File:
    view = crisis_view(frame.tongue, crisis, frame.prefix)
    title = str(frame.tongue.text(crisis.titles)["text"])
    description = str(_headline(view))
    lines = contact if crisis.shown is not None else []
    page = f"crises/{crisis.slug}"
    variables = frame.variables(page, title, description, crisis=view, contact=lines, help=help_)
    return frame.file(f"{page}/index.html", render("site/crisis.html", variables))


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
    title, description = tongue.say("contact"), tongue.say("need")
    faq, links = help_
    variables = frame.variables(
        "contact",
        title,
        description,
        needs=needs,
        channels=channels,
        finder_href=finder,
        faq=faq,
        help_links=links,
        current=current,
    )
    return frame.file("contact/index.html", render("site/contact.html", variables))


def missing_page(frame: Frame, render: Render) -> File:
    tongue = frame.tongue
    variables = frame.variables(
        "",
        tongue.say("missing_title"),
        heading=tongue.say("missing_title"),
        text=tongue.say("missing_text"),
        button="",
        status_href=frame.href(""),
    )
    return frame.file("404.html", render("site/notice.html", frame.unlisted(variables)))


def _headline(crisis: View) -> object:
    update = crisis["now"] or crisis["last"]
    words = update["words"] if isinstance(update, dict) else None
    return words["headline"] if isinstance(words, dict) else ""
