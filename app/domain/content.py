"""What a good crisis message says, per language (DESIGN section 3), and what is wrong with one that does not."""

from __future__ import annotations

import hashlib
import html as html_escapes
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from app.domain.reading import Reader
from app.domain.texts import tidy
from app.errors import Problem

MOST_OPTIONS: Final = 2

CONTENT_FIELDS: Final = (
    "headline",
    "acknowledgement",
    "impact",
    "duration",
    "explanation",
    "complications",
    "options",
    "perspective",
    "reassurance",
    "links",
)

WARNINGS: Final = frozenset({"gloom_alone", "no_duration", "translation_thinner", "variant_in_main_words"})
"""Codes of `check` that advise; every other code blocks."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing the reader can do to stop the bleeding."""

    text: str
    need: str = ""
    """Slug of the need whose contact channels help with it, "" for none."""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Content:
    """The words of one language. Every text is NFC, without control or bidi characters; the headline is one line."""

    headline: str = ""
    acknowledgement: str = ""
    impact: str = ""
    duration: str = ""
    explanation: str = ""
    complications: tuple[str, ...] = ()
    options: tuple[Choice, ...] = ()
    perspective: str = ""
    reassurance: str = ""
    links: tuple[Link, ...] = ()

    @classmethod
    def from_document(cls, document: object, at: str = "") -> Content:
        """Raises Invalid with one Problem per fault; `at` prefixes their field paths. Emptiness is `check`'s matter."""
        read = Reader(document, at)
        content = cls.read(read)
        read.done()
        return content

    @classmethod
    def read(cls, read: Reader) -> Content:
        """As from_document, for use inside a larger document: faults go into the reader."""
        read.only(*CONTENT_FIELDS)
        return cls(
            headline=read.text("headline", longest=200, lines=False),
            acknowledgement=read.text("acknowledgement"),
            impact=read.text("impact"),
            duration=read.text("duration"),
            explanation=read.text("explanation"),
            complications=read.strings("complications", most=20, longest=2_000, lines=True),
            options=tuple(_options(read)),
            perspective=read.text("perspective"),
            reassurance=read.text("reassurance"),
            links=tuple(_links(read)),
        )

    def to_document(self) -> dict[str, object]:
        """The contract's shape, every field present."""
        return {
            "headline": self.headline,
            "acknowledgement": self.acknowledgement,
            "impact": self.impact,
            "duration": self.duration,
            "explanation": self.explanation,
            "complications": list(self.complications),
            "options": [{"text": one.text, "need": one.need or None, "url": one.url or None} for one in self.options],
            "perspective": self.perspective,
            "reassurance": self.reassurance,
            "links": [{"text": link.text, "url": link.url} for link in self.links],
        }


def is_public_link(url: str) -> bool:
    """Only https with a host, no credentials, no blanks: what a reader can be asked to open."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme == "https"
            and bool(parts.hostname)
            and parts.username is None
            and parts.port != 0
            and not any(character.isspace() or character in "<>\"'`\\" for character in url)
        )
    except ValueError:
        return False


def _url(read: Reader, *, required: bool) -> str:
    url = read.text("url", required=required, longest=2_000, lines=False)
    if url and not is_public_link(url):
        read.problem("bad_link", read.path("url"), "is not an https address", "Use a full https:// address.")
    return url


def _options(read: Reader) -> Iterable[Choice]:
    items = read.items("options")
    if len(items) > MOST_OPTIONS:
        read.problem(
            "too_many_options",
            read.path("options"),
            f"has {len(items)} options",
            f"Keep the {MOST_OPTIONS} that help most; more makes people freeze.",
        )
    for index, item in enumerate(items):
        inner = Reader(item, f"{read.path('options')}[{index}]", read.problems)
        inner.only("text", "need", "url")
        text = inner.text("text", required=True, longest=1_000)
        yield Choice(text, inner.slug("need", required=False), _url(inner, required=False))


def _links(read: Reader) -> Iterable[Link]:
    for index, item in enumerate(read.items("links", most=20)):
        inner = Reader(item, f"{read.path('links')}[{index}]", read.problems)
        inner.only("text", "url")
        yield Link(inner.text("text", required=True, longest=200, lines=False), _url(inner, required=True))


def check(content_by_language: Mapping[str, Content], wanted_languages: Sequence[str]) -> tuple[Problem, ...]:
    """What stands between these words and their readers; codes in WARNINGS advise, the others block.

    `wanted_languages`: the languages that must be there. Field paths start with `content.<language>`.
    """
    problems = [
        Problem(
            "missing_translation",
            f"There is no text in “{language}”.",
            f"content.{language}",
            "Write it, or fill a playbook sentence that is approved in that language.",
        )
        for language in wanted_languages
        if language not in content_by_language
    ]
    for language, content in content_by_language.items():
        problems.extend(_check_one(f"content.{language}", content))
    problems.extend(_check_step(content_by_language))
    return tuple(problems)


def check_variant(content_by_language: Mapping[str, Content], languages: Sequence[str], at: str) -> tuple[Problem, ...]:
    """The same of other words for some readers; `languages`: of the main words, which stand in where these are missing.

    Field paths start with `<at>.content.<language>`.
    """
    problems = [
        problem
        for language, content in content_by_language.items()
        for problem in _check_one(f"{at}.content.{language}", content)
    ]
    if content_by_language:
        problems += [
            Problem(
                "variant_in_main_words",
                f"In “{language}” the readers of this text get the main one.",
                f"{at}.content.{language}",
                "Write it in that language too, if it should differ.",
            )
            for language in languages
            if language not in content_by_language
        ]
    return tuple(problems)


def _check_one(at: str, content: Content) -> Iterable[Problem]:
    if not content.headline:
        yield Problem("no_headline", "The headline is missing.", f"{at}.headline", "Say in one line what happened.")
    if not content.impact:
        yield Problem("no_impact", "The impact is missing.", f"{at}.impact", "Say how the reader is affected.")
    if not content.duration:
        yield Problem(
            "no_duration", "Nothing says how long it lasts.", f"{at}.duration", "Give a time, or say it is not known."
        )
    if content.complications and not (content.options or content.reassurance):
        yield Problem(
            "gloom_alone",
            "There is a complication but no option and no reassurance.",
            f"{at}.complications",
            "Add something the reader can do, or what is being done.",
        )


def _check_step(content_by_language: Mapping[str, Content]) -> Iterable[Problem]:
    """Languages that lack a field another one has: readers would be told less."""
    filled = {
        language: {name for name in CONTENT_FIELDS if getattr(content, name)}
        for language, content in content_by_language.items()
    }
    everything = set().union(*filled.values()) if filled else set()
    for language, names in filled.items():
        if lacking := [name for name in CONTENT_FIELDS if name in everything - names - {"headline", "impact"}]:
            yield Problem(
                "translation_thinner",
                f"“{language}” lacks {', '.join(lacking)}, which another language has.",
                f"content.{language}",
                "Translate it too.",
            )


def content_hash(document: object) -> str:
    """SHA-256 (hex) over canonical JSON: the same for any key order and any Unicode form of the same words."""
    canonical = json.dumps(_plain(document), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, str):
        return tidy(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


_MARK: Final = re.compile(r"-([a-z][a-z0-9_]*)(-html)?-")


def splice(text: str, fields: Mapping[str, str], *, html: bool = False) -> str:
    """`text` with each mark `-name-` replaced by its field, in one pass: a field's own marks stay words.

    `-name-html-` is the field escaped for HTML; with `html` every field is. Marks without a field stay as they are.
    """

    def value(found: re.Match[str]) -> str:
        field = fields.get(found[1])
        if field is None:
            return found[0]
        return html_escapes.escape(field) if html or found[2] else field

    return _MARK.sub(value, text)
