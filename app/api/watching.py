"""Watching an update go out: every delivery as JSON or CSV, and progress as a stream of events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from app.api.access import Reader
from app.api.answers import DeliveryView, LeftOutPerson, Paged, UpdateView, paged
from app.api.context import Context, Ctx
from app.api.identifiers import UpdateId
from app.api.pagination import Cursor, Limit
from app.api.problems import REFUSALS
from app.api.progress import settled, view
from app.domain.csvout import lines
from app.domain.delivery import State
from app.domain.masking import mask
from app.store import deliveries, updates
from app.store.deliveries import Delivery
from app.store.left_out import LeftOut
from app.store.subscribers import SubscriberRow
from app.usecases.list_left_out import left_out_page, silent_page

router = APIRouter(prefix="/updates/{update_id}", tags=["watching"], responses=REFUSALS)

EVERY_SECONDS: Final = 0.5
RECONNECT_MS: Final = 2_000
CSV_PAGE: Final = 1_000
CSV_HEADER: Final = (
    "medium", "endpoint", "address", "language", "state", "reason", "provider_id", "attempts", "at",
)  # fmt: skip
_AS_CSV: Final[dict[int | str, dict[str, object]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A page, or all rows as CSV"}
}


@router.get("/deliveries", summary="Every delivery of an update", response_model=Paged[DeliveryView], responses=_AS_CSV)
def list_deliveries(
    update_id: UpdateId,
    context: Ctx,
    _actor: Reader,
    state: State | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
    as_: Annotated[Literal["json", "csv"] | None, Query(alias="format")] = None,
    accept: Annotated[str, Header()] = "",
) -> Paged[DeliveryView] | StreamingResponse:
    """JSON by pages; with `?format=csv` or `Accept: text/csv` all of them, streamed. Addresses are masked."""
    with context.db.reading() as connection:
        broadcast = updates.get(connection, update_id).broadcast_id
        if (as_ or ("csv" if "text/csv" in accept else "json")) == "json":
            found, following = (
                deliveries.page(connection, broadcast, after=cursor, limit=limit, state=state)
                if broadcast is not None
                else ([], None)
            )
            return Paged(items=[DeliveryView.model_validate(each) for each in found], next_cursor=following)
    rows = (_cells(each) for each in _all(context, broadcast, state))
    headers = {"Content-Disposition": f'attachment; filename="update-{update_id}-deliveries.csv"'}
    return StreamingResponse(lines(CSV_HEADER, rows), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/left-out", operation_id="list_left_out", summary="Who of its audience gets nothing, and why")
def list_left_out(
    update_id: UpdateId,
    context: Ctx,
    _actor: Reader,
    by: Literal["language", "consent"] = "language",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Paged[LeftOutPerson]:
    """`language`: they read none of its languages; empty unless its policy is `skip`. `consent`: they did not agree to
    it, their address is stopped, or they asked for big news only. Before it is submitted: as its audience is now.
    """
    if by == "language":
        return paged(left_out_page(context.db, update_id, cursor, limit), _unread)
    return paged(silent_page(context.db, update_id, cursor, limit), _silent)


def _unread(one: SubscriberRow) -> LeftOutPerson:
    return LeftOutPerson(external_id=one.external_id, languages=list(one.languages), area=one.area)


def _silent(one: LeftOut) -> LeftOutPerson:
    address = mask(one.medium, one.address)
    place = {"medium": one.medium.value, "address": address, "reason": one.reason}
    return LeftOutPerson(external_id=one.external_id, languages=list(one.languages), area=one.area, **place)


def _shown(context: Context, update_id: int) -> UpdateView:
    return view(context.db, update_id, context.clock.now())


def _first(update_id: UpdateId, context: Ctx) -> UpdateView:
    # A dependency, so that an unknown update is a problem: once a stream has begun it can only break off.
    return _shown(context, update_id)


First = Annotated[UpdateView, Depends(_first)]


@router.get(
    "/events", operation_id="watch_update", summary="Progress as server-sent events", response_class=EventSourceResponse
)
async def events(first: First, context: Ctx, _actor: Reader) -> AsyncIterator[ServerSentEvent]:
    """`progress` whenever a count or the state changes (data: the update as GET gives it, without its words);
    `end` when nothing will change any more, then the stream ends.
    """
    shown, number = first, 0
    yield _event("progress", shown, number)
    while not settled(shown) and not context.stopping.is_set():
        await _pause(context)
        fresh = await run_in_threadpool(_shown, context, shown.id)
        if (fresh.state, fresh.counts) != (shown.state, shown.counts):
            number += 1
            yield _event("progress", fresh, number)
        shown = fresh
    if settled(shown):
        yield _event("end", shown, number + 1)


def _event(name: str, shown: UpdateView, number: int) -> ServerSentEvent:
    data = shown.model_dump(mode="json", exclude={"document"})
    return ServerSentEvent(event=name, data=data, id=str(number), retry=RECONNECT_MS)


async def _pause(context: Context) -> None:
    try:
        await asyncio.wait_for(context.stopping.wait(), EVERY_SECONDS)
    except TimeoutError:
        return


def _all(context: Context, broadcast: int | None, state: State | None) -> Iterator[Delivery]:
    """Page by page, so that no read transaction outlives a page however slow the reader is."""
    following: str | None = None
    while broadcast is not None:
        with context.db.reading() as connection:
            found, following = deliveries.page(connection, broadcast, after=following, limit=CSV_PAGE, state=state)
        yield from found
        if following is None:
            return


def _cells(each: Delivery) -> tuple[object, ...]:
    at = each.at.isoformat().replace("+00:00", "Z") if each.at else ""
    return (
        each.medium.value, each.endpoint, each.address, each.language, each.state.value, each.reason,
        each.provider_id, each.attempts, at,
    )  # fmt: skip
