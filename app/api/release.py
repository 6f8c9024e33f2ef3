"""What people decide about an update: submit, approve, return, reject, send, cancel, pause, resume, correct.

Each answers with the update as it is afterwards. Doing the same thing twice acts once, with or without an
Idempotency-Key: the use cases look at the state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter

from app.api.access import may
from app.api.answers import StoppedView, UpdateView
from app.api.context import Context, Ctx
from app.api.identifiers import UpdateId
from app.api.problems import REFUSALS
from app.api.progress import view
from app.api.schemas import Approval, Correction, Decision, Reason, Stop
from app.domain.principals import Actor
from app.errors import Problem
from app.store.updates import UpdateRow
from app.usecases.confirm_code import confirm_code
from app.usecases.correct_update import correct_update
from app.usecases.decide_update import approve_update, reject_update, return_update
from app.usecases.resend_failed import resend_failed
from app.usecases.send_update import send_update
from app.usecases.settle_unknown import UnknownDecision, settle_unknown
from app.usecases.stop_update import StopReport, cancel_update, pause_update, resume_update
from app.usecases.submit_update import submit_update
from app.usecases.wake_readers import wake_readers

router = APIRouter(prefix="/updates/{update_id}", tags=["release"], responses=REFUSALS)


@router.post("/submit", operation_id="submit_update", summary="Freeze the words and start listing the audience")
def submit(update_id: UpdateId, context: Ctx, actor: Annotated[Actor, may("submit_update")]) -> UpdateView:
    now = context.clock.now()

    def check(row: UpdateRow) -> Sequence[Problem]:
        return context.preflight(row, now).problems

    submit_update(
        context.db, actor, update_id, now, keyring=context.keyring, check=check, language=context.default_language
    )
    return _after(context, update_id)


@router.post("/approve", operation_id="approve_update", summary="The second person says yes")
def approve(
    update_id: UpdateId, body: Approval, context: Ctx, actor: Annotated[Actor, may("approve_update")]
) -> UpdateView:
    """Needs the exact number of recipients, and refuses whoever wrote the words.

    Of a person with an authenticator it needs a fresh `code` too, unless the organisation asks for none.
    """
    now = context.clock.now()
    if body.code:
        actor = confirm_code(context.db, context.keyring, actor, body.code, now)
    approve_update(context.db, actor, update_id, body.count, now, body.content_hash, step_up=context.sessions.step_up)
    return _after(context, update_id)


@router.post("/return", operation_id="return_update", summary="Back to the author with a reason")
def give_back(
    update_id: UpdateId, body: Reason, context: Ctx, actor: Annotated[Actor, may("return_update")]
) -> UpdateView:
    return_update(context.db, actor, update_id, body.reason, context.clock.now())
    return _after(context, update_id)


@router.post("/reject", operation_id="reject_update", summary="Refuse it for good")
def reject(
    update_id: UpdateId, body: Reason, context: Ctx, actor: Annotated[Actor, may("reject_update")]
) -> UpdateView:
    reject_update(context.db, actor, update_id, body.reason, context.clock.now())
    return _after(context, update_id)


@router.post("/send", operation_id="send_update", summary="Send an approved update")
def send(update_id: UpdateId, context: Ctx, actor: Annotated[Actor, may("send_update")]) -> UpdateView:
    send_update(context.db, actor, update_id, context.clock.now(), site_bound=context.site_bound)
    return _after(context, update_id)


@router.post("/cancel", operation_id="cancel_update", summary="Stop for good: nothing starts after a second")
def cancel(
    update_id: UpdateId, context: Ctx, actor: Annotated[Actor, may("cancel_update")], body: Stop | None = None
) -> StoppedView:
    reason = body.reason if body else ""
    return _stopped(context, cancel_update(context.db, actor, update_id, context.clock.now(), reason))


@router.post("/pause", operation_id="pause_update", summary="Stop for now")
def pause(
    update_id: UpdateId, context: Ctx, actor: Annotated[Actor, may("pause_update")], body: Stop | None = None
) -> StoppedView:
    reason = body.reason if body else ""
    return _stopped(context, pause_update(context.db, actor, update_id, context.clock.now(), reason))


@router.post("/resume", operation_id="resume_update", summary="Go on after a pause or a halt")
def resume(
    update_id: UpdateId, context: Ctx, actor: Annotated[Actor, may("resume_update")], body: Stop | None = None
) -> UpdateView:
    """After a halt with a reason: whoever resumes has looked at the failures."""
    reason = body.reason if body else ""
    resume_update(context.db, actor, update_id, context.clock.now(), reason, site_bound=context.site_bound)
    return _after(context, update_id)


@router.post(
    "/correct",
    status_code=201,
    operation_id="correct_update",
    summary="Draft a correction for everybody this update reached",
)
def correct(
    update_id: UpdateId, body: Correction, context: Ctx, actor: Annotated[Actor, may("correct_update")]
) -> UpdateView:
    """Answers with the new draft; submitting it pauses the original."""
    drafted = correct_update(context.db, actor, update_id, body.document(), context.clock.now())
    return _after(context, drafted.id)


@router.post("/unknown", operation_id="settle_unknown", summary="Decide about deliveries nobody can tell about")
def decide_unknown(
    update_id: UpdateId, body: Decision, context: Ctx, actor: Annotated[Actor, may("settle_unknown")]
) -> UpdateView:
    settle_unknown(context.db, actor, update_id, UnknownDecision(body.decision), context.clock.now())
    return _after(context, update_id)


@router.post("/resend", operation_id="resend_failed", summary="Send again what surely never left")
def send_again(update_id: UpdateId, context: Ctx, actor: Annotated[Actor, may("resend_failed")]) -> UpdateView:
    """Clear refusals and our own faults only: never unknown, never suppressed, no address that was refused."""
    resend_failed(context.db, actor, update_id, context.clock.now())
    return _after(context, update_id)


@router.post("/wake", operation_id="wake_readers", summary="Send now to those whom quiet hours let sleep")
def wake(update_id: UpdateId, body: Reason, context: Ctx, actor: Annotated[Actor, may("wake_readers")]) -> UpdateView:
    """Approvers only, with a reason. Refused (`nobody_waits`) when there is nobody to wake."""
    wake_readers(context.db, actor, update_id, body.reason, context.clock.now())
    return _after(context, update_id)


def _after(context: Context, update_id: int) -> UpdateView:
    context.wake()
    return view(context.db, update_id, context.clock.now())


def _stopped(context: Context, report: StopReport) -> StoppedView:
    shown = _after(context, report.update.id)
    counts = report.deliveries
    return StoppedView(**shown.model_dump(), stopped=counts.stopped, in_flight=counts.in_flight, already_out=counts.out)
