"""Set the secret with which the phone or chat system behind a contact channel signs its webhooks."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor, permit
from app.domain.webhook_signature import read_secret
from app.errors import Invalid, Problem
from app.keyring import Keyring
from app.store import audit, documents, readings
from app.store.database import Database
from app.store.documents import Kind


def save_contact_secret(db: Database, keyring: Keyring, actor: Actor, slug: str, secret: str, now: datetime) -> None:
    """`secret`: whsec_ and the base64 of 24 to 64 bytes; sealed, never given back, the one before is worthless.

    Raise NotFound for an unknown channel, Invalid for another form.
    """
    permit(actor, "save_contact_secret")
    key = read_secret(secret)
    if key is None:
        raise Invalid(
            Problem(
                "bad_secret",
                "secret is not a secret of Standard Webhooks.",
                "secret",
                "Send whsec_ followed by the base64 of 24 to 64 random bytes.",
            )
        )
    with db.writing() as tx:
        documents.get(tx, Kind.CONTACT_CHANNEL, slug)
        readings.set_secret(tx, slug, keyring.seal(key), now)
        audit.append(tx, actor.name, "save_contact_secret", f"contact_channel/{slug}", {}, now)
