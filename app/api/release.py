"""What people decide about an update: submit, approve, return, reject, send, cancel, pause, resume, correct.

Each answers with the update as it is afterwards. Doing the same thing twice acts once, with or without an
Idempotency-Key: the use cases look at the state.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from app.api.access import may
from app.api.answers import UpdateView
from app.api.context import Context, Ctx
from app.api.problems import REFUSALS
from app.api.progress import view
from app.api.schemas import Approval, Decision, Reason, Update
from app.domain.principals import Actor
from app.usecases.approve_update import approve_update
from app.usecases.cancel_update import cancel_update
from app.usecases.correct_update import correct_update
from app.usecases.pause_update import pause_update
from app.usecases.reject_update import reject_update
from app.usecases.resume_update import resume_update
from app.usecases.return_update import return_update
from app.usecases.send_update import send_update
from app.usecases.settle_unknown import settle_unknown
from app.usecases.submit_update import submit_update

router = APIRouter(prefix="/updates/{update_id}", tags=["release"], responses=REFUSALS)


@router.post("/submit", summary="Freeze the words and start listing the audience")
def submit(update_id: int, context: Ctx, actor: Annotated[Actor, may("submit_update")]) -> UpdateView:
    submit_update(context.db, actor, update_id, context.clock.now(), preflight=context.preflight)
    return _after(context, update_id)


@router.post("/approve", summary="The second person says yes")
def approve(update_id: int, body: Approval, context: Ctx, actor: Annotated[Actor, may("approve_update")]) -> UpdateView:
    """Needs the exact number of recipients, and refuses whoever wrote the words."""
    approve_update(context.db, actor, update_id, body.count, context.clock.now(), body.content_hash)
    return _after(context, update_id)


@router.post("/return", summary="Back to the author with a reason")
def give_back(update_id: int, body: Reason, context: Ctx, actor: Annotated[Actor, may("return_update")]) -> UpdateView:
    return_update(context.db, actor, update_id, body.reason, context.clock.now())
    return _after(context, update_id)


@router.post("/reject", summary="Refuse it for good")
def reject(update_id: int, body: Reason, context: Ctx, actor: Annotated[Actor, may("reject_update")]) -> UpdateView:
    reject_update(context.db, actor, update_id, body.reason, context.clock.now())
    return _after(context, update_id)


@router.post("/send", summary="Send an approved update")
def send(update_id: int, context: Ctx, actor: Annotated[Actor, may("send_update")]) -> UpdateView:
    send_update(context.db, actor, update_id, context.clock.now())
    return _after(context, update_id)


@router.post("/cancel", summary="Stop for good: nothing starts after a second")
def cancel(update_id: int, context: Ctx, actor: Annotated[Actor, may("cancel_update")]) -> UpdateView:
    cancel_update(context.db, actor, update_id, context.clock.now())
    return _after(context, update_id)


@router.post("/pause", summary="Stop for now")
def pause(update_id: int, context: Ctx, actor: Annotated[Actor, may("pause_update")]) -> UpdateView:
    pause_update(context.db, actor, update_id, context.clock.now())
    return _after(context, update_id)


@router.post("/resume", summary="Go on after a pause or a halt")
def resume(update_id: int, context: Ctx, actor: Annotated[Actor, may("resume_update")]) -> UpdateView:
    resume_update(context.db, actor, update_id, context.clock.now())
    return _after(context, update_id)


@router.post("/correct", status_code=201, summary="Draft a correction for everybody this update reached")
def correct(update_id: int, body: Update, context: Ctx, actor: Annotated[Actor, may("correct_update")]) -> UpdateView:
    """Answers with the new draft; submitting it pauses the original."""
    drafted = correct_update(context.db, actor, update_id, body.document(), context.clock.now())
    return _after(context, drafted)


@router.post("/unknown", summary="Decide about deliveries nobody can tell about")
def decide_unknown(
    update_id: int, body: Decision, context: Ctx, actor: Annotated[Actor, may("settle_unknown")]
) -> UpdateView:
    settle_unknown(context.db, actor, update_id, body.decision, context.clock.now())
    return _after(context, update_id)


def _after(context: Context, update_id: int) -> UpdateView:
    context.wake()
    return view(context.db, update_id, context.clock.now())
