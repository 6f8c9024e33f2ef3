"""Crises: open, look, record what is known, change the severity, resolve."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from app.api.access import Reader, may
from app.api.answers import CrisisView, FactsView, FactView, Paged, PromisesView, TimelineView, paged
from app.api.context import Ctx
from app.api.pagination import Cursor, Limit
from app.api.problems import REFUSALS
from app.api.schemas import Crisis, Fact, Facts, SeverityChange
from app.domain.crisis import CrisisState, Severity
from app.domain.principals import Actor
from app.store import crises
from app.usecases.change_severity import change_severity
from app.usecases.open_crisis import open_crisis
from app.usecases.record_fact import record_fact, record_facts
from app.usecases.resolve_crisis import resolve_crisis
from app.usecases.watch_promises import promises

router = APIRouter(prefix="/crises", tags=["crises"], responses=REFUSALS)


@router.get("", summary="List crises")
def list_crises(
    context: Ctx, _actor: Reader, state: CrisisState | None = None, cursor: Cursor = None, limit: Limit = 50
) -> Paged[CrisisView]:
    with context.db.reading() as connection:
        page = crises.page(connection, state=state, cursor=cursor, limit=limit)
    return paged(page, CrisisView.model_validate)


@router.post("", status_code=201, operation_id="open_crisis", summary="Open a crisis")
def open_one(body: Crisis, context: Ctx, actor: Annotated[Actor, may("open_crisis")]) -> CrisisView:
    opened = open_crisis(context.db, actor, body.document(), context.clock.now())
    context.wake()
    return CrisisView.model_validate(opened)


@router.get("/{slug}", summary="Read a crisis")
def read_crisis(slug: str, context: Ctx, _actor: Reader) -> CrisisView:
    with context.db.reading() as connection:
        return CrisisView.model_validate(crises.get(connection, slug))


@router.post("/{slug}/resolve", operation_id="resolve_crisis", summary="Resolve a crisis")
def resolve_one(slug: str, context: Ctx, actor: Annotated[Actor, may("resolve_crisis")]) -> CrisisView:
    resolved = resolve_crisis(context.db, actor, slug, context.clock.now())
    context.wake()
    return CrisisView.model_validate(resolved)


@router.post("/{slug}/severity", operation_id="change_severity", summary="Say that it is worse, or less bad")
def change_one(
    slug: str, body: SeverityChange, context: Ctx, actor: Annotated[Actor, may("change_severity")]
) -> CrisisView:
    """What was handed in before keeps the severity it had; the website and the next update show the new one."""
    severity, now = Severity(body.severity), context.clock.now()
    changed = change_severity(context.db, actor, slug, severity, now, reason=body.reason)
    context.wake()
    return CrisisView.model_validate(changed)


@router.get("/{slug}/facts", summary="List the facts of a crisis, newest first")
def list_facts(slug: str, context: Ctx, _actor: Reader, cursor: Cursor = None, limit: Limit = 50) -> Paged[FactView]:
    with context.db.reading() as connection:
        crises.get(connection, slug)
        page = crises.fact_page(connection, slug, cursor=cursor, limit=limit)
    return paged(page, FactView.model_validate)


@router.post("/{slug}/facts", status_code=201, operation_id="record_fact", summary="Record a fact with its source")
def record_one(slug: str, body: Fact, context: Ctx, actor: Annotated[Actor, may("record_fact")]) -> FactView:
    recorded = record_fact(context.db, actor, slug, body.document(), context.clock.now())
    return FactView.model_validate(recorded)


@router.put("/{slug}/facts", operation_id="put_facts", summary="Put what is known now, all of it or nothing")
def put_facts(slug: str, body: Facts, context: Ctx, actor: Annotated[Actor, may("record_fact")]) -> FactsView:
    """For systems that measure, with a token of an author: the newest value of each name counts."""
    documents = [one.document() for one in body.facts]
    return FactsView(facts=[FactView.model_validate(row) for row in
                            record_facts(context.db, actor, slug, documents, context.clock.now())])  # fmt: skip


@router.get("/{slug}/promises", operation_id="read_promises", summary="Promised updates: kept, broken, the next one")
def read_promises(slug: str, context: Ctx, _actor: Reader) -> PromisesView:
    now = context.clock.now()
    with context.db.reading() as connection:
        counted, holds = promises(connection, slug, now)
    return PromisesView(
        kept=counted.kept, broken=counted.broken, next_update_by=holds, overdue=holds is not None and holds <= now
    )


@router.get("/{slug}/timeline", summary="What happened in a crisis, newest first")
def list_timeline(
    slug: str, context: Ctx, _actor: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Paged[TimelineView]:
    with context.db.reading() as connection:
        crises.get(connection, slug)
        page = crises.timeline_page(connection, slug, cursor=cursor, limit=limit)
    return paged(page, TimelineView.model_validate)
