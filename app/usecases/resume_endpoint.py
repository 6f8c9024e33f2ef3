"""Lift the halt of an endpoint whose account was mended at the provider; saving other settings lifts it too."""

from __future__ import annotations

from datetime import datetime

from app.domain.endpoints import Endpoint
from app.domain.principals import Actor, permit
from app.domain.staff_notices import NoticeKind
from app.store import audit, endpoints
from app.store.database import Database
from app.usecases.tell_staff import staff_notice_is_over


def resume_endpoint(db: Database, actor: Actor, slug: str, now: datetime) -> Endpoint:
    """The endpoint, not halted; its waiting deliveries go on. Resuming one that is not halted changes nothing."""
    permit(actor, "resume_endpoint")
    with db.writing() as tx:
        found = endpoints.get(tx, slug)
        if found.halted_reason is None:
            return found
        row = endpoints.release(tx, found.id)
        staff_notice_is_over(tx, NoticeKind.ENDPOINT_HALTED, slug, now)
        audit.append(tx, actor.name, "resume_endpoint", f"endpoint/{slug}", {"was": found.halted_reason}, now)
    return row
