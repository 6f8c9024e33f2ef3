"""All pages of one language: those of now are made at every publication, those of the past once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from app.domain.crisis import Severity
from app.domain.routing import Registry, RouteLine
from app.domain.snapshot import File
from app.publishing import check, help_views, history, pages, planned
from app.publishing.chapters import Chapter
from app.publishing.check import Entry
from app.publishing.contact_views import block_lines, channels, contact_block, finder
from app.publishing.monthly import Sheet
from app.publishing.pages import Frame, Render
from app.publishing.picture import Picture, PublicCrisis
from app.publishing.reuse import Kept
from app.publishing.structured import Machines
from app.publishing.tongue import Tongue, View


@dataclass(frozen=True, slots=True)
class Contact:
    """The contact block of one language, computed once for each need and severity."""

    registry: Registry
    tongue: Tongue
    _known: dict[tuple[str, Severity | None], tuple[RouteLine, ...]] = field(default_factory=dict)

    def lines(self, crisis: PublicCrisis | None) -> tuple[RouteLine, ...]:
        shown = crisis.shown if crisis else None
        key = (shown.document.need, crisis.severity) if crisis and shown else ("", None)
        if key not in self._known:
            self._known[key] = block_lines(self.registry, self.tongue, need=key[0], severity=key[1])
        return self._known[key]

    def block(self, crisis: PublicCrisis | None) -> list[View]:
        return contact_block(self.tongue, self.lines(crisis))


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that was ever said, for real or in exercises, as lists of pages: the same in every language."""

    chapters: tuple[Chapter, ...]
    history: tuple[Sheet[Chapter], ...]
    messages: tuple[Sheet[Entry], ...]

    @classmethod
    def of(cls, picture: Picture, timezone: str, *, drill: bool) -> Told:
        chapters = tuple(chapter for chapter in picture.chapters if chapter.drill is drill)
        messages = check.cut(chapters, picture.said_counts, timezone)
        return cls(chapters, history.cut(chapters, timezone), messages)


def side_pages(
    frame: Frame, render: Render, picture: Picture, told: Told, contact: Contact, kept: Kept
) -> Iterator[File]:
    """Every page of this language, for real or for drills as the frame says."""
    tongue = frame.tongue
    crises = picture.drills if frame.drill else picture.live
    first = next((crisis for crisis in crises if crisis.shown), None)
    data = Machines(tongue, frame.public_base, picture)
    work = [] if frame.drill else planned.shown(picture.planned, picture.at)
    yield pages.status_page(
        data.status(frame, crises, contact.lines(first)),
        render,
        crises,
        contact.block(first),
        [planned.planned_view(tongue, one) for one in work],
        history.recent(tongue, told.chapters, frame.prefix),
    )
    yield _contact_page(frame, render, picture, crises, data)
    yield pages.missing_page(frame, render)
    yield from _crisis_pages(frame, render, picture, contact, kept, told.chapters)
    yield from history.history_pages(frame, render, told.history, kept)
    yield from check.check_pages(frame, render, told.messages, picture, kept, contact.block(None))


def chapter_source(chapter: Chapter, kept: Kept) -> str:
    """Of the page of a crisis that is over; a current one has none, since time alone changes it."""
    return "" if chapter.current else kept.source(chapter.stamp)


def chapter_path(frame: Frame, chapter: Chapter) -> str:
    return frame.path(f"crises/{chapter.slug}")


def unwritten(frames: Sequence[Frame], told: Iterable[Chapter], kept: Kept) -> list[Chapter]:
    """Crises that are over and whose page is not there as it should be."""
    return [
        chapter
        for chapter in told
        if not chapter.current
        and not all(kept.holds(chapter_path(frame, chapter), chapter_source(chapter, kept)) for frame in frames)
    ]


def _crisis_pages(
    frame: Frame, render: Render, picture: Picture, contact: Contact, kept: Kept, told: Iterable[Chapter]
) -> Iterator[File]:
    read = {crisis.slug: crisis for crisis in (picture.drills if frame.drill else picture.live)}
    for chapter in told:
        crisis, path = read.get(chapter.slug), chapter_path(frame, chapter)
        source = chapter_source(chapter, kept)
        if crisis is None:
            yield from kept.old([path])  # its turn comes with a later publication
        elif source:
            resting = frame.at(chapter.changed_at)
            yield kept.or_make(
                path,
                source,
                lambda crisis=crisis, frame=resting: crisis_page(  # type: ignore[misc]
                    frame, render, picture, contact, crisis
                ),
            )
        else:
            yield crisis_page(frame, render, picture, contact, crisis)


def crisis_page(frame: Frame, render: Render, picture: Picture, contact: Contact, crisis: PublicCrisis) -> File:
    help_ = help_views.crisis_help(frame.tongue, picture, crisis)
    shown = crisis.shown is not None
    data = Machines(frame.tongue, frame.public_base, picture)
    told = data.crisis(frame, crisis, help_, contact.lines(crisis) if shown else ())
    return pages.crisis_page(told, render, crisis, contact.block(crisis) if shown else [], help_)


def _contact_page(
    frame: Frame, render: Render, picture: Picture, crises: tuple[PublicCrisis, ...], data: Machines
) -> File:
    registry, tongue = picture.registry, frame.tongue
    current = help_views.current_help(tongue, picture, crises)
    help_ = help_views.general_help(tongue, picture, current)
    told = data.contact(frame, crises, current, help_[0])
    needs, ways = finder(registry, tongue), channels(registry, tongue)
    return pages.contact_page(told, render, needs, ways, help_, current)
