"""Short media: headline, impact, the routes (the update's need first, then the emergency line), promise and link.

How long a text message may become: `SEGMENT_BUDGET` parts, in a grave crisis one more if the two first routes do not
fit otherwise, never more than the channel's own `Limits.segments`. Within that, a message gets as many parts as those
two need in their longest form over the day; whatever would take another part is left out, so that neither the hour nor
a new opening time ever makes a broadcast dearer than its preflight said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from app.domain.crisis import Severity
from app.domain.fitting import measure, segments
from app.domain.message import Limits, Medium
from app.domain.routing import EMERGENCY_NEED, RouteLine
from app.errors import Invalid, Problem
from app.templating.announcement import content_view, longest_note, one_line, promise, short_route, state_note
from app.usecases.announcing import Composed, Job, message, no_contact_route, oversize, render, tidy_lines

SEGMENT_BUDGET: Final[Mapping[str, int]] = {"GSM-7": 2, "UCS-2": 3}
GRAVE: Final = frozenset({Severity.EMERGENCY, Severity.MAJOR})
GRAVE_EXTRA: Final = 1
"""In a grave crisis the number of the emergency line is worth another part."""
SHORT_ROUTES: Final = 4
_SHORT_TEMPLATES: Final[Mapping[Medium, str]] = {Medium.SMS: "sms.txt", Medium.PUSH: "sms.txt", Medium.VOICE: "sms.txt"}


@dataclass(frozen=True, slots=True)
class _Shape:
    """One way to shorten: how many routes, with their hours or bare, with the promise, with the impact."""

    routes: int
    hours: bool = True
    promised: bool = True
    impact: bool = True


def compose_short(job: Job, limits: Limits) -> Composed:
    lines = job.lines(SHORT_ROUTES, distinct=True)
    allowed, reserved = _allowance(job, lines, limits)
    core = _core(job, lines)
    for shape in _shapes(len(lines), core, bool(job.source.update.next_update_by)):
        text = _short_text(job, lines, shape)
        if measure(text, allowed).fits:
            return _finished(job, text, limits, shape, lines, reserved)
    least = _Shape(min(len(lines), 1), hours=False, promised=False)
    for shape in (replace(least, routes=core), least):
        # Past our own budget, but the channel takes it: better a dear message than a dropped emergency line.
        text = _short_text(job, lines, shape)
        if measure(text, limits).fits:
            if job.medium is Medium.SMS:
                job.notes.append(_long_note(job, segments(text).parts))
            return _finished(job, text, limits, shape, lines, max(reserved, segments(text).parts))
    if job.medium is not Medium.SMS:
        shape = replace(least, impact=False)
        text = _short_text(job, lines, shape)
        if measure(text, limits).fits:
            job.notes.append(_dropped_impact(job))
            return _finished(job, text, limits, shape, lines, 0)
    raise Invalid(oversize(job, measure(_short_text(job, lines, least), limits)))


def _core(job: Job, lines: tuple[RouteLine, ...]) -> int:
    """How many lines come before all else: the update's need and the emergency line, at least one when there is any."""
    first = [line for line in lines[:2] if line.need.slug in (job.source.update.need, EMERGENCY_NEED)]
    return len(first) or min(len(lines), 1)


def _shapes(lines: int, core: int, promised: bool) -> Iterator[_Shape]:  # noqa: FBT001 - private, one caller
    """From all there is to say down to one bare number; the promise outranks further routes, a number outranks both."""
    yield from (_Shape(count, promised=promised) for count in range(lines, core - 1, -1))
    yield _Shape(core, promised=False)
    yield _Shape(core, hours=False, promised=promised)
    yield _Shape(core, hours=False, promised=False)
    if core > 1:
        yield _Shape(1, promised=False)
        yield _Shape(1, hours=False, promised=False)


def _allowance(job: Job, lines: tuple[RouteLine, ...], limits: Limits) -> tuple[Limits, int]:
    """The channel's limits narrowed to the parts this text may take, and that number (0 = not counted in parts)."""
    if job.medium is not Medium.SMS:
        return limits, 0
    core = _Shape(_core(job, lines), promised=bool(job.source.update.next_update_by))
    longest = segments(_short_text(job, lines, core, note=longest_note(job.readers)))
    budget = SEGMENT_BUDGET[longest.encoding]
    if job.source.severity in GRAVE:
        bare = segments(_short_text(job, lines, replace(core, hours=False, promised=False)))
        budget = min(max(budget, bare.parts), budget + GRAVE_EXTRA)
    parts = min(longest.parts, budget, limits.segments or budget)
    return Limits(limits.characters, limits.unit, limits.utf8_bytes, parts), parts


def _short_text(job: Job, lines: tuple[RouteLine, ...], shape: _Shape, note: str = "") -> str:
    content = content_view(job.content, job.language, (), job.readers.words)
    content["impact"] = one_line(job.content.impact) if shape.impact else ""
    shown = lines[: shape.routes]
    view = {
        "words": job.readers.words.texts,
        "mark": job.mark,
        "content": content,
        "routes": [
            short_route(line, job.readers, note=(note or state_note(line.option, job.readers)) if shape.hours else "")
            for line in shown
        ],
        "next_update": promise(job.source.update.next_update_by, job.readers) if shape.promised else "",
        "link": job.page_link,
    }
    part = _SHORT_TEMPLATES.get(job.medium, "social.txt")
    return tidy_lines(render(job, part, view, html=False), blank=0 if part == "sms.txt" else 1)


def _finished(
    job: Job, text: str, limits: Limits, shape: _Shape, lines: tuple[RouteLine, ...], reserved: int
) -> Composed:
    if not lines:
        job.notes.append(no_contact_route())
    if shape.routes < _core(job, lines):
        job.notes.append(_dropped_route(job, lines[shape.routes].need.slug))
    routes = min(shape.routes, len(lines))
    return Composed(message(job, text), measure(text, limits), routes, tuple(job.notes), reserved=reserved)


def _long_note(job: Job, parts: int) -> Problem:
    return Problem(
        "long_text",
        f"The text message in “{job.language}” takes {parts} parts.",
        f"content.{job.language}",
        "Shorten headline or impact.",
    )


def _dropped_route(job: Job, need: str) -> Problem:
    return Problem(
        "route_dropped",
        f"The {job.medium} text in “{job.language}” has no room for the contact line of “{need}”.",
        f"content.{job.language}",
        "Shorten headline or impact, or the need's label.",
    )


def _dropped_impact(job: Job) -> Problem:
    return Problem(
        "impact_dropped",
        f"The {job.medium} post in “{job.language}” has no room for the impact.",
        f"content.{job.language}.impact",
        "Shorten headline or impact.",
    )
