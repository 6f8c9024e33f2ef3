"""Somebody has looked through a contact channel, or called it for a test."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.domain.contacts import ContactChannel
from app.domain.principals import Actor, permit
from app.errors import Invalid, Problem
from app.store import audit, documents
from app.store.database import Database
from app.store.documents import DocumentRow, Kind
from app.usecases.remind_upkeep import KINDS
from app.usecases.tell_staff import staff_notice_is_over


def note_upkeep(
    db: Database, actor: Actor, slug: str, now: datetime, *, called: bool = False, check_on: date | None = None
) -> DocumentRow:
    """`called`: the test call was made today, by the channel's own clock. `check_on`: it was looked through, and is
    to be again by this day. What is done clears its notices. Raise NotFound; Invalid when nothing was done or the
    next day is past.
    """
    permit(actor, "note_upkeep")
    with db.writing() as tx:
        before = documents.get(tx, Kind.CONTACT_CHANNEL, slug)
        channel = ContactChannel.from_document(before.document)
        today = now.astimezone(ZoneInfo(channel.timezone)).date()
        upkeep = dict(before.document.get("upkeep") or {})
        if not called and check_on is None:
            raise Invalid(
                Problem("missing", "Nothing was done.", "called", "Say that it was called, or looked through.")
            )
        if check_on is not None:
            if check_on <= today:
                raise Invalid(Problem("already_over", "That day is past.", "check_on", "Name the next one."))
            upkeep["check_on"] = check_on.isoformat()
        if called:
            upkeep["last_test_call"] = today.isoformat()
        changed = ContactChannel.from_document({**before.document, "upkeep": upkeep})
        row = documents.save(tx, Kind.CONTACT_CHANNEL, slug, changed.to_document(), before.revision)
        for duty in KINDS.keys() - set(changed.upkeep.due(today)):
            staff_notice_is_over(tx, KINDS[duty], slug, now)
        body = {"revision": row.revision, "upkeep": upkeep}
        audit.append(tx, actor.name, "note_upkeep", f"contact_channel/{slug}", body, now)
    return row
