"""Push the periodic work, and prove the audit trail."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from app.api.access import may
from app.api.answers import AuditView, Ticked
from app.api.context import Ctx
from app.api.problems import REFUSALS
from app.domain.principals import Actor
from app.usecases.attend import attend
from app.usecases.forget_old_answers import forget_old_answers
from app.usecases.verify_audit import verify_audit

router = APIRouter(tags=["housekeeping"], responses=REFUSALS)


@router.post("/tick", summary="Do now what is due, for example from cron")
def tick(context: Ctx, _actor: Annotated[Actor, may("tick")]) -> Ticked:
    """Harmless to repeat: everything due is done once. Whoever may send may do it."""
    now = context.clock.now()
    forget_old_answers(context.db, now)
    attend(context.db, now)
    done = context.fire()
    context.wake()
    return Ticked(at=now, schedules_fired=done.fired, schedules_missed=done.missed, schedules_paused=done.paused)


@router.get(
    "/audit/verify", operation_id="verify_audit", summary="Check the hash chain of the audit trail from its first entry"
)
def verify(context: Ctx, actor: Annotated[Actor, may("verify_audit")]) -> AuditView:
    report = verify_audit(context.db, actor)
    return AuditView(whole=report.broken_at is None, broken_at=report.broken_at, head=str(report.head))
