"""An endpoint stops alone, because its account is at fault or a person says so: its deliveries wait."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from app.domain.endpoints import Endpoint
from app.domain.principals import Actor, permit
from app.domain.staff_notices import Notice, NoticeKind
from app.store import audit, endpoints
from app.store.database import Database
from app.usecases.tell_staff import tell_staff

ENGINE: Final = "engine"


def halt_endpoint(db: Database, endpoint_id: int, revision: int, reason: str, now: datetime) -> bool:
    """Staff are told. `revision`: the one that showed the fault; False when somebody changed or halted it since."""
    with db.writing() as tx:
        if not endpoints.halt(tx, endpoint_id, revision, reason, now):
            return False
        slug = endpoints.by_id(tx, endpoint_id).slug
        tell_staff(tx, Notice(NoticeKind.ENDPOINT_HALTED, slug, now.isoformat(), details={"reason": reason[:200]}), now)
        audit.append(tx, ENGINE, "halt_endpoint", f"endpoint/{slug}", {"reason": reason[:200]}, now)
    return True


def close_endpoint(db: Database, actor: Actor, slug: str, reason: str, now: datetime) -> Endpoint:
    """A person stops it: nothing more is admitted until somebody resumes it. One that is halted already stays so."""
    permit(actor, "halt_endpoint")
    with db.writing() as tx:
        found = endpoints.get(tx, slug)
        why = f"{actor.name}: {reason}" if reason else actor.name
        if endpoints.halt(tx, found.id, found.revision, why, now):
            audit.append(tx, actor.name, "halt_endpoint", f"endpoint/{slug}", {"reason": reason[:200]}, now)
        return endpoints.get(tx, slug)
