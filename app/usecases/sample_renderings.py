"""Words as a few real recipients will read them: what the second person looks at before saying yes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.domain.content import splice
from app.domain.masking import mask
from app.domain.message import PERSONAL_MEDIA, Medium
from app.domain.routing import area_slot
from app.errors import Invalid
from app.store import endpoints, samples, staging
from app.store.database import Database
from app.store.samples import Picked, Roll
from app.store.updates import UpdateRow
from app.templating import Templating
from app.usecases.announcing import Source
from app.usecases.compose_message import compose
from app.usecases.preview_update import EndpointLimits

EACH: Final = 3
"""Renderings per endpoint."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One text as somebody gets it."""

    address: str
    """Masked; "" for what is public."""
    language: str
    area: str
    subject: str
    text: str
    refused: str = ""
    """Why there is no text for them."""
    audience: str = ""
    """Of whose text it is; "" = the main one."""


@dataclass(frozen=True, slots=True)
class EndpointSamples:
    endpoint: str
    medium: Medium
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Rendering:
    """What every sample of one update shares."""

    templating: Templating
    source: Source
    at: datetime
    page_link: str
    public_base: str


def sample_renderings(
    db: Database, rendering: Rendering, row: UpdateRow, ways: Sequence[EndpointLimits], roll: Roll
) -> tuple[EndpointSamples, ...]:
    """Per endpoint EACH recipients of the frozen audience picked by chance, and as many of each text for a part of it;
    public media in every language instead.

    In real language, area and words, with the personal link blinded: whoever has it may change what somebody gets.
    """
    picked: dict[str, list[Picked]] = {}
    with db.reading() as connection:
        for way in ways:
            endpoint = endpoints.find(connection, way.slug)
            if endpoint is not None and row.broadcast_id is not None and way.medium in PERSONAL_MEDIA:
                anybody = samples.pick(connection, row.broadcast_id, endpoint.id, EACH, roll)
                others = _of_other_texts(connection, row.broadcast_id, way.medium, endpoint.id, roll)
                picked[way.slug] = [*anybody, *(one for one in others if one not in anybody)]
    public = [Picked("", language, 0, "") for language in rendering.source.update.languages]
    return tuple(
        EndpointSamples(
            way.slug,
            way.medium,
            tuple(
                _sample(rendering, way, one)
                for one in (picked.get(way.slug, []) if way.medium in PERSONAL_MEDIA else public)
            ),
        )
        for way in ways
    )


def _of_other_texts(
    connection: Connection, broadcast_id: int, medium: Medium, endpoint_id: int, roll: Roll
) -> list[Picked]:
    """Of each text that somebody gets; where nobody of them is found, that text in each language it is read in."""
    read: dict[int, list[str]] = {}
    for one in staging.listed_of(connection, broadcast_id):
        if one.medium is medium and one.variant:
            read.setdefault(one.variant, []).append(one.language)
    found: list[Picked] = []
    for variant, languages in sorted(read.items()):
        theirs = samples.pick_of_text(connection, broadcast_id, endpoint_id, variant, EACH, roll)
        found += theirs or [Picked("", language, variant, "") for language in languages]
    return found


def _sample(rendering: Rendering, way: EndpointLimits, one: Picked) -> Sample:
    address = mask(way.medium, one.address) if way.medium in PERSONAL_MEDIA and one.address != "" else ""
    audience = rendering.source.update.audience_of(one.variant) if one.variant else ""
    areas = rendering.source.registry.areas
    try:
        composed = compose(
            rendering.templating,
            rendering.source,
            medium=way.medium,
            limits=way.limits,
            language=one.language,
            variant=one.variant,
            at=rendering.at,
            page_link=rendering.page_link,
            fields=("manage_url",) if way.medium is Medium.EMAIL else (),
            area=area_slot(one.area, areas) if areas else "",
        )
    except Invalid as refused:
        return Sample(address, one.language, one.area, "", "", refused.problems[0].sentence, audience)
    blind = {"manage_url": f"{rendering.public_base}/manage/•••"}
    message = composed.message
    return Sample(address, one.language, one.area, message.subject, splice(message.text, blind), "", audience)
