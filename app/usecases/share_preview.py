"""Show words nobody has released yet to somebody, on the real website: make such a link, and take it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.preview_links import FRAGMENT, LONGEST, PURPOSE, PreviewLink, preview_token
from app.domain.principals import Actor, permit
from app.domain.reading import iso
from app.domain.sites import Site
from app.errors import Invalid, Problem
from app.keyring import Keyring
from app.store import audit, documents, preview_links, updates
from app.store.database import Database
from app.store.documents import Kind
from app.store.preview_links import PreviewRow


@dataclass(frozen=True, slots=True)
class Shared:
    link: PreviewLink
    token: str
    urls: tuple[str, ...]
    """The first page of each origin of the site, with the token in its fragment; any page of it will do."""


def share_preview(
    db: Database, keyring: Keyring, actor: Actor, update_id: int, site: str, lasts: timedelta, now: datetime
) -> Shared:
    """Of the words as they are now; an edit changes nothing about what the link shows. Raise NotFound, Invalid."""
    permit(actor, "make_preview_link")
    if not timedelta(0) < lasts <= LONGEST:
        raise Invalid(
            Problem("bad_duration", "It would be shown for too long, or not at all.", "for", "7 days at most.")
        )
    with db.writing() as tx:
        row = updates.get(tx, update_id)
        origins = Site.from_document(documents.get(tx, Kind.SITE, site).document).origins
        until = (now + lasts).replace(microsecond=0)
        made = preview_links.add(tx, update_id, row.revision, row.document, site, until, actor.name, now)
        body = {"link": made.link.id, "revision": row.revision, "site": site, "until": iso(until)}
        audit.append(tx, actor.name, "share_preview", f"update/{update_id}", body, now)
    token = preview_token(keyring.key(PURPOSE), made.link)
    return Shared(made.link, token, tuple(f"{origin}/#{FRAGMENT}={token}" for origin in origins))


def revoke_preview(db: Database, actor: Actor, link_id: int, now: datetime) -> PreviewRow:
    """Nobody sees anything through it any more. Harmless to repeat. Raise NotFound."""
    permit(actor, "make_preview_link")
    with db.writing() as tx:
        row = preview_links.get(tx, link_id)
        if row.revoked_at is None:
            preview_links.revoke(tx, link_id, now)
            audit.append(tx, actor.name, "revoke_preview", f"update/{row.link.update}", {"link": link_id}, now)
        return preview_links.get(tx, link_id)
