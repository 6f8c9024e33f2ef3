"""What composing starts from and ends in, whatever the medium."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from app.domain.content import Content
from app.domain.crisis import Severity, Stage
from app.domain.fitting import Measure
from app.domain.help_choice import Library
from app.domain.message import Medium, Message
from app.domain.playbooks import Playbook
from app.domain.reading import iso
from app.domain.routing import Registry, RouteLine, route_lines
from app.domain.template_documents import Part, TemplateDocument, choose
from app.domain.updates import UpdateDocument
from app.domain.vouching import Standing
from app.errors import Invalid, Problem
from app.store.translations import TaskRow
from app.templating import OUTPUT_CAP, Templating
from app.templating.announcement import Readers, exercise_mark
from app.templating.own_texts import render_own

_IN_PERSON: Final = frozenset({Medium.SMS, Medium.EMAIL})


NO_LIBRARY: Final = Library()


@dataclass(frozen=True, slots=True)
class Source:
    """Everything the words are made from, read once per broadcast."""

    crisis: Mapping[str, object]
    """The crisis document: {slug, titles, severity, ...}."""
    update: UpdateDocument
    registry: Registry
    organisation: Mapping[str, object]
    """{names{lang}, default_language, timezone, languages?[]}."""
    severity: Severity
    update_id: int | str = ""
    revision: int = 0
    library: Library = NO_LIBRARY
    playbook: Playbook | None = None
    """The crisis's own, None without one."""
    standings: tuple[Standing, ...] = ()
    standings_apart: tuple[tuple[Standing, ...], ...] = ()
    """Of each of its texts for a part of the audience, in their order."""
    """Who vouches for each language, and whether it is in step."""
    rest: bool = False
    """It brings only further languages of an update that has gone out."""
    tasks: tuple[TaskRow, ...] = ()
    """Translations that were asked for."""
    templates: tuple[TemplateDocument, ...] = ()
    """Of one's own: frozen with the words, or as they are now while these are still written."""

    @property
    def default_language(self) -> str:
        return str(self.organisation.get("default_language") or "en")

    @property
    def timezone(self) -> str:
        return str(self.organisation.get("timezone") or "UTC")


@dataclass(frozen=True, slots=True)
class Composed:
    message: Message
    measure: Measure
    routes: int
    """Contact lines that are in the text."""
    notes: tuple[Problem, ...] = ()
    """What staff should know: a fallback language, dropped words, no contact route."""
    as_of: str = ""
    """The sentence of it that only says when opening times were looked up, "" without one."""
    reserved: int = 0
    """The most SMS parts these words can take at any hour; 0 for other media."""


@dataclass(frozen=True, slots=True)
class Job:
    """One call of `compose`, resolved: whose words in which language."""

    templating: Templating
    source: Source
    medium: Medium
    content: Content
    language: str
    """Of the content: another one than asked for when that translation is missing."""
    readers: Readers
    page_link: str
    fields: tuple[str, ...] = ()
    area: str = ""
    """Of the readers: an area of the registry, ELSEWHERE, or "" when it is not known."""
    notes: list[Problem] = field(default_factory=list)

    @property
    def stage(self) -> Stage:
        return self.source.update.stage

    @property
    def mark(self) -> str:
        return exercise_mark(self.readers.words) if self.source.update.drill else ""

    @property
    def first(self) -> tuple[str, ...]:
        """What a message of this kind says before all else, whatever its form."""
        correction = self.readers.words.texts["stage_correction"] if self.stage is Stage.CORRECTION else ""
        return tuple(word for word in (self.mark, correction) if word)

    def lines(self, limit: int, *, distinct: bool) -> tuple[RouteLine, ...]:
        return route_lines(
            self.source.registry,
            need=self.source.update.need,
            language=self.readers.language,
            area=self.area,
            severity=self.source.severity,
            # What is public is read by others than the audience too.
            audience=self.source.update.audience if self.medium in _IN_PERSON else "",
            at=self.readers.at,
            limit=limit,
            distinct=distinct,
        )


_PARTS: Final[Mapping[str, Part]] = {"email.html": Part.HTML, "email.subject.txt": Part.SUBJECT}


def render(job: Job, part: str, view: Mapping[str, object], *, html: bool) -> str:
    """By the template of one's own for these readers, else by the shipped one.

    One that cannot be used is noted, which keeps preflight from passing, and never keeps a message from leaving.
    """
    kind = _PARTS.get(part, Part.TEXT)
    own = choose(job.source.templates, job.medium, kind, job.stage, job.readers.language)
    if own is not None:
        try:
            return render_own(job.templating, own, view, job.first)
        except Invalid as refused:
            job.notes.extend(refused.problems)
    return job.templating.render(job.templating.announcement(job.stage, part), view, html=html, cap=OUTPUT_CAP)


def tidy_lines(text: str, blank: int) -> str:
    """Layout is the templates' business, blank lines are not: at most `blank` in a row, none at the ends."""
    tidy = re.sub(r"[ \t]+(?=\n)", "", text.strip())
    return re.sub(f"\n{{{blank + 2},}}", "\n" * (blank + 1), tidy)


def message(job: Job, text: str, subject: str = "", html: str = "") -> Message:
    update = job.source.update
    identity = f"{job.source.update_id}\0{job.source.revision}\0{job.medium}\0{job.language}\0{subject}\0{text}"
    return Message(
        medium=job.medium,
        language=job.readers.language if html else job.language,
        text=text,
        subject=subject,
        html=html,
        link=job.page_link,
        key=hashlib.sha256(identity.encode()).hexdigest()[:32],
        created_at=job.readers.at,
        valid_seconds=max(0, int((update.expires_at - job.readers.at).total_seconds())),
        drill=update.drill,
        data={
            "crisis": update.crisis,
            "update": job.source.update_id,
            "revision": job.source.revision,
            "stage": update.stage.value,
            "severity": job.source.severity.value,
            "language": job.language,
            "headline": f"{job.mark}: {job.content.headline}" if job.mark else job.content.headline,
            "next_update_by": iso(update.next_update_by) if update.next_update_by else None,
            "expires_at": iso(update.expires_at),
            "drill": update.drill,
        },
    )


def no_contact_route() -> Problem:
    """The refusal preflight and compose share."""
    return Problem(
        "no_contact_route",
        "The message names no way to reach you.",
        "need",
        "Add a contact channel and a routing rule for this need, or for emergencies.",
    )


def oversize(job: Job, measured: Measure) -> Problem:
    size = f"{measured.size} {measured.unit}, allowed are {measured.limit}"
    return Problem(
        "oversize",
        f"The {job.medium} text in “{job.language}” takes {size}.",
        f"content.{job.language}",
        "Shorten headline and impact.",
    )
