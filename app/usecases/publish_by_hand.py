"""Somebody asks for the website to be written now: every process that serves it follows."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor, permit
from app.store import audit, publishing
from app.store.database import Database


def publish_by_hand(db: Database, actor: Actor, now: datetime) -> int:
    """The number of the request."""
    permit(actor, "publish")
    with db.writing() as tx:
        request = publishing.request(tx, "by_hand", now)
        audit.append(tx, actor.name, "publish", "website", {"request": request}, now)
    return request
