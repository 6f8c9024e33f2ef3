"""Help that is not an announcement: frequent questions, articles, videos, public aid, community groups, self-care.

Chosen by topic, reader's language and area. Knowledge that is usually gated can be opened until a given moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from app.domain.content import is_public_link
from app.domain.reading import Reader, iso
from app.domain.texts import NO_TEXTS, Texts

LANGUAGE_MARK: Final = "{language}"
MOST_SHOWN: Final = 12


class HelpKind(StrEnum):
    ARTICLE = "article"
    VIDEO = "video"
    PUBLIC_AID = "public_aid"
    COMMUNITY = "community"
    SELF_CARE = "self_care"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class FaqEntry:
    slug: str
    questions: Texts
    answers: Texts
    topics: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    """Where it holds; empty = everywhere."""
    position: int = 0

    @classmethod
    def from_document(cls, document: object, at: str = "") -> FaqEntry:
        read = Reader(document, at)
        read.only("slug", "questions", "answers", "topics", "areas", "position", "review")
        entry = cls(
            slug=read.slug(),
            questions=read.texts("questions", required=True, longest=300),
            answers=read.texts("answers", required=True, longest=2_000, lines=True),
            topics=_slugs(read, "topics"),
            areas=read.strings("areas", longest=64),
            position=read.number("position", 0, 1_000_000) or 0,
        )
        for language in sorted(set(entry.questions) ^ set(entry.answers)):
            read.problem(
                "missing_translation",
                read.path(f"answers.{language}"),
                "has a question without an answer, or an answer without a question",
                "Write both in every language.",
            )
        read.done()
        return entry

    def to_document(self) -> dict[str, object]:
        return {
            "slug": self.slug,
            "questions": dict(self.questions),
            "answers": dict(self.answers),
            "topics": list(self.topics),
            "areas": list(self.areas),
            "position": self.position,
        }

    @property
    def languages(self) -> Collection[str]:
        return self.questions.keys()


@dataclass(frozen=True, slots=True)
class OpenResource:
    """Pages that need no login until then."""

    url_pattern: str
    """https address in which `*` stands for anything: https://learn.example.org/courses/*"""
    until: datetime

    def to_document(self) -> dict[str, object]:
        return {"url_pattern": self.url_pattern, "until": iso(self.until)}


@dataclass(frozen=True, slots=True)
class HelpLink:
    slug: str
    kind: HelpKind
    texts: Texts
    url: str
    """https; `{language}` stands for the reader's language."""
    notes: Texts = field(default_factory=lambda: NO_TEXTS)
    topics: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    opens: OpenResource | None = None
    position: int = 0

    @classmethod
    def from_document(cls, document: object, at: str = "") -> HelpLink:
        read = Reader(document, at)
        read.only("slug", "kind", "texts", "url", "notes", "topics", "areas", "open_resources", "position", "review")
        link = cls(
            slug=read.slug(),
            kind=read.choice("kind", HelpKind, HelpKind.ARTICLE),
            texts=read.texts("texts", required=True, longest=200),
            url=_address(read, "url"),
            notes=read.texts("notes", longest=500),
            topics=_slugs(read, "topics"),
            areas=read.strings("areas", longest=64),
            opens=_opens(read),
            position=read.number("position", 0, 1_000_000) or 0,
        )
        read.done()
        return link

    def to_document(self) -> dict[str, object]:
        return {
            "slug": self.slug,
            "kind": self.kind.value,
            "texts": dict(self.texts),
            "url": self.url,
            "notes": dict(self.notes),
            "topics": list(self.topics),
            "areas": list(self.areas),
            "open_resources": self.opens.to_document() if self.opens else None,
            "position": self.position,
        }

    @property
    def languages(self) -> Collection[str]:
        return self.texts.keys()

    def url_in(self, language: str) -> str:
        return self.url.replace(LANGUAGE_MARK, language)

    def leads_nowhere(self, dead: Collection[str], *languages: str) -> bool:
        """Whether its address in one of these languages is among the dead ones, which have no `#` part."""
        return any(self.url_in(language).partition("#")[0] in dead for language in languages)


Item = TypeVar("Item", FaqEntry, HelpLink)


def helpful(
    items: Iterable[Item], *, topics: Sequence[str] = (), language: str, area: str = "", limit: int = MOST_SHOWN
) -> tuple[Item, ...]:
    """What to show this reader: in their language first, then those of the earliest topic, then by position and slug.

    Without topics everything fits; with topics only what has one of them. Help for other areas is left out.
    """
    base = language.split("-", maxsplit=1)[0]

    def rank(item: Item) -> tuple[bool, int, int, str]:
        spoken = language in item.languages or base in item.languages
        nearest = min((topics.index(topic) for topic in item.topics if topic in topics), default=len(topics))
        return not spoken, nearest, item.position, item.slug

    fitting = (item for item in items if not item.areas or area in item.areas)
    wanted = [item for item in fitting if not topics or any(topic in topics for topic in item.topics)]
    return tuple(sorted(wanted, key=rank)[:limit])


def open_resources(links: Iterable[HelpLink], at: datetime) -> tuple[OpenResource, ...]:
    """What is open at this moment, once per pattern with its latest end; never a pattern whose time is over."""
    latest: dict[str, OpenResource] = {}
    for link in links:
        opened = link.opens
        if opened is None or opened.until <= at:
            continue
        known = latest.get(opened.url_pattern)
        if known is None or known.until < opened.until:
            latest[opened.url_pattern] = opened
    return tuple(latest[pattern] for pattern in sorted(latest))


def next_end(links: Iterable[HelpLink], at: datetime) -> datetime | None:
    """When, after `at`, the first opened knowledge needs its login again; None = nothing is open."""
    return min((opened.until for opened in open_resources(links, at)), default=None)


def _opens(read: Reader) -> OpenResource | None:
    if not read.has("open_resources"):
        return None
    inner = Reader(read.mapping("open_resources"), read.path("open_resources"), read.problems)
    inner.only("url_pattern", "until")
    pattern, until = _address(inner, "url_pattern", mark="*"), inner.instant("until")
    if until is None:
        inner.problem("missing", inner.path("until"), "is missing", "Say until when it is open.")
        return None
    host = pattern.removeprefix("https://").split("/", maxsplit=1)[0]
    if "*" in host:
        inner.problem("bad_link", inner.path("url_pattern"), "opens more than one host", "Name the host in full.")
    return OpenResource(pattern, until)


def _address(read: Reader, field: str, mark: str = LANGUAGE_MARK) -> str:
    url = read.text(field, required=True, longest=2_000, lines=False)
    if url and not is_public_link(url.replace(mark, "x")):
        read.problem("bad_link", read.path(field), "is not an https address", "Use a full https:// address.")
    return url


def _slugs(read: Reader, field: str) -> tuple[str, ...]:
    return read.strings(field, most=50, longest=64)
