"""Where on websites an update stands, on which of their pages and for readers of which languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.domain.crisis import Severity, Stage
from app.domain.reading import Reader
from app.domain.sites import Placement

MOST_PATTERNS: Final = 50
LONGEST_PATTERN: Final = 200
MOST_STARS: Final = 3
"""In one pattern: a browser matches it by trying every way to split the path."""

CALM_STAGES: Final = frozenset({Stage.RESOLVED, Stage.FOLLOWUP})
"""Good news and aftermath: a banner is enough, whatever the crisis was."""
SEVERE: Final = frozenset({Severity.EMERGENCY, Severity.MAJOR})


@dataclass(frozen=True, slots=True)
class Scope:
    """On which pages, for whom."""

    pages: tuple[str, ...] = ()
    """Paths, `*` stands for anything: /help/*. None = where the site's own `page_patterns` say."""
    languages: tuple[str, ...] = ()
    """Only readers of these; none = everybody, in the language that fits best."""

    @classmethod
    def read(cls, read: Reader) -> Scope:
        read.only("pages", "languages")
        pages = read.strings("pages", most=MOST_PATTERNS, longest=LONGEST_PATTERN)
        for page in pages:
            if not page.startswith(("/", "*")) or page.count("*") > MOST_STARS:
                read.problem(
                    "bad_pattern",
                    read.path("pages"),
                    f"names “{page}”, which is no path",
                    f"Write /help/*: from the first slash on, with at most {MOST_STARS} stars.",
                )
        return cls(pages, read.languages())

    def to_document(self) -> dict[str, object]:
        return {"pages": list(self.pages), "languages": list(self.languages)}


EVERYWHERE: Final = Scope()

Placements = Mapping[Placement, Scope]
"""Only what is named is shown: {} keeps an update off the pages of websites (its own page still has it)."""


def read_placements(read: Reader) -> Placements | None:
    """The field `placements` of a document; None when it is absent."""
    if not read.has("placements"):
        return None
    inner = Reader(read.mapping("placements"), read.path("placements"), read.problems)
    inner.only(*(placement.value for placement in Placement))
    return MappingProxyType(
        {
            placement: Scope.read(Reader(inner.raw(placement.value), inner.path(placement.value), read.problems))
            for placement in Placement
            if inner.has(placement.value)
        }
    )


def placements_document(placements: Placements | None) -> dict[str, object] | None:
    if placements is None:
        return None
    return {placement.value: scope.to_document() for placement, scope in placements.items()}


def default_placements(severity: Severity, stage: Stage) -> Placements:
    """Where neither the update nor its playbook says it: a banner; what is severe and going on takes every place."""
    everywhere = severity in SEVERE and stage not in CALM_STAGES
    return dict.fromkeys(Placement if everywhere else [Placement.BANNER], EVERYWHERE)


def dismissable(severity: Severity) -> bool:
    """Whether a reader may put it away for good; an emergency comes back on the next page."""
    return severity is not Severity.EMERGENCY
