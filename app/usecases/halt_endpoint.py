"""An endpoint whose account or configuration is at fault stops alone: its deliveries wait, staff are told."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from app.domain.staff_notices import Notice, NoticeKind
from app.store import audit, endpoints
from app.store.database import Database
from app.usecases.tell_staff import tell_staff

ENGINE: Final = "engine"


def halt_endpoint(db: Database, endpoint_id: int, revision: int, reason: str, now: datetime) -> bool:
    """`revision`: the one that showed the fault; False when somebody has changed or halted it since."""
    with db.writing() as tx:
        if not endpoints.halt(tx, endpoint_id, revision, reason, now):
            return False
        slug = endpoints.by_id(tx, endpoint_id).slug
        tell_staff(tx, Notice(NoticeKind.ENDPOINT_HALTED, slug, now.isoformat(), details={"reason": reason[:200]}), now)
        audit.append(tx, ENGINE, "halt_endpoint", f"endpoint/{slug}", {"reason": reason[:200]}, now)
    return True
