"""The registry as a whole: what is doubtful about its rules, and all of it as one document."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import Field

from app.api.access import Reader, may
from app.api.answers import Finding, Given
from app.api.context import Ctx
from app.api.problems import REFUSALS
from app.api.schemas import Area, ContactChannel, FaqEntry, HelpLink, Need, RoutingRule, Sent, Topic
from app.domain.principals import Actor
from app.domain.routing_lint import lint
from app.store import documents
from app.usecases.replace_registry import export_registry, import_registry

router = APIRouter(tags=["registry"], responses=REFUSALS)

Digest = Annotated[str | None, Header(description="The ETag of the export you started from")]
Slugs = dict[str, list[str]]


class Linted(Given):
    problems: list[Finding] = Field(description="Empty when all is well")


class WholeRegistry(Sent):
    contact_channels: list[ContactChannel]
    needs: list[Need]
    routing_rules: list[RoutingRule]
    faq: list[FaqEntry] | None = Field(None, description="Left out: what is there stays")
    help_links: list[HelpLink] | None = Field(None, description="Left out: what is there stays")
    areas: list[Area] | None = Field(None, description="Left out: what is there stays")
    topics: list[Topic] | None = Field(None, description="Left out: what is there stays")


class Replaced(Given):
    added: Slugs = Field(description="Slugs by part: contact_channels, needs, routing_rules, faq, help_links ...")
    changed: Slugs
    removed: Slugs


@router.get("/routing-rules/lint", operation_id="lint_routing_rules", summary="What is doubtful about the rules")
def check_rules(context: Ctx, _actor: Reader) -> Linted:
    with context.db.reading() as connection:
        registry = documents.registry(connection)
    found = lint(registry, context.clock.now())
    return Linted(problems=[Finding.model_validate(problem) for problem in found])


@router.get(
    "/registry", operation_id="export_registry", summary="Contact channels, needs, rules and help as one document"
)
def export(context: Ctx, _actor: Reader, response: Response) -> dict[str, Any]:
    with context.db.reading() as connection:
        document, digest = export_registry(connection)
    response.headers["ETag"] = f'"{digest}"'
    return document


@router.put("/registry", operation_id="import_registry", summary="Put a whole registry in its place, or nothing of it")
def replace(
    body: WholeRegistry,
    context: Ctx,
    actor: Annotated[Actor, may("save_document")],
    response: Response,
    if_match: Digest = None,
) -> Replaced:
    expected = None if if_match in (None, "*") else if_match.strip().removeprefix("W/").strip('"')
    change = import_registry(context.db, actor, body.document(), context.clock.now(), expected=expected)
    context.wake()
    response.headers["ETag"] = f'"{change.digest}"'
    return Replaced.model_validate(change)
