"""What people wrote back: read it with its crisis, say that somebody has seen to it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from app.api.access import Reader, may
from app.api.answers import Given, Paged, paged
from app.api.context import Context, Ctx
from app.api.identifiers import RowId
from app.api.pagination import Cursor, Limit
from app.api.problems import REFUSALS
from app.domain.masking import mask
from app.domain.principals import Actor
from app.keyring import Keyring
from app.store import hearing
from app.store.hearing import InboundRow
from app.usecases.handle_reply import handle_reply, see_reply, words_of

router = APIRouter(prefix="/replies", tags=["replies"], responses=REFUSALS)

Handler = Annotated[Actor, may("handle_reply")]
Waiting = Annotated[bool, Query(description="Only those that nobody has seen to")]
Keywords = Annotated[bool, Query(description="STOP, HELP and the like too, with what they did")]


class ReplyView(Given):
    id: int
    endpoint: str
    medium: str
    address: str = Field(description="Masked")
    address_id: int
    text: str = Field(description="What they wrote; empty for a keyword, and once it is forgotten")
    keyword: str = Field(description="stop, start, help, less, more, or empty")
    effect: str = Field(description="What it did: for_staff, stopped, started, blocked, helped, less, more")
    language: str
    crisis: str | None = Field(description="Of the last update this address had got before it wrote")
    update_id: int | None
    heard_at: datetime
    seen_at: datetime | None
    seen_by: str | None
    handled_at: datetime | None
    handled_by: str | None
    answer: str = Field(description="Which answer it got; empty for none")
    answer_state: str
    answer_reason: str


@router.get("", summary="What people wrote back, newest first")
def list_replies(
    context: Ctx,
    _actor: Reader,
    waiting: Waiting = False,  # noqa: FBT002 - a query parameter
    keywords: Keywords = False,  # noqa: FBT002 - a query parameter
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Paged[ReplyView]:
    with context.db.reading() as connection:
        page = hearing.page(connection, waiting=waiting, keywords=keywords, cursor=cursor, limit=limit)
    return paged(page, lambda row: reply_view(context.keyring, row))


@router.post("/{reply_id}/seen", operation_id="see_reply", summary="Say that you have read it")
def seen(reply_id: RowId, context: Ctx, actor: Handler) -> ReplyView:
    return _view(context, see_reply(context.db, actor, reply_id, context.clock.now()))


@router.post("/{reply_id}/handled", operation_id="handle_reply", summary="Say that it is seen to")
def handled(reply_id: RowId, context: Ctx, actor: Handler) -> ReplyView:
    """Whoever came first stays named."""
    return _view(context, handle_reply(context.db, actor, reply_id, context.clock.now()))


def _view(context: Context, row: InboundRow) -> ReplyView:
    return reply_view(context.keyring, row)


def reply_view(keyring: Keyring, row: InboundRow) -> ReplyView:
    """As every face shows it: the address masked, the words opened."""
    return ReplyView(
        id=row.id,
        endpoint=row.endpoint,
        medium=row.medium.value,
        address=mask(row.medium, row.address),
        address_id=row.address_id,
        text=words_of(keyring, row),
        keyword=row.keyword,
        effect=row.effect,
        language=row.language,
        crisis=row.crisis,
        update_id=row.update_id,
        heard_at=row.heard_at,
        seen_at=row.seen_at,
        seen_by=row.seen_by,
        handled_at=row.handled_at,
        handled_by=row.handled_by,
        answer=row.answer,
        answer_state=row.answer_state,
        answer_reason=row.answer_reason,
    )
