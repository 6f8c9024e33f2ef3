"""The links readers are sent to, and which of them lead nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from app.api.access import Reader, may
from app.api.answers import Given
from app.api.context import Ctx
from app.api.problems import REFUSALS
from app.domain.link_checks import LinkReason, LinkState
from app.domain.principals import Actor
from app.store import links
from app.usecases.check_links import KnownLink, known_links

router = APIRouter(prefix="/links", tags=["help-links"], responses=REFUSALS)


class LinkView(Given):
    url: str
    places: list[str] = Field(description="Where it stands: help_link/first-steps, playbook/health")
    state: LinkState | None = Field(description="null when it was not looked at yet")
    reason: LinkReason | None
    status: int | None = Field(description="Of the last answer; null without one")
    checked_at: datetime | None
    failing_since: datetime | None


class Links(Given):
    items: list[LinkView] = Field(description="In the order of addresses")
    dead: int
    last_run: datetime | None = Field(description="When all were looked at last by themselves")


@router.get("", operation_id="list_links", summary="Every link readers are sent to, with its last check")
def page(context: Ctx, _actor: Reader, state: LinkState | None = None) -> Links:
    with context.db.reading() as connection:
        return _links(known_links(connection), links.last_run(connection), state)


@router.post("/check", operation_id="check_links", summary="Look at every link now; takes a minute at most")
async def check(context: Ctx, _actor: Annotated[Actor, may("check_links")]) -> Links:
    return _links(await context.check_links(), None, None)


def _links(known: Iterable[KnownLink], last_run: datetime | None, state: LinkState | None) -> Links:
    views = [_view(one) for one in known]
    dead = sum(one.state is LinkState.DEAD for one in views)
    return Links(items=[one for one in views if state in (None, one.state)], dead=dead, last_run=last_run)


def _view(link: KnownLink) -> LinkView:
    found = link.check
    return LinkView(
        url=link.url,
        places=[str(place) for place in link.places],
        state=found.state if found else None,
        reason=found.reason if found else None,
        status=(found.status or None) if found else None,
        checked_at=found.checked_at if found else None,
        failing_since=found.failing_since if found else None,
    )
