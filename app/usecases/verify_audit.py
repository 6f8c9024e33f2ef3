"""Prove that the audit trail is whole."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.principals import Actor, permit
from app.store import audit
from app.store.audit import Head
from app.store.database import Database


@dataclass(frozen=True, slots=True)
class AuditReport:
    broken_at: int | None
    """The first entry that is missing, changed, moved or smuggled in; None = whole."""
    head: Head
    """Write it down elsewhere and hand it to the next check as `known`."""


def verify_audit(db: Database, actor: Actor, *, known: Head | None = None) -> AuditReport:
    """Reads the whole chain once, in flat memory."""
    permit(actor, "verify_audit")
    with db.reading() as connection:
        return AuditReport(audit.verify(connection, known), audit.head(connection))
