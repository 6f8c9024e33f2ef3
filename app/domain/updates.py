"""One announcement as its author hands it in: the contract's update document, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from app.domain.consent import MessageClass
from app.domain.content import Content
from app.domain.crisis import Stage
from app.domain.languages import LanguagePolicy
from app.domain.placements import Placements, placements_document, read_placements
from app.domain.quiet_hours import News
from app.domain.reading import Reader, iso
from app.errors import Problem

DEFAULT_LIFETIME: Final = timedelta(hours=24)
"""What `expires_at` becomes when the author gives none."""

_NEVER_USED: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands in until the reader refuses the document."""

ContentByLanguage = Mapping[str, Content]


@dataclass(frozen=True, slots=True)
class Variant:
    """Other words for a part of the audience: whoever is in `audience` gets these instead."""

    audience: str
    """Slug of the audience."""
    content: ContentByLanguage


@dataclass(frozen=True, slots=True)
class HelpWanted:
    """Which help of the library goes with it (app/domain/help_choice.py)."""

    topics: tuple[str, ...] = ()
    """Best first; none = those of the crisis's playbook."""
    areas: tuple[str, ...] = ()
    """Help for these areas is shown too, beside that for everywhere."""
    shown: bool = True

    @classmethod
    def read(cls, read: Reader) -> HelpWanted:
        inner = Reader(read.mapping("help"), read.path("help"), read.problems)
        inner.only("topics", "areas", "show")
        return cls(
            inner.strings("topics", most=20, longest=64),
            inner.strings("areas", most=50, longest=64),
            inner.flag("show", default=True),
        )

    def to_document(self) -> dict[str, object]:
        return {"topics": list(self.topics), "areas": list(self.areas), "show": self.shown}


DEFAULT_HELP: Final = HelpWanted()


@dataclass(frozen=True, slots=True)
class UpdateDocument:
    """Well-formed; not necessarily ready: a draft may lack its audience, endpoints or words (see `missing`)."""

    crisis: str
    stage: Stage
    expires_at: datetime
    audience: str = ""
    """Slug; "" = nobody by person (a website or social network alone needs no audience)."""
    endpoints: tuple[str, ...] = ()
    content: ContentByLanguage = field(default_factory=lambda: MappingProxyType({}))
    variants: tuple[Variant, ...] = ()
    need: str = ""
    """Slug of the need whose contact channels come first, "" for none."""
    next_update_by: datetime | None = None
    drill: bool = False
    help: HelpWanted = DEFAULT_HELP
    recipients_per_hour: int | None = None
    """No faster than this, so that contact channels can keep up; None = as fast as the endpoints allow."""
    placements: Placements | None = None
    """Where on websites it stands; None = as its playbook says when it is drafted, else as its severity says."""
    news: News | None = None
    """What its author says it is: good news may wait for the reader's morning, bad news never; None = as its stage."""
    languages_to_come: tuple[str, ...] = ()
    """Its readers wait for the words in their own language instead of getting them in another. What `content` has in
    such a language is a first word only: they get it now and still wait for the rest."""
    topic: str = ""
    """What it is about, for people who chose topics; "" = as its playbook says when it is drafted."""
    message_class: MessageClass | None = None
    """None = as its playbook says when it is drafted."""
    language_policy: LanguagePolicy | None = None
    """For readers of none of its languages; None = as its playbook says when it is drafted."""

    @classmethod
    def from_document(cls, document: object, now: datetime | None = None) -> UpdateDocument:
        """Raises Invalid with one Problem per fault.

        Without `expires_at` it becomes now + DEFAULT_LIFETIME; stored documents always have one, so read without `now`.
        """
        read = Reader(document)
        read.only(
            "crisis", "stage", "audience", "endpoints", "content", "variants", "need", "next_update_by", "expires_at",
            "drill", "help", "recipients_per_hour", "placements", "news", "languages_to_come", "topic", "message_class",
            "language_policy",
        )  # fmt: skip
        endpoints = read.strings("endpoints", most=200, longest=64)
        if len(set(endpoints)) < len(endpoints):
            read.problem("duplicate", "endpoints", "names an endpoint twice", "Name each endpoint once.")
        if now is None and not read.has("expires_at"):
            read.problem("missing", "expires_at", "is missing", "Say until when these words may be sent.")
        default_expiry = now + DEFAULT_LIFETIME if now else _NEVER_USED
        update = cls(
            crisis=read.slug("crisis"),
            stage=read.choice("stage", Stage),
            expires_at=read.instant("expires_at") or default_expiry,
            audience=read.slug("audience", required=False),
            endpoints=endpoints,
            content=_content(read),
            variants=_variants(read),
            need=read.slug("need", required=False),
            next_update_by=read.instant("next_update_by"),
            drill=read.flag("drill"),
            help=HelpWanted.read(read),
            recipients_per_hour=read.number("recipients_per_hour", 1, 100_000_000),
            placements=read_placements(read),
            news=read.choice("news", News) if read.has("news") else None,
            languages_to_come=_to_come(read),
            topic=read.slug("topic", required=False),
            message_class=read.choice("message_class", MessageClass) if read.has("message_class") else None,
            language_policy=read.choice("language_policy", LanguagePolicy) if read.has("language_policy") else None,
        )
        read.done()
        return update

    def to_document(self) -> dict[str, object]:
        """The contract's shape, every field present; what is stored, hashed and shown."""
        return {
            "crisis": self.crisis,
            "stage": self.stage.value,
            "audience": self.audience or None,
            "endpoints": list(self.endpoints),
            "content": _plain(self.content),
            "variants": [{"audience": one.audience, "content": _plain(one.content)} for one in self.variants],
            "need": self.need or None,
            "next_update_by": iso(self.next_update_by) if self.next_update_by else None,
            "expires_at": iso(self.expires_at),
            "drill": self.drill,
            "help": self.help.to_document(),
            "recipients_per_hour": self.recipients_per_hour,
            "placements": placements_document(self.placements),
            "languages_to_come": list(self.languages_to_come),
            "topic": self.topic or None,
            "message_class": self.message_class.value if self.message_class else None,
            **({"news": self.news.value} if self.news else {}),
            "language_policy": self.language_policy.value if self.language_policy else None,
        }

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages of the main words, by code."""
        return tuple(sorted(self.content))

    @property
    def ready(self) -> tuple[str, ...]:
        """Languages whose words are whole, by code."""
        return tuple(code for code in self.languages if code not in self.languages_to_come)

    @property
    def readers_languages(self) -> tuple[str, ...]:
        """Languages readers are told apart by: those there are words in, and those there will be."""
        return tuple(sorted({*self.content, *self.languages_to_come}))

    def readers_of(self, variant: int) -> tuple[str, ...]:
        """As `readers_languages`, for those who get this variant."""
        return tuple(sorted({*self.words(variant), *self.languages_to_come}))

    def audience_of(self, variant: int) -> str:
        """Slug of the audience that gets this variant."""
        return self.variants[variant - 1].audience if variant else self.audience

    def words(self, variant: int = 0) -> ContentByLanguage:
        """Words of a variant: 0 is the main content, n is `variants[n - 1]` over the main content's languages."""
        if variant == 0:
            return self.content
        return MappingProxyType({**self.content, **self.variants[variant - 1].content})


def missing(update: UpdateDocument, now: datetime) -> tuple[Problem, ...]:
    """What a draft still lacks, or has lost to time, before it can be submitted; words are content.check's matter."""
    problems = []
    if not update.endpoints:
        problems.append(Problem("no_endpoints", "It goes nowhere.", "endpoints", "Name the endpoints to send through."))
    if not update.content:
        problems.append(Problem("no_content", "It has no words.", "content", "Write it in at least one language."))
    if update.languages_to_come and not set(update.content) - set(update.languages_to_come):
        sentence = "Every language it is written in is still to come."
        problems.append(Problem("nothing_ready", sentence, "languages_to_come", "Finish one language at least."))
    problems += _variants_missing(update)
    if update.expires_at <= now:
        problems.append(Problem("expired", "Its expiry is past.", "expires_at", "Choose a later time."))
    if update.next_update_by is not None and update.next_update_by <= now:
        problems.append(
            Problem("promise_past", "The promised next update is past.", "next_update_by", "Promise a later time.")
        )
    return tuple(problems)


def _variants_missing(update: UpdateDocument) -> list[Problem]:
    problems = []
    for index, one in enumerate(update.variants):
        if not one.content:
            field, remedy = f"variants[{index}].content", "Write it in one language at least, or take it out."
            problems.append(Problem("variant_empty", f"The text for “{one.audience}” has no words.", field, remedy))
    slugs = [one.audience for one in update.variants]
    for slug in sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        sentence, remedy = f"There are two texts for “{slug}”.", "Take one of them out: the first would win."
        problems.append(Problem("variant_twice", sentence, "variants", remedy))
    return problems


def _to_come(read: Reader) -> tuple[str, ...]:
    codes = tuple(sorted(set(read.languages("languages_to_come"))))
    if codes and read.raw("stage") == Stage.CORRECTION.value:
        fault = "must be empty for a correction"
        read.problem("correction_waits", "languages_to_come", fault, "A correction reaches everybody at once.")
    return codes


def _plain(content: ContentByLanguage) -> dict[str, object]:
    return {language: words.to_document() for language, words in sorted(content.items())}


def _content(read: Reader) -> ContentByLanguage:
    found = {}
    for language, words in read.mapping("content").items():
        path = f"{read.path('content')}.{language}"
        read.check_language(path, language)
        found[language] = Content.read(Reader(words, path, read.problems))
    return MappingProxyType(found)


def _variants(read: Reader) -> tuple[Variant, ...]:
    found = []
    for index, item in enumerate(read.items("variants", most=20)):
        inner = Reader(item, f"variants[{index}]", read.problems)
        inner.only("audience", "content")
        found.append(Variant(inner.slug("audience"), _content(inner)))
    return tuple(found)
