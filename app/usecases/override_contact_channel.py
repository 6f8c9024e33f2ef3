"""“Use this number until Friday 18:00”: one act, without sending the whole contact channel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.domain.contacts import ContactChannel
from app.domain.principals import Actor, permit
from app.errors import Invalid, Problem
from app.store import audit, documents, publishing
from app.store.database import Database
from app.store.documents import DocumentRow, Kind


def override_contact_channel(
    db: Database, actor: Actor, slug: str, override: Mapping[str, object], now: datetime
) -> DocumentRow:
    """The document with this override as its last, which counts where several hold; those that are over are left out.

    Raise NotFound for an unknown channel, Invalid with one Problem per fault, also when its end is past.
    """
    permit(actor, "save_document")
    with db.writing() as tx:
        before = documents.get(tx, Kind.CONTACT_CHANNEL, slug)
        channel = ContactChannel.from_document(before.document)
        lasting = [one.to_document() for one in channel.overrides if one.until > now]
        changed = ContactChannel.from_document({**before.document, "overrides": [*lasting, override]})
        if changed.overrides[-1].until <= now:
            raise Invalid(Problem("already_over", "until is past.", "until", "Name the moment at which it ends."))
        row = documents.save(tx, Kind.CONTACT_CHANNEL, slug, changed.to_document(), before.revision)
        publishing.request(tx, "contact_channel_overridden", now)
        body = {"revision": row.revision, "override": changed.overrides[-1].to_document()}
        audit.append(tx, actor.name, "override_contact_channel", f"contact_channel/{slug}", body, now)
    return row
