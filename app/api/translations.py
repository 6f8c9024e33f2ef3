"""Languages of an update: who vouches for each, translations that are asked for, and those that come later."""

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
from app.api.schemas import Sent
from app.domain.principals import Actor
from app.domain.vouching import How, Standing, Step
from app.store import updates
from app.usecases.ask_translation import LONGEST, USUAL, ask_translation, revoke_translation, translation_token
from app.usecases.bring_rest import bring_rest
from app.usecases.vouch import who_vouches
from app.usecases.waive_translation import waive_translation

router = APIRouter(tags=["updates"], responses=REFUSALS)
Author = Annotated[Actor, may("draft_update")]
HOUR = timedelta(hours=1)


class TranslationWanted(Sent):
    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"language": "gu", "hours": 4, "note": ""}]}
    )
    language: str = Field(max_length=35)
    hours: int = Field(USUAL // HOUR, ge=1, le=LONGEST // HOUR, description="How long the link is good")
    note: str = Field("", max_length=2_000, description="For whoever translates")


class Waiver(Sent):
    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"language": "gu", "reason": "Only a comma."}]}
    )
    language: str = Field(max_length=35)
    reason: str = Field(max_length=500, description="Whoever approves reads it")
    audience: str = Field(
        "", max_length=64, description="Of the text for this part of the audience; empty = the main one"
    )


class RestWanted(Sent):
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"language": "gu"}]})
    language: str = Field(max_length=35)


class LanguageView(Given):
    language: str
    step: Step = Field(description="source, in_step, stale (it stops submitting) or waived")
    how: How | None = Field(description="null when nobody kept it")
    vouched_by: str | None
    at: datetime | None
    waived_by: str | None
    waived_reason: str | None


class TranslationView(Given):
    id: int
    update: int
    language: str
    source: str = Field(description="The language it is translated from")
    until: datetime
    url: str = Field(description="Whoever has it writes the words, without an account")


class RestView(Given):
    update: int = Field(description="The draft that brings the language")


@router.get("/updates/{update}/languages", summary="Who vouches for each language, and what is out of step")
def list_languages(update: UpdateId, context: Ctx, _actor: Reader) -> list[LanguageView]:
    with context.db.reading() as connection:
        row = updates.get(connection, update)
    return [_language(one) for one in who_vouches(context.db, row)]


@router.post(
    "/updates/{update}/translations",
    status_code=201,
    operation_id="ask_translation",
    summary="A signed link for a translation of the words as they are now",
)
def ask(update: UpdateId, body: TranslationWanted, context: Ctx, actor: Author) -> TranslationView:
    made = ask_translation(
        context.db, context.keyring, actor, update, body.language, context.clock.now(), note=body.note,
        lasts=body.hours * HOUR,
    ).task  # fmt: skip
    return TranslationView(
        id=made.id,
        update=update,
        language=made.language,
        source=made.source,
        until=made.until,
        url=f"{context.public_base}/console/translate/{translation_token(context.keyring, made)}",
    )


@router.post(
    "/translations/{translation}/revoke",
    status_code=204,
    operation_id="revoke_translation",
    summary="Take such a link back; what came by it stays",
)
def revoke(translation: RowId, context: Ctx, actor: Author) -> None:
    revoke_translation(context.db, actor, translation, context.clock.now())


@router.post(
    "/updates/{update}/waive",
    operation_id="waive_translation",
    summary="Let a language stay as it is although the source was changed",
)
def waive(update: UpdateId, body: Waiver, context: Ctx, actor: Author) -> list[LanguageView]:
    waive_translation(context.db, actor, update, body.language, body.reason, context.clock.now(), body.audience)
    with context.db.reading() as connection:
        row = updates.get(connection, update)
    return [_language(one) for one in who_vouches(context.db, row)]


@router.post(
    "/updates/{update}/rest",
    status_code=201,
    operation_id="bring_rest",
    summary="Draft a language some still wait for, to exactly those",
)
def rest(update: UpdateId, body: RestWanted, context: Ctx, actor: Author) -> RestView:
    return RestView(update=bring_rest(context.db, actor, update, body.language, context.clock.now()).id)


def _language(one: Standing) -> LanguageView:
    known = one.voucher
    return LanguageView(
        language=one.language,
        step=one.step,
        how=known.how if known else None,
        vouched_by=known.by if known else None,
        at=known.at if known else None,
        waived_by=known.waived_by if known else None,
        waived_reason=known.waived_reason if known else None,
    )
