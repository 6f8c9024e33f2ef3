"""Tell staff about contact channels that are posted as open while nobody is there."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from app.domain.contacts import ContactChannel
from app.domain.crisis import CrisisState
from app.observe import logger
from app.store import crises, documents, readings
from app.store.database import Database
from app.store.documents import Kind

MOST: Final = 100
"""Open crises whose timelines are told; nobody has more."""


def tell_unstaffed(db: Database, now: datetime) -> tuple[str, ...]:
    """Their slugs, each once until somebody is there again. Harmless to repeat.

    An entry in the timeline of every open crisis, and a warning in the log.
    """
    told = []
    with db.reading() as connection:
        if not readings.untold(connection):
            return ()
    with db.writing() as tx:
        live = readings.everything(tx)
        for slug in readings.untold(tx):
            row = documents.find(tx, Kind.CONTACT_CHANNEL, slug)
            if row is None:
                continue
            channel = ContactChannel.from_document(row.document)
            if not live[slug].nobody_there(channel.schedule, now, channel.live_max_age):
                continue
            readings.mark_told(tx, slug, now)
            for crisis in crises.page(tx, state=CrisisState.OPEN, limit=MOST).items:
                body = {"contact_channel": slug}
                crises.add_timeline(tx, crisis.slug, "clarion", "contact_channel_unstaffed", body, now)
            told.append(slug)
    for slug in told:
        logger("clarion.contacts").warning("contact_channel_unstaffed", contact_channel=slug)
    return tuple(told)
