"""Somebody of staff has seen a notice and takes care."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor, permit
from app.domain.staff_notices import Notice, NoticeKind
from app.store import audit, staff
from app.store.database import Database
from app.store.staff import NoticeRow
from app.usecases.tell_staff import tell_staff


def acknowledge_notice(db: Database, actor: Actor, notice_id: int, now: datetime) -> NoticeRow:
    """Whoever came first stays named; what has not left yet stays here. Raise NotFound."""
    permit(actor, "acknowledge_notice")
    with db.writing() as tx:
        before = staff.get(tx, notice_id, lock=True)
        if before.acknowledged_at is not None:
            return before
        row = staff.acknowledge(tx, notice_id, actor.name, now)
        body = {"kind": row.notice.kind.value, "subject": row.notice.subject}
        audit.append(tx, actor.name, "acknowledge_notice", f"notice/{notice_id}", body, now)
    return row


def try_notices(db: Database, actor: Actor, now: datetime) -> NoticeRow:
    """A notice to every place of staff, whatever severity it wants: does it arrive?"""
    permit(actor, "save_staff_recipients")
    with db.writing() as tx:
        notice_id = tell_staff(tx, Notice(NoticeKind.TRIAL, actor.name, now.isoformat()), now)
        assert notice_id is not None  # noqa: S101 - no two acts of one person have the same microsecond
        audit.append(tx, actor.name, "try_notices", f"notice/{notice_id}", {}, now)
        return staff.get(tx, notice_id)
