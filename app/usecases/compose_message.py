"""One update in one language for one medium, fitted: a pure function of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from app.domain.content import Content
from app.domain.languages import JOINED, parts_of
from app.domain.message import Limits, Medium
from app.errors import Invalid, Problem
from app.templating import Templating
from app.templating.announcement import Readers
from app.usecases.announcing import Composed, Job, Source
from app.usecases.compose_email import compose_email
from app.usecases.compose_short import compose_short
from app.usecases.join_languages import join

__all__ = ["Composed", "Source", "compose"]


def compose(
    templating: Templating,
    source: Source,
    *,
    medium: Medium,
    limits: Limits,
    language: str,
    variant: int = 0,
    at: datetime,
    page_link: str,
    fields: tuple[str, ...] = (),
    area: str = "",
) -> Composed:
    """The message every recipient of this medium, language, variant and area gets; `-name-` marks stay for the channel.

    `page_link` may hold `{language}`; "" leaves the link out. `fields` names the personal marks there will be data
    for (`name`, `manage_url`). Raises Invalid: `missing_translation` (neither this language nor the default one),
    `oversize` (not even the shortest form fits). Two languages joined by `+` are two texts in one message where both
    fit, else the first of them.
    """
    if JOINED in language:
        alone = partial(compose, templating, source, medium=medium, limits=limits, variant=variant, at=at)
        each = (alone(language=one, page_link=page_link, fields=fields, area=area) for one in parts_of(language))
        return join(tuple(each), limits)
    by_language = source.update.words(variant)
    used = _language(by_language, language, source.default_language)
    if used is None:
        raise Invalid(
            Problem(
                "missing_translation",
                f"There is no text in “{language}”, nor in the default language “{source.default_language}”.",
                f"content.{source.default_language}",
                "Write the update in the default language at least.",
            )
        )
    # A text message in one language with labels in another reads badly and may cost twice: all or nothing there.
    around = language if medium is Medium.EMAIL else used
    job = Job(
        templating=templating,
        source=source,
        medium=medium,
        content=by_language[used],
        language=used,
        readers=Readers(templating.words(around), at, source.timezone, source.default_language),
        page_link=page_link.replace("{language}", used),
        fields=fields,
        area=area,
    )
    if used.split("-")[0] != language.split("-", maxsplit=1)[0]:
        job.notes.append(_fallback_note(language, used))
    return compose_email(job, limits) if medium is Medium.EMAIL else compose_short(job, limits)


def _language(by_language: Mapping[str, Content], wanted: str, default: str) -> str | None:
    return next((one for one in (wanted, wanted.split("-", maxsplit=1)[0], default) if one in by_language), None)


def _fallback_note(language: str, used: str) -> Problem:
    return Problem(
        "translation_fallback",
        f"Readers of “{language}” get the text in “{used}”.",
        f"content.{language}",
        "Write it in that language too.",
    )
