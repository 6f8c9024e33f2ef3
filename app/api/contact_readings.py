"""How contact channels are doing right now: waits and presence posted by staff, overrides, and what it adds up to."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field, field_validator

from app.api.access import Reader, may
from app.api.answers import Given
from app.api.context import Context, Ctx
from app.api.problems import REFUSALS
from app.api.revisions import etag
from app.api.schemas import Sent, Texts
from app.domain.contact_kinds import ContactStatus
from app.domain.principals import Actor
from app.usecases.judge_contact_channel import Judgement, judge_contact_channel
from app.usecases.note_upkeep import note_upkeep
from app.usecases.override_contact_channel import override_contact_channel
from app.usecases.post_reading import Reading, Taken, post_reading
from app.usecases.save_contact_secret import save_contact_secret
from app.usecases.set_contact_status import set_contact_status
from app.usecases.tell_unstaffed import tell_unstaffed

router = APIRouter(prefix="/contact-channels/{slug}", tags=["contact-channels"], responses=REFUSALS)
Poster = Annotated[Actor, may("post_reading")]


def _example(**fields: Any) -> ConfigDict:  # noqa: ANN401 - any JSON
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{**fields}]})


class Wait(Sent):
    model_config = _example(minutes=25)
    minutes: int = Field(description="What somebody waits who turns up now")


class Presence(Sent):
    model_config = _example(staffed=True)
    staffed: bool


class ContactSecret(Sent):
    model_config = _example(secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")  # noqa: S106 - the example of the specification
    secret: str = Field(max_length=200, description="whsec_ and the base64 of 24 to 64 random bytes")


class ContactOverride(Sent):
    model_config = _example(
        until="2036-11-27T12:30:00Z", address="+442071838751", reasons={"en": "The exchange is flooded"}
    )
    until: datetime = Field(description="from then on everything is as before")
    begins: datetime | None = Field(None, alias="from", description="at once when left out")
    reasons: Texts | None = None
    address: str | None = None
    hours: str | dict[str, list[str]] | None = None
    status: Literal["open", "busy", "down", "closed"] | None = None

    def document(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_unset=True, by_alias=True)


class ContactState(Sent):
    model_config = _example(status="busy", reasons={"en": "Half of us are ill"}, until="2036-11-27T12:30:00Z")
    status: Literal["open", "busy", "down", "closed"]
    reasons: Texts | None = None
    until: datetime | None = Field(None, description="from then on it is open again; until somebody says so without")

    @field_validator("until")
    @classmethod
    def _with_offset(cls, until: datetime | None) -> datetime | None:
        if until is not None and until.tzinfo is None:
            raise ValueError("it has no offset; write it as 2026-11-22T14:30:00Z")
        return until


class UpkeepDone(Sent):
    model_config = _example(called=True, check_on="2036-11-27")
    called: bool = Field(False, description="The test call was made today")
    check_on: date | None = Field(None, description="It was looked through, and is to be again by this day")


class ReadingTaken(Given):
    taken: Taken = Field(description="new: customers see it; same: they saw it already; stale: ignored")


class HourlyWaitView(Given):
    hour: int = Field(description="0 to 23 by the channel's own clock")
    median_minutes: float
    readings: int
    quiet: bool


class Standing(Given):
    wait_minutes: int | None = Field(description="null when none was posted lately")
    waited_at: datetime | None
    staffed: bool | None
    staffed_at: datetime | None
    nobody_there: bool = Field(description="In posted hours, for five minutes or more: shown as busy")
    kept_hours_percent: float | None = Field(description="Of the posted hours of 30 days; null without any report")
    hourly_waits: list[HourlyWaitView]
    best_hours: list[int] = Field(description="Quiet hours, the shortest wait first")
    due: list[str] = Field(description="check, test_call")


@router.post("/wait", operation_id="post_wait", summary="Say how long people wait")
def wait(slug: str, body: Wait, context: Ctx, actor: Poster) -> ReadingTaken:
    return _post(context, actor, slug, Reading(context.clock.now(), wait_minutes=body.minutes))


@router.post("/presence", operation_id="post_presence", summary="Say whether anybody is there")
def presence(slug: str, body: Presence, context: Ctx, actor: Poster) -> ReadingTaken:
    return _post(context, actor, slug, Reading(context.clock.now(), staffed=body.staffed))


@router.post(
    "/overrides",
    status_code=201,
    operation_id="override_contact_channel",
    summary="Another number, hours or status for a while",
)
def override(
    slug: str, body: ContactOverride, context: Ctx, actor: Annotated[Actor, may("save_document")], response: Response
) -> dict[str, Any]:
    """The whole contact channel as it is now stored; the override goes by itself when its time is over."""
    row = override_contact_channel(context.db, actor, slug, body.document(), context.clock.now())
    context.wake()
    response.headers["ETag"] = etag(row.revision)
    return row.document


@router.post("/status", operation_id="set_contact_status", summary="Open, busy, down or closed, why and until when")
def status(
    slug: str, body: ContactState, context: Ctx, actor: Annotated[Actor, may("save_document")], response: Response
) -> dict[str, Any]:
    """The whole contact channel as it is now stored. At `until` it is open again by itself."""
    row = set_contact_status(
        context.db,
        actor,
        slug,
        ContactStatus(body.status),
        context.clock.now(),
        reasons=body.reasons,
        until=body.until,
    )
    context.wake()
    response.headers["ETag"] = etag(row.revision)
    return row.document


@router.post("/upkeep", operation_id="note_upkeep", summary="It was called for a test, or looked through")
def upkeep(
    slug: str, body: UpkeepDone, context: Ctx, actor: Annotated[Actor, may("note_upkeep")], response: Response
) -> dict[str, Any]:
    """The whole contact channel as it is now stored; what is done clears its notices to staff."""
    row = note_upkeep(context.db, actor, slug, context.clock.now(), called=body.called, check_on=body.check_on)
    response.headers["ETag"] = etag(row.revision)
    return row.document


@router.get("/standing", operation_id="read_standing", summary="Waits, kept hours, best times, and what is due")
def standing(slug: str, context: Ctx, _actor: Reader) -> Standing:
    return standing_of(judge_contact_channel(context.db, slug, context.clock.now()))


def standing_of(found: Judgement) -> Standing:
    quiet = sorted((one for one in found.hourly_waits if one.quiet), key=lambda one: one.median_minutes)
    return Standing(
        wait_minutes=found.wait_minutes,
        waited_at=found.live.waited_at,
        staffed=found.live.staffed,
        staffed_at=found.live.staffed_at,
        nobody_there=found.nobody_there,
        kept_hours_percent=None if found.kept_share is None else round(100 * found.kept_share, 1),
        hourly_waits=[HourlyWaitView.model_validate(one) for one in found.hourly_waits],
        best_hours=[one.hour for one in quiet],
        due=list(found.due),
    )


@router.put(
    "/secret", status_code=204, operation_id="put_contact_secret", summary="Set what its webhooks are signed with"
)
def secret(slug: str, body: ContactSecret, context: Ctx, actor: Annotated[Actor, may("save_contact_secret")]) -> None:
    """Kept sealed and never given back."""
    save_contact_secret(context.db, context.keyring, actor, slug, body.secret, context.clock.now())


def _post(context: Context, actor: Actor, slug: str, reading: Reading) -> ReadingTaken:
    taken = post_reading(context.db, actor, slug, reading, context.clock.now())
    if reading.staffed is not None:
        tell_unstaffed(context.db, context.clock.now())
    context.wake()
    return ReadingTaken(taken=taken)
