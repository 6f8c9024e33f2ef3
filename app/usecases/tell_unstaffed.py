"""Tell staff about contact channels that are posted as open while nobody is there."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.domain.contacts import ContactChannel
from app.domain.crisis import CrisisState
from app.domain.hours import intervals
from app.domain.live import Live
from app.domain.reading import iso
from app.domain.staff_notices import Notice, NoticeKind
from app.store import crises, documents, readings, staff
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.tell_staff import staff_notice_is_over, tell_staff

MOST: Final = 100
"""Open crises whose timelines are told; nobody has more."""
KIND: Final = NoticeKind.CONTACT_CHANNEL_UNSTAFFED


def tell_unstaffed(db: Database, now: datetime) -> tuple[str, ...]:
    """The slugs told of now, each once a spell: until somebody is there again, or the next opening.

    Harmless to repeat and to run in several processes: the unique row of the notice decides. Beside the notice an
    entry in the timeline of every open crisis. Where it is over the notice is cleared.
    """
    with db.reading() as connection:
        empty = _empty(connection, now)
        news = [notice for notice in empty.values() if not staff.told(connection, notice)]
        over = {row.notice.subject for row in staff.standing(connection, KIND)} - empty.keys()
    if not (news or over):
        return ()
    told = []
    with db.writing() as tx:
        empty = _empty(tx, now)
        for slug in sorted(over - empty.keys()):
            staff_notice_is_over(tx, KIND, slug, now)
        for slug, notice in empty.items():
            if tell_staff(tx, notice, now) is None:
                continue
            for crisis in crises.page(tx, state=CrisisState.OPEN, limit=MOST).items:
                crises.add_timeline(tx, crisis.slug, "clarion", KIND.value, {"contact_channel": slug}, now)
            told.append(slug)
    return tuple(told)


def _empty(connection: Connection, now: datetime) -> dict[str, Notice]:
    """What there is to tell, by contact channel."""
    found: dict[str, Notice] = {}
    for slug, live in readings.everything(connection).items():
        if live.staffed is not False:
            continue
        row = documents.find(connection, Kind.CONTACT_CHANNEL, slug)
        if row is None:
            continue
        channel = ContactChannel.from_document(row.document)
        if live.nobody_there(channel.schedule, now, channel.live_max_age):
            found[slug] = _notice(channel, live, now)
    return found


def _notice(channel: ContactChannel, live: Live, now: datetime) -> Notice:
    """The spell began when the last person left or, later than that, when the posted hours began."""
    absent = live.staffed_since or now
    open_since = intervals(channel.schedule, absent, now)[-1][0]
    return Notice(KIND, channel.slug, iso(open_since), details={"since": iso(open_since)})
