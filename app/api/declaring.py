"""Staff declare a crisis from the answers of a triage, in one act."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import ConfigDict, Field, StrictBool, StrictInt, StrictStr

from app.api.access import may
from app.api.answers import CrisisView, Given, UpdateHead
from app.api.context import Ctx
from app.api.problems import REFUSALS
from app.api.progress import head
from app.api.schemas import Sent, Slug, Texts
from app.domain.crisis import Severity
from app.domain.principals import Actor
from app.usecases.declare_crisis import Declaration, Declared, declare_crisis

router = APIRouter(prefix="/triage", tags=["triage"], responses=REFUSALS)


class Declare(Sent):
    """The answers, and what differs from what triage and playbook say."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "answers": {"affected": 1200, "dangerous": "b-broken", "broken": "connection"},
                    "variables": {"place": "Riverside", "started": "2026-11-22T14:30:00Z"},
                }
            ]
        },
    )
    answers: dict[str, StrictBool | StrictInt | StrictStr] = Field(max_length=100)
    variables: dict[str, Any] = Field({}, max_length=50, description="Of the first word's sentences, typed")
    slug: Slug | None = Field(None, description="Made of the problem and the day when left out")
    titles: Texts | None = Field(None, description="Instead of the playbook's names")
    playbook: Slug | None = None
    severity: Literal["emergency", "major", "minor", "info"] | None = None
    audience: Slug | None = None
    endpoints: list[Slug] = Field([], max_length=200)
    languages: list[str] = Field([], max_length=50, description="Of the first word; all the playbook has")
    drill: bool = False


class SettingView(Given):
    name: str
    value: Any
    why: str = Field(description="answers, playbook, given, severity, all_endpoints; missing: somebody has to choose")


class DeclaredView(Given):
    crisis: CrisisView
    update: UpdateHead = Field(description="The draft of the first word (holding): preview and submit it next")
    problem: str = Field(description="What to solve first, by the answers")
    why: str
    settings: list[SettingView]


@router.post(
    "/{slug}/declare", status_code=201, operation_id="declare_crisis", summary="Open the crisis the answers lead to"
)
def declare(slug: str, body: Declare, context: Ctx, actor: Annotated[Actor, may("open_crisis")]) -> DeclaredView:
    """Crisis, severity, playbook, audience, endpoints and the first draft, all of it or nothing."""
    said = Declaration(
        slug=body.slug or "",
        titles=body.titles or {},
        playbook=body.playbook or "",
        severity=Severity(body.severity) if body.severity else None,
        audience=body.audience or "",
        endpoints=body.endpoints,
        languages=body.languages,
        variables=body.variables,
        drill=body.drill,
    )
    now = context.clock.now()
    trees = context.templating.trees
    declared = declare_crisis(context.db, actor, trees, slug, body.answers, said, now, timezone=context.timezone)
    context.wake()
    return declared_view(declared)


def declared_view(declared: Declared) -> DeclaredView:
    return DeclaredView(
        crisis=CrisisView.model_validate(declared.crisis),
        update=head(declared.update),
        problem=declared.outcome.trouble.slug,
        why=declared.outcome.why.value,
        settings=[SettingView(name=one.name, value=one.value, why=one.why.value) for one in declared.settings],
    )
