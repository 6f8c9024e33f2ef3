"""What other websites embed: the widget, the small words it needs, and a fragment for pages without any script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from app.domain import cldr
from app.domain.banner import LiveUpdate, choose
from app.domain.reading import iso
from app.domain.routing import Registry
from app.domain.sites import Placement, Site
from app.domain.snapshot import HTML, IMMUTABLE, JAVASCRIPT, File
from app.domain.texts import direction
from app.publishing.contact_views import block_lines, contact_block
from app.publishing.scripts import small
from app.publishing.tongue import Tongue, View
from app.publishing.update_views import content_view, promise_text

WIDGET: Final = "widget"
SUBSCRIBE: Final = "subscribe"
VERSIONS: Final[Mapping[str, int]] = MappingProxyType({WIDGET: 1, SUBSCRIBE: 1})
"""Of a script's bytes: `widget.v1.js` never changes. A changed widget is the next version, and its predecessor's
file, as it was served, goes to templates/site/widget.v1.js, from where it is published on."""

FRAGMENT_WAYS: Final = 3
SMALL_WORDS: Final = (
    "severity_emergency", "severity_major", "severity_minor", "severity_info", "exercise", "preview", "close", "comma",
    "next_update_short", "read_more_short", "impact", "duration", "explanation", "options", "complications",
    "perspective", "links", "contact", "need", "all_channels", "open_always", "open_now", "open_until", "opens_at",
    "closed", "busy", "down", "wait",
)  # fmt: skip

Render = Callable[[str, Mapping[str, object]], str]


@dataclass(frozen=True, slots=True)
class Widget:
    """A script, as it is served: the banner's, or the form's by which people subscribe."""

    stem: str
    body: bytes
    older: Mapping[str, bytes]
    """Earlier versions by file name, for sites that still name them with their hash."""

    @classmethod
    def load(cls, folder: Path, stem: str = WIDGET) -> Widget:
        source = (folder / f"{stem}.js").read_text(encoding="utf-8")
        older = {path.name: path.read_bytes() for path in sorted(folder.glob(f"{stem}.v*.js"))}
        return cls(stem, small(source).encode(), older)

    @property
    def name(self) -> str:
        """Of the file that never changes."""
        return f"{self.stem}.v{VERSIONS[self.stem]}.js"

    @property
    def integrity(self) -> str:
        """For the tag's `integrity` (Subresource Integrity)."""
        return "sha384-" + base64.b64encode(hashlib.sha384(self.body).digest()).decode()

    def files(self) -> Iterator[File]:
        yield File(f"site/{self.stem}.js", self.body, JAVASCRIPT)
        for name, body in {**self.older, self.name: self.body}.items():
            yield File(f"site/{name}", body, JAVASCRIPT, cache_control=IMMUTABLE)


def small_words(tongue: Tongue) -> dict[str, str]:
    """The words the widget cannot do without, and how this language writes days, minutes and hours.

    Browsers know the CLDR of far fewer languages than Babel does: Chromium has neither Lao nor Esperanto.
    """
    said = tongue.words_language
    return {
        "lang": said,
        "dir": direction(said),
        "days": "|".join(cldr.weekdays(said)),
        "minutes": cldr.short_unit("minute", said),
        "hours": cldr.short_unit("hour", said),
        **{name: tongue.say(name) for name in SMALL_WORDS},
    }


def spoken(site: Site, updates: Iterable[LiveUpdate]) -> tuple[str, ...]:
    """The languages of a site, then those of the announcements it may show."""
    return tuple(dict.fromkeys((*site.languages, *(code for one in updates for code in one.document.languages))))


def fragment(site: Site, updates: Iterable[LiveUpdate], registry: Registry, tongue: Tongue, at: Address) -> File:
    """The banner as HTML for a server-side include: no script, no style, and it says until when it holds."""
    shown = choose(updates, tongue.at)
    placed = shown if shown and Placement.BANNER in shown.placements and Placement.BANNER in site.slots else None
    page = {"lang": tongue.language, "dir": direction(tongue.language), "as_of": iso(tongue.at)}
    view: View = {"w": tongue.words, "page": page, "words": None}
    if placed is not None:
        document = placed.document
        label = tongue.say(f"severity_{placed.severity.value}")
        lines = block_lines(registry, tongue, need=document.need, severity=placed.severity)[:FRAGMENT_WAYS]
        promise = document.next_update_by
        view |= {
            "severity": placed.severity.value,
            "label": f"{tongue.say('exercise')} – {label}" if at.drill else label,
            "words": content_view(tongue, document.content),
            "promise": promise_text(tongue, promise),
            "promise_iso": None if promise is None else iso(promise),
            "link": f"{at.base}/{tongue.language}/crises/{document.crisis}",
            "contact": contact_block(tongue, lines),
            "contact_href": f"{at.base}/{tongue.language}/contact",
            "until": tongue.say("holds_until", time=tongue.day(document.expires_at)),
            "until_iso": iso(document.expires_at),
        }
    path = f"{at.prefix}/site/{site.slug}/banner.{tongue.language}.html".strip("/")
    return File(path, at.render("site/fragment.html", view).encode(), HTML, language=tongue.language)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the pages are that a fragment leads to."""

    base: str
    """With the prefix, without a slash at its end."""
    prefix: str
    render: Render

    @property
    def drill(self) -> bool:
        return bool(self.prefix)
