"""Links that show words nobody has released yet on the real website."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from app.api.access import Reader, may
from app.api.answers import Given
from app.api.context import Ctx
from app.api.identifiers import RowId, UpdateId
from app.api.problems import REFUSALS
from app.api.schemas import Sent, Slug
from app.domain.preview_links import LONGEST, USUAL
from app.domain.principals import Actor
from app.store import preview_links, updates
from app.store.preview_links import PreviewRow
from app.usecases.share_preview import revoke_preview, share_preview

router = APIRouter(tags=["updates"], responses=REFUSALS)
Sharer = Annotated[Actor, may("make_preview_link")]


class PreviewLinkWanted(Sent):
    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"site": "main", "minutes": 120}]}
    )
    site: Slug
    minutes: int = Field(
        int(USUAL.total_seconds() // 60), ge=1, le=int(LONGEST.total_seconds() // 60), description="How long it shows"
    )


class PreviewLinkView(Given):
    id: int
    update: int
    revision: int = Field(description="Whose words it shows; a later edit changes nothing about them")
    site: str
    until: datetime
    made_by: str
    made_at: datetime
    revoked_at: datetime | None


class PreviewLinkMade(PreviewLinkView):
    token: str = Field(description="Given once; whoever has it sees the words")
    urls: list[str] = Field(description="The first page of each origin of the site")
    banner_url: str = Field(description="What the widget reads")
    page_url: str = Field(description="The crisis page; {language} is one of the site's")


@router.post(
    "/updates/{update}/preview-links",
    status_code=201,
    operation_id="make_preview_link",
    summary="A signed link that shows an update on the real website to its holder only",
)
def make(update: UpdateId, body: PreviewLinkWanted, context: Ctx, actor: Sharer) -> PreviewLinkMade:
    now = context.clock.now()
    shared = share_preview(context.db, context.keyring, actor, update, body.site, timedelta(minutes=body.minutes), now)
    with context.db.reading() as connection:
        row = preview_links.get(connection, shared.link.id)
    base = f"{context.public_base}/site/{body.site}/preview/{shared.token}"
    return PreviewLinkMade(
        **_view(row).model_dump(),
        token=shared.token,
        urls=list(shared.urls),
        banner_url=f"{base}.json",
        page_url=f"{base}/{{language}}",
    )


@router.get("/updates/{update}/preview-links", summary="Who may see this update before it is released")
def list_preview_links(update: UpdateId, context: Ctx, _actor: Reader) -> list[PreviewLinkView]:
    with context.db.reading() as connection:
        updates.get(connection, update)
        return [_view(row) for row in preview_links.of_update(connection, update)]


@router.post("/preview-links/{link}/revoke", operation_id="revoke_preview_link", summary="Take such a link back")
def revoke(link: RowId, context: Ctx, actor: Sharer) -> PreviewLinkView:
    return _view(revoke_preview(context.db, actor, link, context.clock.now()))


def _view(row: PreviewRow) -> PreviewLinkView:
    return PreviewLinkView(
        id=row.link.id,
        update=row.link.update,
        revision=row.link.revision,
        site=row.link.site,
        until=row.link.until,
        made_by=row.made_by,
        made_at=row.made_at,
        revoked_at=row.revoked_at,
    )
