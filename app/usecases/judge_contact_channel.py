"""How a contact channel is doing: what was reported, which hours were kept, when it is quiet, what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from app.domain.contacts import ContactChannel
from app.domain.hours import intervals
from app.domain.live import Live
from app.domain.presence import kept_share
from app.domain.waits import HourlyWait, hourly_waits
from app.store import documents, readings
from app.store.database import Database
from app.store.documents import Kind

LOOKS_BACK: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Judgement:
    live: Live
    wait_minutes: int | None
    """Reported and still believed."""
    nobody_there: bool
    kept_share: float | None
    """Of the posted hours of the last 30 days, as far as presence was reported; None = it was not."""
    hourly_waits: tuple[HourlyWait, ...]
    due: tuple[str, ...]
    """`check`, `test_call`."""


def judge_contact_channel(db: Database, slug: str, now: datetime) -> Judgement:
    """Raise NotFound for an unknown channel."""
    since = now - LOOKS_BACK
    with db.reading() as connection:
        channel = ContactChannel.from_document(documents.get(connection, Kind.CONTACT_CHANNEL, slug).document)
        live = readings.get(connection, slug)
        runs = readings.runs(connection, slug, since)
        waits = readings.waits(connection, slug, since)
    age = channel.live_max_age
    return Judgement(
        live=live,
        wait_minutes=live.wait(now, age),
        nobody_there=live.nobody_there(channel.schedule, now, age),
        kept_share=kept_share(intervals(channel.schedule, since, now), runs, age),
        hourly_waits=hourly_waits(waits, channel.timezone),
        due=channel.upkeep.due(now.astimezone(ZoneInfo(channel.timezone)).date()),
    )
