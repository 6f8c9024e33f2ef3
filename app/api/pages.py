"""The organisation's own pages: do they still carry the banner?"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from app.api.access import Reader, may
from app.api.answers import Given
from app.api.context import Ctx
from app.api.problems import REFUSALS
from app.domain.page_checks import PageCheck, PageVerdict
from app.domain.principals import Actor
from app.store import page_checks

router = APIRouter(prefix="/page-checks", tags=["sites"], responses=REFUSALS)


class PageCheckView(Given):
    site: str
    url: str
    verdict: PageVerdict
    detail: str
    checked_at: datetime
    since: datetime | None = Field(description="Since when it has not shown the banner; null = it does")


@router.get("", summary="Every page that should carry the banner, with its last look")
def list_page_checks(context: Ctx, _actor: Reader) -> list[PageCheckView]:
    with context.db.reading() as connection:
        return [_view(one) for one in page_checks.everything(connection).values()]


@router.post("/run", operation_id="check_pages", summary="Look at every such page now; takes a minute at most")
async def check(context: Ctx, _actor: Annotated[Actor, may("check_site")]) -> list[PageCheckView]:
    return [_view(one) for one in await context.check_pages()]


def _view(one: PageCheck) -> PageCheckView:
    return PageCheckView.model_validate(one, from_attributes=True)
