"""Take what staff or the phone system say about a contact channel: how long people wait, whether anybody is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from app.domain.contacts import ContactChannel
from app.domain.principals import Actor, permit
from app.errors import Invalid, Problem
from app.store import documents, publishing, readings
from app.store.database import Database
from app.store.documents import Kind

LONGEST_WAIT = 10_080


@dataclass(frozen=True, slots=True)
class Reading:
    """Exactly one of the two, as it was at `at`."""

    at: datetime
    wait_minutes: int | None = None
    staffed: bool | None = None


class Taken(StrEnum):
    NEW = "new"
    SAME = "same"
    """Nothing customers see has changed."""
    STALE = "stale"
    """Older than what is known, or than the channel's `live_max_age_minutes`: ignored."""


def post_reading(db: Database, actor: Actor, slug: str, reading: Reading, now: datetime) -> Taken:
    """Raise NotFound for an unknown channel, Invalid for a wait that cannot be. No audit: there may be one a minute.

    The website is told when customers would see a difference.
    """
    permit(actor, "post_reading")
    _check(reading)
    with db.writing() as tx:
        document = documents.get(tx, Kind.CONTACT_CHANNEL, slug).document
        channel = ContactChannel.from_document(document)
        if now - reading.at >= channel.live_max_age:
            return Taken.STALE
        taken = _wait(tx, channel, reading) if reading.staffed is None else _presence(tx, channel, reading)
        if taken is Taken.NEW:
            publishing.request(tx, "contact_reading", now)
        return taken


def _check(reading: Reading) -> None:
    if (reading.wait_minutes is None) == (reading.staffed is None):
        raise Invalid(Problem("missing", "A reading is a wait or a presence.", "minutes", "Send one of the two."))
    if reading.wait_minutes is not None and not 0 <= reading.wait_minutes <= LONGEST_WAIT:
        raise Invalid(
            Problem(
                "bad_number",
                f"minutes must be from 0 to {LONGEST_WAIT}.",
                "minutes",
                "Send the wait of somebody who calls now, in whole minutes.",
            )
        )


def _wait(tx: Connection, channel: ContactChannel, reading: Reading) -> Taken:
    before = readings.get(tx, channel.slug)
    if before.waited_at is not None and reading.at <= before.waited_at:
        return Taken.STALE
    readings.set_wait(tx, channel.slug, reading.wait_minutes or 0, reading.at)
    shown = before.wait(reading.at, channel.live_max_age)
    return Taken.SAME if shown == reading.wait_minutes else Taken.NEW


def _presence(tx: Connection, channel: ContactChannel, reading: Reading) -> Taken:
    before = readings.get(tx, channel.slug)
    if before.staffed_at is not None and reading.at <= before.staffed_at:
        return Taken.STALE
    gone_quiet = before.staffed_at is None or reading.at - before.staffed_at >= channel.live_max_age
    goes_on = not gone_quiet and before.staffed is reading.staffed
    since = before.staffed_since if goes_on and before.staffed_since else reading.at
    readings.set_presence(tx, channel.slug, staffed=bool(reading.staffed), since=since, at=reading.at)
    # Every word about an empty line moves the moment at which it is no longer believed.
    return Taken.SAME if goes_on and reading.staffed else Taken.NEW
