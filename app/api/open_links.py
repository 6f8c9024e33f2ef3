"""Open knowledge that usually needs a login, for the time of a crisis."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from app.api.access import may
from app.api.answers import Given
from app.api.context import Ctx
from app.api.problems import REFUSALS
from app.api.schemas import Sent
from app.domain.help_library import OpenResource
from app.domain.open_links import PARAMETER
from app.domain.principals import Actor
from app.errors import Invalid, Problem
from app.usecases.open_knowledge import close_knowledge, open_knowledge, opened_by

router = APIRouter(prefix="/open-links", tags=["help-links"], responses=REFUSALS)


class OpenLink(Sent):
    """Either a help link that has `open_resources`, or a pattern and an end."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "url_pattern": "https://learn.example.org/courses/*",
                    "until": "2026-12-01T12:00:00Z",
                    "urls": ["https://learn.example.org/courses/first-aid"],
                }
            ]
        },
    )
    help_link: str = Field("", max_length=64, description="Slug; its pattern, end and addresses are taken")
    url_pattern: str = Field("", max_length=2_000, description="https, one host; `*` stands for anything")
    until: datetime | None = Field(None, description="At most 90 days from now")
    urls: list[str] = Field([], max_length=100, description="Addresses to put the pass into")


class OpenLinkMade(Given):
    token: str = Field(description="The pass; whoever has it may read")
    parameter: str = Field(description="The query parameter it travels in")
    url_pattern: str
    until: datetime
    urls: list[str] = Field(description="The addresses with the pass in them")
    check_url: str = Field(description="Answers 200 or 403, see docs/open-links.md")


class Pass(Sent):
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [{"token": "AAAA.BBBB"}]})
    token: str = Field(max_length=5_000, description="The pass to take back")


class PassClosed(Given):
    until: datetime = Field(description="The end it would have had")


@router.post("/revoke", operation_id="revoke_open_link", summary="Take a pass back before its end")
def revoke(body: Pass, context: Ctx, actor: Annotated[Actor, may("open_knowledge")]) -> PassClosed:
    return PassClosed(until=close_knowledge(context.db, context.keyring, actor, body.token, context.clock.now()))


@router.post("", status_code=201, operation_id="make_open_link", summary="A signed link that opens gated knowledge")
def make(body: OpenLink, context: Ctx, actor: Annotated[Actor, may("open_knowledge")]) -> OpenLinkMade:
    opens, urls = _asked(body, context)
    made = open_knowledge(context.db, context.keyring, actor, opens, urls, context.clock.now())
    return OpenLinkMade(
        token=made.token,
        parameter=PARAMETER,
        url_pattern=made.opens.url_pattern,
        until=made.opens.until,
        urls=list(made.urls),
        check_url=f"{context.public_base}/open/check",
    )


def _asked(body: OpenLink, context: Ctx) -> tuple[OpenResource, tuple[str, ...]]:
    if body.help_link:
        opens, urls = opened_by(context.db, body.help_link)
        return opens, tuple(body.urls) or urls
    if not body.url_pattern or body.until is None or body.until.tzinfo is None:
        raise Invalid(
            Problem(
                "missing",
                "A pattern and an end with an offset are needed, or a help link.",
                "until" if body.url_pattern else "url_pattern",
                'Send {"url_pattern": "https://...", "until": "2026-12-01T12:00:00Z"} or {"help_link": "slug"}.',
            )
        )
    return OpenResource(body.url_pattern, body.until), tuple(body.urls)
