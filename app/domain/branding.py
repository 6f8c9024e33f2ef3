"""How the organisation looks on its pages: names, logo, colour, the words and links at the foot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from app.domain.colours import DAY_GROUNDS, LEAST_CONTRAST, NIGHT_GROUNDS, is_colour, readable, weakest
from app.domain.content import is_public_link
from app.domain.logos import Logo, read_logo
from app.domain.quiet_hours import QuietHours, read_quiet_hours
from app.domain.reading import Reader
from app.domain.texts import NO_TEXTS, Texts

SLUG: Final = "organisation"
"""There is one such document."""
ACCENT: Final = "#0b4fae"
LANGUAGE_MARK: Final = "{language}"
MOST_LINKS: Final = 12


@dataclass(frozen=True, slots=True)
class FooterLink:
    texts: Texts
    url: str
    """https; `{language}` stands for the reader's language."""

    def url_in(self, language: str) -> str:
        return self.url.replace(LANGUAGE_MARK, language)


@dataclass(frozen=True, slots=True)
class Branding:
    names: Texts = field(default_factory=lambda: NO_TEXTS)
    """None: the name of the settings."""
    website: str = ""
    """The organisation's own home page, https; the logo leads there."""
    accent: str = ACCENT
    accent_dark: str = ""
    """By night; "" = the lightest form of `accent` that can be read there."""
    logo: Logo | None = None
    footer: Texts = field(default_factory=lambda: NO_TEXTS)
    links: tuple[FooterLink, ...] = ()
    quiet_hours: QuietHours | None = None
    """When good news lets people sleep, unless the playbook says it."""

    @property
    def by_night(self) -> str:
        return self.accent_dark or readable(self.accent, NIGHT_GROUNDS)

    @classmethod
    def from_document(cls, document: object, at: str = "") -> Branding:
        """Raise Invalid with one Problem per fault; a colour that cannot be read is one (WCAG 1.4.3)."""
        read = Reader(document, at)
        read.only("slug", "names", "website", "accent", "accent_dark", "logo", "footer", "links", "quiet_hours")
        website = read.text("website", longest=2_000, lines=False)
        if website and not is_public_link(website):
            read.problem("bad_link", read.path("website"), "is not an https address", "Use a full https:// address.")
        branding = cls(
            names=read.texts("names", longest=200),
            website=website,
            accent=_colour(read, "accent", DAY_GROUNDS, "white") or ACCENT,
            accent_dark=_colour(read, "accent_dark", NIGHT_GROUNDS, "the dark pages"),
            logo=_logo(read),
            footer=read.texts("footer", longest=1_000, lines=True),
            links=tuple(_links(read)),
            quiet_hours=read_quiet_hours(read.raw("quiet_hours"), read.path("quiet_hours"), read.problems),
        )
        read.done()
        return branding

    def to_document(self) -> dict[str, object]:
        return {
            "slug": SLUG,
            "names": dict(self.names),
            "website": self.website or None,
            "accent": self.accent,
            "accent_dark": self.accent_dark or None,
            "logo": self.logo.to_document() if self.logo else None,
            "footer": dict(self.footer),
            "links": [{"texts": dict(link.texts), "url": link.url} for link in self.links],
            "quiet_hours": self.quiet_hours.to_document() if self.quiet_hours else None,
        }


NO_BRANDING: Final = Branding()


def _colour(read: Reader, field: str, grounds: tuple[str, ...], ground: str) -> str:
    colour = read.text(field, longest=7, lines=False).lower()
    if not colour:
        return ""
    path = read.path(field)
    if not is_colour(colour):
        read.problem("bad_colour", path, "is not a colour", "Write it as #0b4fae.")
        return ""
    ratio = weakest(colour, grounds)
    if ratio < LEAST_CONTRAST:
        read.problem(
            "low_contrast",
            path,
            f"has a contrast of {ratio:.1f}:1 on {ground}, and links and buttons need {LEAST_CONTRAST}:1",
            f"The nearest that can be read is {readable(colour, grounds)}.",
        )
        return ""
    return colour


def _logo(read: Reader) -> Logo | None:
    if not read.has("logo"):
        return None
    path = read.path("logo")
    inner = Reader(read.mapping("logo"), path, read.problems)
    inner.only("type", "data")
    kind = inner.text("type", required=True, longest=40, lines=False)
    data = inner.text("data", required=True, longest=400_000)
    if not kind or not data:
        return None
    logo, problems = read_logo(kind, data, path)
    read.problems.extend(problems)
    return logo


def _links(read: Reader) -> list[FooterLink]:
    found = []
    for place, item in enumerate(read.items("links", MOST_LINKS)):
        inner = Reader(item, f"{read.path('links')}[{place}]", read.problems)
        inner.only("texts", "url")
        texts = inner.texts("texts", required=True, longest=100)
        url = inner.text("url", required=True, longest=2_000, lines=False)
        if url and not is_public_link(url.replace(LANGUAGE_MARK, "x")):
            inner.problem("bad_link", inner.path("url"), "is not an https address", "Use a full https:// address.")
        found.append(FooterLink(texts, url))
    return found
