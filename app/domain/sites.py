"""A website that shows our banner."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.reading import Reader


class Placement(StrEnum):
    """Where on a page an update can stand, from the smallest to the largest."""

    BANNER = "banner"
    POPUP = "popup"
    LANDING = "landing"


_ORIGIN: Final = re.compile(r"https://[a-z0-9.-]+(:\d{1,5})?|http://(localhost|127\.0\.0\.1)(:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Site:
    slug: str
    origins: tuple[str, ...] = ()
    """Where the widget is embedded: https://www.example.org, without a path."""
    languages: tuple[str, ...] = ("en",)
    """The first one is what readers of other languages get."""
    slots: tuple[Placement, ...] = tuple(Placement)
    page_patterns: tuple[str, ...] = ()
    pages_to_check: tuple[str, ...] = ()

    @classmethod
    def from_document(cls, document: object, at: str = "") -> Site:
        read = Reader(document, at)
        read.only("slug", "origins", "languages", "slots", "page_patterns", "pages_to_check")
        origins = read.strings("origins", most=100)
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                read.problem("bad_origin", read.path("origins"), f"names “{origin}”", "Write https://www.example.org.")
        slots = read.strings("slots") if read.has("slots") else tuple(Placement)
        known = [placement.value for placement in Placement]
        if any(slot not in known for slot in slots):
            read.problem("unknown_word", read.path("slots"), "names an unknown slot", f"Use: {', '.join(known)}.")
        site = cls(
            slug=read.slug(),
            origins=origins,
            languages=read.languages() or ("en",),
            slots=tuple(Placement(slot) for slot in slots if slot in known),
            page_patterns=read.strings("page_patterns"),
            pages_to_check=read.strings("pages_to_check"),
        )
        read.done()
        return site

    def to_document(self) -> dict[str, object]:
        return {
            "slug": self.slug,
            "origins": list(self.origins),
            "languages": list(self.languages),
            "slots": [slot.value for slot in self.slots],
            "page_patterns": list(self.page_patterns),
            "pages_to_check": list(self.pages_to_check),
        }
