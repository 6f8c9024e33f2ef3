"""Planned work that announces itself."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from app.api.access import may
from app.api.answers import Given
from app.api.context import Ctx
from app.api.problems import REFUSALS
from app.api.schedules import ScheduleView, schedule_view
from app.api.schemas import Sent, Slug
from app.domain.principals import Actor
from app.domain.schedules import Policy
from app.usecases.announce_work import BEFORE, Announcing, announce_work

router = APIRouter(prefix="/planned-work", tags=["planned-work"], responses=REFUSALS)
EXAMPLE: Final[dict[str, Any]] = {"before": ["72h", "24h"], "policy": "ask"}


class AnnounceWork(Sent):
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE]})
    before: list[str] = Field(list(BEFORE), max_length=5, description="Lengths of time ahead of it")
    endpoints: list[Slug] = Field([], max_length=200, description="Empty = the website")
    audience: Slug | None = None
    policy: Policy = Field(Policy.ASK, description="ask or approved")


class WorkSchedules(Given):
    items: list[ScheduleView]


@router.post("/{slug}/announce", operation_id="announce_planned_work", summary="Let schedules announce planned work")
def announce(
    slug: str, body: AnnounceWork, context: Ctx, actor: Annotated[Actor, may("save_schedule")]
) -> WorkSchedules:
    """Before it, when it begins and when it ends; they follow when it is moved, and end when it is called off."""
    now = context.clock.now()
    wanted = Announcing(tuple(body.before), tuple(body.endpoints), body.audience or "", body.policy)
    over = context.templating.words
    rows = announce_work(context.db, actor, slug, wanted, lambda one: over(one).say("all_clear"), now)
    context.wake()
    return WorkSchedules(items=[schedule_view(row, now) for row in rows])
