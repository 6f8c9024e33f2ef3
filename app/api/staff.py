"""What staff are told although nobody asked: the list of notices, who takes care, and where they go."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field

from app.api.access import Reader, may
from app.api.answers import Given, Paged, paged
from app.api.context import Ctx
from app.api.pagination import Cursor, Limit
from app.api.problems import REFUSALS
from app.api.schemas import Sent, Slug
from app.domain.masking import mask
from app.domain.message import Medium
from app.domain.principals import Actor
from app.store import endpoints, staff
from app.store.staff import NoticeRow, NudgeRow, StaffRecipient
from app.templating import Templating
from app.templating.staff_words import say_notice
from app.usecases.acknowledge_notice import acknowledge_notice, try_notices
from app.usecases.save_staff_recipients import save_staff_recipients

router = APIRouter(prefix="/staff", tags=["staff"], responses=REFUSALS)

Keeper = Annotated[Actor, may("save_staff_recipients")]
Waiting = Annotated[bool, Query(description="Only those that nobody takes care of and that are not over")]
Media = dict[str, Medium]
"""By slug of the endpoint."""


class StaffPlace(Sent):
    endpoint: Slug
    address: str = Field("", max_length=1024, description="For SMS, e-mail, voice, push and chat; a webhook needs none")
    language: str = Field("en", max_length=16)
    severity: Literal["emergency", "major", "minor", "info"] = Field(
        "info", description="The least severe notice that goes there"
    )
    person: str = Field("", max_length=200, description="The user it belongs to: authors are nudged at their own")
    step: int | None = Field(None, ge=1, le=99, description="Whose turn it is when a promise slips: 1 first")


class StaffPlaces(Sent):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"recipients": [{"endpoint": "texts", "address": "+442071838750", "severity": "major"}]}]
        },
    )
    recipients: list[StaffPlace] = Field(max_length=200)


class StaffPlaceView(Given):
    endpoint: str
    address: str = Field(description="Masked; empty where the endpoint itself is the place")
    language: str
    severity: str
    person: str = Field(description="The user it belongs to; empty for nobody in particular")
    step: int | None = Field(description="On the escalation list: 1 is told first")


class StaffPlacesView(Given):
    recipients: list[StaffPlaceView]


class NudgeView(Given):
    endpoint: str
    address: str = Field(description="Masked")
    state: str = Field(description="queued, sending, accepted, failed, unknown, cancelled")
    reason: str
    attempts: int
    at: datetime


class NoticeView(Given):
    id: int
    kind: str
    subject: str = Field(description="What it is about: the slug or id of a contact channel, update, endpoint")
    severity: str
    text: str
    details: dict[str, str]
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    cleared_at: datetime | None = Field(description="When what it told of was over")
    deliveries: list[NudgeView] = Field(description="None: no place of staff wants this severity")


@router.get("/notices", summary="What staff were told, newest first")
def list_notices(
    context: Ctx,
    _actor: Reader,
    waiting: Waiting = False,  # noqa: FBT002 - a query parameter
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Paged[NoticeView]:
    with context.db.reading() as connection:
        page = staff.page(connection, waiting=waiting, cursor=cursor, limit=limit)
        nudges = staff.nudges(connection, [row.id for row in page.items])
        media: Media = {one.slug: one.medium for one in endpoints.everything(connection)}
    return paged(page, lambda row: notice_view(context.templating, row, nudges[row.id], media))


@router.post("/notices/{notice_id}/acknowledge", operation_id="acknowledge_notice", summary="Say that you take care")
def acknowledge(notice_id: int, context: Ctx, actor: Annotated[Actor, may("acknowledge_notice")]) -> NoticeView:
    """Whoever came first stays named; deliveries that have not left yet will not."""
    row = acknowledge_notice(context.db, actor, notice_id, context.clock.now())
    return _view(context, row)


@router.post("/notices/trial", status_code=201, operation_id="try_notices", summary="Send a trial to every place")
def trial(context: Ctx, actor: Keeper) -> NoticeView:
    return _view(context, try_notices(context.db, actor, context.clock.now()))


@router.get("/recipients", operation_id="list_staff_recipients", summary="Where notices go")
def list_places(context: Ctx, _actor: Reader) -> StaffPlacesView:
    with context.db.reading() as connection:
        found = staff.recipients(connection)
        media: Media = {one.slug: one.medium for one in endpoints.everything(connection)}
    return places_view(found, media)


@router.put("/recipients", operation_id="put_staff_recipients", summary="Say where notices go")
def put_places(body: StaffPlaces, context: Ctx, actor: Keeper) -> StaffPlacesView:
    """The whole list; what it does not name gets no notice any more."""
    wanted: list[dict[str, Any]] = [one.document() for one in body.recipients]
    found = save_staff_recipients(context.db, actor, wanted, context.clock.now())
    with context.db.reading() as connection:
        media: Media = {one.slug: one.medium for one in endpoints.everything(connection)}
    return places_view(found, media)


def notice_view(templating: Templating, row: NoticeRow, nudges: list[NudgeRow], media: Media) -> NoticeView:
    notice = row.notice
    return NoticeView(
        id=row.id,
        kind=notice.kind.value,
        subject=notice.subject,
        severity=notice.severity.value,
        text=say_notice(templating.staff, notice, row.id).text,
        details=dict(notice.details),
        raised_at=row.raised_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        cleared_at=row.cleared_at,
        deliveries=[
            NudgeView(
                endpoint=one.endpoint,
                address=mask(media.get(one.endpoint, Medium.SMS), one.address),
                state=one.state.value,
                reason=one.reason,
                attempts=one.attempts,
                at=one.at,
            )
            for one in nudges
        ],
    )


def places_view(found: list[StaffRecipient], media: Media) -> StaffPlacesView:
    return StaffPlacesView(
        recipients=[
            StaffPlaceView(
                endpoint=one.endpoint,
                address=mask(media.get(one.endpoint, Medium.SMS), one.address),
                language=one.language,
                severity=one.severity.value,
                person=one.person,
                step=one.step,
            )
            for one in found
        ]
    )


def _view(context: Ctx, row: NoticeRow) -> NoticeView:
    with context.db.reading() as connection:
        nudges = staff.nudges(connection, [row.id])[row.id]
        media: Media = {one.slug: one.medium for one in endpoints.everything(connection)}
    return notice_view(context.templating, row, nudges, media)
