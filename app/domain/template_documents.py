"""Texts of one's own around an update's words: which message they make, and what may stand in their gaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.crisis import Stage
from app.domain.message import Medium
from app.domain.reading import Reader
from app.errors import Conflict, Problem


class Part(StrEnum):
    """Of a message; every medium but e-mail has a text alone."""

    TEXT = "text"
    SUBJECT = "subject"
    HTML = "html"


TEMPLATED: Final = frozenset({Medium.SMS, Medium.SOCIAL, Medium.CHAT, Medium.PUSH, Medium.VOICE, Medium.EMAIL})
"""The website has its own look, and a webhook carries data."""
CONTENT_GAPS: Final = (
    "headline", "headline_stop", "acknowledgement", "impact", "duration", "explanation", "complications", "options",
    "perspective", "reassurance", "links",
)  # fmt: skip
"""What the author wrote: texts, and lists of texts or of {text, url, route}."""
GAPS: Final = (*CONTENT_GAPS, "mark", "words", "routes", "next_update", "link")
"""For every medium. `routes` is a list of {need, address, note}; `words` holds the shipped labels of the language."""
EMAIL_GAPS: Final = (
    "language", "direction", "kicker", "organisation", "not_in_language", "greeting", "help", "contact_as_of",
    "read_more", "why_you", "manage", "manage_link", "subject",
)  # fmt: skip


def gaps_of(medium: Medium) -> tuple[str, ...]:
    return (*GAPS, *EMAIL_GAPS) if medium is Medium.EMAIL else GAPS


@dataclass(frozen=True, slots=True)
class TemplateDocument:
    slug: str
    medium: Medium
    source: str
    variables: tuple[str, ...] = ()
    """The gaps it may use; () = all there are."""
    part: Part = Part.TEXT
    language: str = ""
    """Of the readers; "" = whatever they read."""
    stages: tuple[Stage, ...] = ()
    """Of the updates; () = all."""

    @classmethod
    def from_document(cls, document: object) -> TemplateDocument:
        """Raises Invalid with one Problem per fault; whether the source is harmless is `Templating.check`'s matter."""
        read = Reader(document)
        read.only("slug", "medium", "source", "variables", "part", "language", "stages")
        template = cls(
            slug=read.slug(),
            medium=read.choice("medium", Medium),
            source=read.text("source", required=True, longest=20_000),
            variables=read.strings("variables", most=200, longest=64),
            part=read.choice("part", Part, Part.TEXT),
            language=read.text("language", longest=35, lines=False),
            stages=tuple(dict.fromkeys(_stages(read))),
        )
        template._check(read)
        read.done()
        return template

    def _check(self, read: Reader) -> None:
        if self.medium not in TEMPLATED:
            known = ", ".join(sorted(TEMPLATED))
            read.problem("not_templated", "medium", "takes no text of your own", f"Use one of: {known}.")
        if self.part is not Part.TEXT and self.medium is not Medium.EMAIL:
            read.problem("not_templated", "part", "is one that only e-mail has", "Leave it out.")
        if self.language:
            read.check_language("language", self.language)
        for place, name in enumerate(self.variables):
            if name not in gaps_of(self.medium):
                known = ", ".join(sorted(gaps_of(self.medium)))
                path, fault = f"variables[{place}]", f"names “{name}”, which is no gap of this medium"
                read.problem("unknown_variable", path, fault, f"Use some of: {known}.")

    @property
    def allowed(self) -> tuple[str, ...]:
        return self.variables or gaps_of(self.medium)

    def to_document(self) -> dict[str, object]:
        return {
            "slug": self.slug,
            "medium": self.medium.value,
            "source": self.source,
            "variables": list(self.variables),
            "part": self.part.value,
            "language": self.language,
            "stages": [stage.value for stage in self.stages],
        }


def choose(
    templates: Iterable[TemplateDocument], medium: Medium, part: Part, stage: Stage, language: str
) -> TemplateDocument | None:
    """The one that makes this part for these readers: their language before all languages, then this stage before all.

    `gu-IN` is served by a template in `gu` when there is none of its own.
    """
    base = language.split("-", maxsplit=1)[0]
    fitting = (
        one
        for one in templates
        if one.medium is medium
        and one.part is part
        and one.language in {"", base, language}
        and (not one.stages or stage in one.stages)
    )
    return min(fitting, key=lambda one: (_rank(one.language, language), not one.stages, one.slug), default=None)


def _rank(own: str, language: str) -> int:
    return 0 if own == language else 1 if own else 2


def check_apart(wanted: TemplateDocument, others: Iterable[TemplateDocument]) -> None:
    """Raise Conflict when another one would make the same message, and only its name decided which."""
    for other in others:
        same = (other.medium, other.part, other.language) == (wanted.medium, wanted.part, wanted.language)
        both = set(other.stages) & set(wanted.stages)
        if other.slug != wanted.slug and same and (both or not (other.stages or wanted.stages)):
            sentence = f"“{other.slug}” makes the same message already."
            remedy = "Change that one, or choose another language or other stages."
            raise Conflict(Problem("template_taken", sentence, "language", remedy))


def _stages(read: Reader) -> Iterable[Stage]:
    known: Mapping[str, Stage] = {stage.value: stage for stage in Stage}
    for place, word in enumerate(read.strings("stages", most=len(Stage), longest=32)):
        if word in known:
            yield known[word]
        else:
            path, remedy = f"stages[{place}]", f"Use some of: {', '.join(known)}."
            read.problem("unknown_word", path, "must be one of the known words", remedy)
