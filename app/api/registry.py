"""Sites, contact channels, needs, routing rules, templates, playbooks, answers and help: lists with the same acts.

The body is the document in exactly the contract's shape; its revision travels as the ETag. `If-Match` makes a change
conditional, so that two people editing at once do not overwrite each other.
"""

# No `from __future__ import annotations`: the routes are made in a function and take their body's type from it.

from typing import Annotated, Any

from fastapi import APIRouter, Response

from app.api import whole_registry
from app.api.access import Reader, may
from app.api.answers import Paged, paged
from app.api.context import Context, Ctx
from app.api.pagination import Cursor, Limit
from app.api.problems import REFUSALS
from app.api.revisions import IfMatch, etag, revision_in
from app.api.schemas import (
    Area,
    ContactChannel,
    FaqEntry,
    HelpLink,
    Need,
    PlannedWork,
    Playbook,
    RoutingRule,
    Sent,
    Site,
    Topic,
)
from app.api.template_body import Template
from app.domain.principals import Actor
from app.store import documents
from app.store.documents import DocumentRow, Kind
from app.usecases.save_document import remove_document, save_document

Document = dict[str, Any]
Keeper = Annotated[Actor, may("save_document")]


def lists() -> list[APIRouter]:
    """One router per kind of document; before them the whole, whose addresses would be taken for slugs."""
    return [
        whole_registry.router,
        _list(Kind.SITE, "sites", Site),
        _list(Kind.CONTACT_CHANNEL, "contact-channels", ContactChannel),
        _list(Kind.NEED, "needs", Need),
        _list(Kind.AREA, "areas", Area),
        _list(Kind.ROUTING_RULE, "routing-rules", RoutingRule),
        _list(Kind.TEMPLATE, "templates", Template),
        _list(Kind.PLAYBOOK, "playbooks", Playbook),
        _list(Kind.FAQ, "faq", FaqEntry),
        _list(Kind.HELP_LINK, "help-links", HelpLink),
        _list(Kind.PLANNED_WORK, "planned-work", PlannedWork),
        _list(Kind.TOPIC, "topics", Topic),
    ]


def _list(kind: Kind, plural: str, shape: type[Sent]) -> APIRouter:
    router = APIRouter(prefix=f"/{plural}", tags=[plural], responses=REFUSALS)
    name = kind.value.replace("_", " ")

    @router.get("", summary=f"List {name}s", operation_id=f"list_{kind}s")
    def page(context: Ctx, _actor: Reader, cursor: Cursor = None, limit: Limit = 50) -> Paged[Document]:
        with context.db.reading() as connection:
            return paged(documents.page(connection, kind, cursor=cursor, limit=limit), lambda row: row.document)

    @router.get("/{slug}", summary=f"Read a {name}", operation_id=f"read_{kind}")
    def read(slug: str, context: Ctx, _actor: Reader, response: Response) -> Document:
        with context.db.reading() as connection:
            return _given(documents.get(connection, kind, slug), response)

    def save(
        context: Context, actor: Actor, slug: str, document: Document, expected: int | None, response: Response
    ) -> Document:
        now = context.clock.now()
        saved = save_document(context.db, actor, kind, slug, document, expected, now, templating=context.templating)
        context.wake()
        return _given(saved, response)

    def create(body: Sent, context: Ctx, actor: Keeper, response: Response) -> Document:
        document = body.document()
        return save(context, actor, document["slug"], document, 0, response)

    def replace(
        slug: str, body: Sent, context: Ctx, actor: Keeper, response: Response, if_match: IfMatch = None
    ) -> Document:
        return save(context, actor, slug, body.document(), revision_in(if_match), response)

    for handler in (create, replace):
        handler.__annotations__["body"] = shape
    router.post("", status_code=201, summary=f"Add a {name}", operation_id=f"add_{kind}")(create)
    router.put("/{slug}", summary=f"Put a {name} in its place", operation_id=f"put_{kind}")(replace)

    @router.delete("/{slug}", status_code=204, summary=f"Remove a {name}", operation_id=f"remove_{kind}")
    def remove(slug: str, context: Ctx, actor: Keeper, if_match: IfMatch = None) -> None:
        remove_document(context.db, actor, kind, slug, revision_in(if_match), context.clock.now())
        context.wake()

    return router


def _given(row: DocumentRow, response: Response) -> Document:
    response.headers["ETag"] = etag(row.revision)
    return row.document
