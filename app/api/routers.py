"""Everything under /api/v1, in the order of the OpenAPI document."""

from __future__ import annotations

from fastapi import APIRouter

from app.api import (
    advice,
    audiences,
    contact_readings,
    crises,
    declaring,
    endpoints,
    fact_sources,
    housekeeping,
    links,
    open_links,
    organisation,
    pages,
    people,
    planned,
    preview_links,
    registry,
    release,
    replies,
    schedules,
    staff,
    subscribers,
    targets,
    translations,
    triage,
    updates,
    watching,
)


def everything() -> APIRouter:
    api = APIRouter(prefix="/api/v1")
    routers = [
        *registry.lists(), organisation.router, contact_readings.router, advice.router, links.router,
        open_links.router, triage.router, declaring.router, endpoints.router, people.router, subscribers.router,
        audiences.router, crises.router, fact_sources.router, updates.router, translations.router, release.router,
        preview_links.router, targets.router, replies.router,
        pages.router, watching.router, staff.router, schedules.router, schedules.plans, planned.router,
        housekeeping.router,
    ]  # fmt: skip
    for router in routers:
        api.include_router(router)
    return api
