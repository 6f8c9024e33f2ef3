"""Somebody told a provider where to bring what people write: kept, since from then on it comes here."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor, permit
from app.store import audit
from app.store.database import Database


def note_webhook(db: Database, actor: Actor, slug: str, url: str, now: datetime) -> None:
    permit(actor, "save_endpoint")
    with db.writing() as tx:
        audit.append(tx, actor.name, "set_webhook", f"endpoint/{slug}", {"url": url}, now)
