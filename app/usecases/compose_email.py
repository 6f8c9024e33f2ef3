"""E-mail: everything the update says, the whole contact block, as plain text and as HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from app.domain.cldr import language_name
from app.domain.fitting import measure
from app.domain.help_choice import LINKS_IN_MAIL, QUESTIONS_IN_MAIL, Help, Reading, help_for
from app.domain.message import Limits
from app.domain.routing import RouteLine
from app.domain.texts import pick
from app.domain.updates import HelpWanted
from app.errors import Invalid
from app.templating.announcement import as_of, content_view, full_route, help_view, one_line, promise
from app.usecases.announcing import Composed, Job, message, no_contact_route, oversize, render, tidy_lines

FULL_ROUTES: Final = 12


def compose_email(job: Job, limits: Limits) -> Composed:
    lines = job.lines(FULL_ROUTES, distinct=False)
    if not lines:
        job.notes.append(no_contact_route())
    view = _email_view(job, lines)
    subject = one_line(render(job, "email.subject.txt", view, html=False))
    view["subject"] = subject
    text = tidy_lines(render(job, "email.txt", view, html=False), blank=1)
    html = tidy_lines(render(job, "email.html", _escaping_marks(view, job.fields), html=True), blank=0)
    measured = measure(text, limits)
    if not measured.fits:
        raise Invalid(oversize(job, measured))
    return Composed(message(job, text, subject, html), measured, len(lines), tuple(job.notes), as_of(job.readers))


def _email_view(job: Job, lines: tuple[RouteLine, ...]) -> dict[str, object]:
    words, language = job.readers.words, job.readers.language
    names = job.source.organisation.get("names")
    organisation, _ = pick(names if isinstance(names, Mapping) else {}, language, job.readers.fallback)
    foreign = job.language.split("-")[0] != language.split("-")[0]
    manage = "-manage_url-" if "manage_url" in job.fields else ""
    return {
        "language": language,
        "direction": words.direction,
        "words": words.texts,
        "mark": job.mark,
        "kicker": words.texts[f"stage_{job.stage}"],
        "organisation": organisation,
        "content": content_view(job.content, job.language, lines, words),
        "not_in_language": words.say("other_language", language=language_name(language, language)) if foreign else "",
        "greeting": words.say("greeting", name="-name-") if "name" in job.fields else "",
        "help": help_view(_help(job), job.readers),
        "routes": [full_route(line, job.readers) for line in lines],
        "contact_as_of": as_of(job.readers),
        "next_update": promise(job.source.update.next_update_by, job.readers),
        "link": job.page_link,
        "read_more": words.say("read_more", link=job.page_link) if job.page_link else "",
        "why_you": words.say("why_you", organisation=organisation),
        "manage": words.say("manage", link=manage) if manage else "",
        "manage_link": manage,
        "subject": "",
    }


def _wanted(job: Job) -> HelpWanted:
    """The update's, and the area of these readers beside its own."""
    asked = job.source.update.help
    return replace(asked, areas=(*asked.areas, job.area)) if job.area else asked


def _help(job: Job) -> Help:
    source, readers = job.source, job.readers
    reading = Reading(readers.language, readers.fallback, readers.at)
    found = help_for(
        source.library,
        source.playbook,
        _wanted(job),
        reading,
        links=LINKS_IN_MAIL,
        questions=QUESTIONS_IN_MAIL,
    )
    said = {told for link in job.content.links for told in (link.url, link.text)}
    more = (one for one in found.links if not said & {one.url_in(job.language), one.texts.get(job.language, "")})
    return replace(found, links=tuple(more))


def _escaping_marks(value: Mapping[str, object], fields: tuple[str, ...]) -> dict[str, object]:
    """The same view for HTML: a personal mark, also one an author wrote, becomes its escaped form."""
    marks = re.compile("-(" + "|".join(map(re.escape, fields)) + ")-(?!html-)") if fields else None

    def escaped(part: object) -> object:
        if isinstance(part, str):
            return marks.sub(r"-\1-html-", part) if marks else part
        if isinstance(part, Mapping):
            return {key: escaped(inner) for key, inner in part.items()}
        return [escaped(inner) for inner in part] if isinstance(part, list | tuple) else part

    return {key: escaped(part) for key, part in value.items()}
