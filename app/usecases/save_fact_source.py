"""Let a system that measures report facts by signed webhooks: give it a secret, or take it away."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor, permit
from app.domain.reading import is_slug
from app.domain.webhook_signature import read_secret
from app.errors import Invalid, Problem
from app.keyring import Keyring
from app.store import audit, fact_sources
from app.store.database import Database
from app.store.fact_sources import FactSourceRow


def save_fact_source(
    db: Database, keyring: Keyring, actor: Actor, slug: str, secret: str, now: datetime
) -> FactSourceRow:
    """`secret`: whsec_ and the base64 of 24 to 64 bytes; sealed, never given back, the one before is worthless.

    Raise Invalid for another form.
    """
    permit(actor, "save_fact_source")
    key = read_secret(secret)
    if key is None:
        remedy = "Send whsec_ followed by the base64 of 24 to 64 random bytes."
        raise Invalid(Problem("bad_secret", "secret is not a secret of Standard Webhooks.", "secret", remedy))
    if not is_slug(slug):
        raise Invalid(Problem("bad_slug", f"“{slug}” is no slug.", "slug", "Use letters, digits and hyphens."))
    with db.writing() as tx:
        row = fact_sources.save(tx, slug, keyring.seal(key), actor.name, now)
        audit.append(tx, actor.name, "save_fact_source", f"fact_source/{slug}", {}, now)
    return row


def remove_fact_source(db: Database, actor: Actor, slug: str, now: datetime) -> None:
    """It can report nothing any more; the facts it reported stay. Raise NotFound."""
    permit(actor, "save_fact_source")
    with db.writing() as tx:
        fact_sources.remove(tx, slug)
        audit.append(tx, actor.name, "remove_fact_source", f"fact_source/{slug}", {}, now)
