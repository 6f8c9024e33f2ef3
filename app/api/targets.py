"""Where the website is published besides each machine's own folder, and what visitors find there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field

from app.api.access import Reader, may
from app.api.answers import Given
from app.api.context import Context, Ctx
from app.api.identifiers import check_same_slug
from app.api.problems import REFUSALS
from app.api.revisions import IfMatch, etag, revision_in
from app.api.schemas import Sent, Slug
from app.domain.principals import Actor
from app.domain.reading_back import Seen
from app.domain.targets import Target, TargetState, view
from app.store import targets
from app.usecases.save_target import remove_target, save_target

router = APIRouter(prefix="/targets", tags=["sites"], responses=REFUSALS)
Keeper = Annotated[Actor, may("save_target")]


class TargetBody(Sent):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "slug": "cloud",
                    "kind": "s3",
                    "settings": {
                        "bucket": "crisis",
                        "region": "eu-central-1",
                        "access_key_id": "AKIDEXAMPLE",
                        "secret_access_key": "...",
                    },
                    "public_url": "https://status.example.net",
                }
            ]
        },
    )
    slug: Slug
    kind: Literal["s3", "directory"]
    settings: dict[str, Any] = Field(description="See docs/website.md; a secret sent as `***` keeps its value")
    public_url: str = Field("", max_length=500, description="Where visitors find the files; empty = not read back")


class TargetStateView(Given):
    seq: int = Field(description="The snapshot that was last placed whole; 0 = none yet")
    placed_at: datetime | None
    failures: int = Field(description="Attempts in a row that failed")
    error: str
    failing_since: datetime | None
    note: str = Field(description="A limit that was found out, such as a store without conditional writes")


class SeenView(Given):
    seq: int
    verdict: str = Field(description="as_published, unreachable, not_ours, behind or differs")
    detail: str
    looked_at: datetime
    since: datetime | None = Field(description="Since when it has not been as published")
    skew: float | None = Field(description="Seconds its server's clock is ahead of ours")


class TargetView(Given):
    slug: str
    kind: str
    settings: dict[str, Any] = Field(description="Secrets read `***`")
    public_url: str
    revision: int
    state: TargetStateView
    seen: SeenView | None = Field(description="The last look from outside")


@router.get("", summary="List targets")
def list_targets(context: Ctx, _actor: Reader) -> list[TargetView]:
    with context.db.reading() as connection:
        states, seen = targets.states(connection), targets.seen(connection)
        return [_view(one, states.get(one.slug), seen.get(one.slug)) for one in targets.everything(connection)]


@router.get("/{slug}", summary="Read a target with its state")
def read_target(slug: str, context: Ctx, _actor: Reader, response: Response) -> TargetView:
    return _read(context, slug, response)


@router.put("/{slug}", summary="Add or change a target; the website is published to it at once")
def put_target(
    slug: str, body: TargetBody, context: Ctx, actor: Keeper, response: Response, if_match: IfMatch = None
) -> TargetView:
    check_same_slug(body.slug, slug)
    now, expected = context.clock.now(), revision_in(if_match)
    save_target(context.db, context.keyring, context.check_url, actor, slug, body.document(), expected, now)
    context.wake()
    return _read(context, slug, response)


@router.delete("/{slug}", status_code=204, summary="Publish there no more; what lies there stays there")
def delete_target(slug: str, context: Ctx, actor: Keeper) -> None:
    remove_target(context.db, actor, slug, context.clock.now())


def _read(context: Context, slug: str, response: Response) -> TargetView:
    with context.db.reading() as connection:
        found = targets.get(connection, slug)
        state, seen = targets.states(connection).get(slug), targets.seen(connection).get(slug)
    response.headers["ETag"] = etag(found.revision)
    return _view(found, state, seen)


def _view(target: Target, state: TargetState | None, seen: Seen | None) -> TargetView:
    shown = SeenView.model_validate(seen, from_attributes=True) if seen else None
    return TargetView.model_validate({**view(target, state), "seen": shown})
