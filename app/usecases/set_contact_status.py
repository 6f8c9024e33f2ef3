"""Say how a contact channel goes right now: one act, without sending the whole of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.domain.contact_kinds import ContactStatus
from app.domain.contacts import ContactChannel
from app.domain.principals import Actor, permit
from app.domain.reading import iso
from app.errors import Invalid, Problem
from app.store import audit, documents, publishing
from app.store.database import Database
from app.store.documents import DocumentRow, Kind


def set_contact_status(
    db: Database,
    actor: Actor,
    slug: str,
    status: ContactStatus,
    now: datetime,
    *,
    reasons: Mapping[str, str] | None = None,
    until: datetime | None = None,
) -> DocumentRow:
    """The document with this status; `open` takes reason and end away. At `until` it is open again by itself.

    Raise NotFound for an unknown channel, Invalid for a reason that cannot be and an end that is past.
    """
    permit(actor, "save_document")
    if until is not None and until <= now:
        raise Invalid(Problem("already_over", "until is past.", "until", "Name the moment at which it ends."))
    is_open = status is ContactStatus.OPEN
    change = {
        "status": status.value,
        "status_reasons": {} if is_open else dict(reasons or {}),
        "status_until": iso(until) if until and not is_open else None,
    }
    with db.writing() as tx:
        before = documents.get(tx, Kind.CONTACT_CHANNEL, slug)
        changed = ContactChannel.from_document({**before.document, **change})
        row = documents.save(tx, Kind.CONTACT_CHANNEL, slug, changed.to_document(), before.revision)
        publishing.request(tx, "contact_channel_status", now)
        body = {"revision": row.revision, **change}
        audit.append(tx, actor.name, "set_contact_status", f"contact_channel/{slug}", body, now)
    return row
