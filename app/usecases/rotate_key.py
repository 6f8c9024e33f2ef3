"""Seal every secret anew: of endpoints, contact channels, fact sources, targets and authenticators."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor, permit
from app.keyring import Keyring
from app.store import accounts, audit, endpoints, fact_sources, readings, targets
from app.store.database import Database


def rotate_key(db: Database, keyring: Keyring, actor: Actor, now: datetime) -> int:
    """How many endpoints, contact channels, fact sources, targets and authenticators were sealed anew.

    All or nothing: raise Invalid when a secret cannot be opened any more.
    """
    permit(actor, "save_endpoint")
    with db.writing() as tx:
        sealed = [endpoint for endpoint in endpoints.everything(tx) if endpoint.secrets]
        for endpoint in sealed:
            endpoints.reseal(tx, endpoint.id, keyring.seal(keyring.unseal(endpoint.secrets)))
        contacts = readings.secrets(tx)
        for slug, secret in contacts.items():
            readings.reseal(tx, slug, keyring.seal(keyring.unseal(secret)))
        buckets = [target for target in targets.everything(tx) if target.secrets]
        for target in buckets:
            targets.reseal(tx, target.slug, keyring.seal(keyring.unseal(target.secrets)))
        sources = fact_sources.secrets(tx)
        for slug, secret in sources.items():
            fact_sources.reseal(tx, slug, keyring.seal(keyring.unseal(secret)))
        authenticators = accounts.secrets(tx)
        for user_id, secret in authenticators.items():
            accounts.change(tx, user_id, totp_secret=keyring.seal(keyring.unseal(secret)))
        counts = {
            "endpoints": len(sealed),
            "contact_channels": len(contacts),
            "fact_sources": len(sources),
            "targets": len(buckets),
            "authenticators": len(authenticators),
        }
        audit.append(tx, actor.name, "rotate_key", "endpoints", counts, now)
    return sum(counts.values())
