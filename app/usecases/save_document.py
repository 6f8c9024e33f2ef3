"""Change how customers reach us, or the prepared words; take such a document away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from app.domain.areas import Area, check_shared
from app.domain.branding import Branding
from app.domain.contacts import ContactChannel
from app.domain.help_library import FaqEntry, HelpLink
from app.domain.planned_work import PlannedWork
from app.domain.playbooks import Playbook
from app.domain.principals import Actor, permit
from app.domain.routing import ANY_NEED, Need, RoutingRule
from app.domain.sites import Site
from app.domain.template_documents import TemplateDocument, check_apart
from app.domain.topics import Topic
from app.errors import Conflict, Invalid, Problem
from app.store import audit, documents, publishing, readings
from app.store.database import Database
from app.store.documents import DocumentRow, Kind
from app.templating import Templating
from app.templating.own_texts import check_own
from app.usecases.announce_work import follow_work
from app.usecases.own_templates import every_template

SHOWN_ON_THE_SITE: Final = frozenset(
    {
        Kind.SITE,
        Kind.CONTACT_CHANNEL,
        Kind.NEED,
        Kind.ROUTING_RULE,
        Kind.FAQ,
        Kind.HELP_LINK,
        Kind.PLANNED_WORK,
        Kind.ORGANISATION,
    }
)


def save_document(
    db: Database,
    actor: Actor,
    kind: Kind,
    slug: str,
    document: Mapping[str, object],
    expected_revision: int | None,
    now: datetime,
    *,
    templating: Templating | None = None,
) -> DocumentRow:
    """Insert or replace; the slug of the address wins and may be left out of the document.

    `expected_revision`: None = whatever is there, 0 = must be new, else Conflict `stale_edit` when somebody saved in
    between. Raise Invalid with one Problem per fault. `templating` is needed for templates only.
    """
    permit(actor, "save_document")
    if document.get("slug", slug) != slug:
        raise Invalid(Problem("slug_differs", "The document names another slug.", "slug", "Leave it out."))
    checked = _checked(kind, {**document, "slug": slug}, templating, now)
    with db.writing() as tx:
        if kind is Kind.ROUTING_RULE:
            _check_rule(tx, checked)
        if kind is Kind.AREA:
            known = documents.everything(tx, Kind.AREA)
            check_shared(Area.from_document(checked), (Area.from_document(one.document) for one in known))
        if kind is Kind.TEMPLATE:
            check_apart(TemplateDocument.from_document(checked), every_template(tx))
        row = documents.save(tx, kind, slug, checked, expected_revision)
        if kind in SHOWN_ON_THE_SITE:
            publishing.request(tx, f"{kind.value}_saved", now)
        if kind is Kind.PLANNED_WORK:
            follow_work(tx, actor, PlannedWork.from_document(checked), now)
        body = {"revision": row.revision, "document": row.document}
        audit.append(tx, actor.name, f"save_{kind.value}", f"{kind.value}/{slug}", body, now)
    return row


def remove_document(
    db: Database, actor: Actor, kind: Kind, slug: str, expected_revision: int | None, now: datetime
) -> DocumentRow:
    """The document as it was. Raise Conflict (code `in_use`) while a routing rule names it."""
    permit(actor, "save_document")
    with db.writing() as tx:
        _check_unused(tx, kind, slug)
        row = documents.remove(tx, kind, slug, expected_revision)
        if kind is Kind.CONTACT_CHANNEL:
            readings.forget(tx, slug)
        if kind in SHOWN_ON_THE_SITE:
            publishing.request(tx, f"{kind.value}_removed", now)
        body = {"revision": row.revision, "document": row.document}
        audit.append(tx, actor.name, f"remove_{kind.value}", f"{kind.value}/{slug}", body, now)
    return row


def _checked(
    kind: Kind, document: Mapping[str, object], templating: Templating | None, now: datetime
) -> dict[str, Any]:
    """The document in the contract's shape, every field present. Raise Invalid."""
    match kind:
        case Kind.SITE:
            return dict(Site.from_document(document).to_document())
        case Kind.CONTACT_CHANNEL:
            return dict(ContactChannel.from_document(document).to_document())
        case Kind.NEED:
            return dict(Need.from_document(document).to_document())
        case Kind.ROUTING_RULE:
            return dict(RoutingRule.from_document(document).to_document())
        case Kind.FAQ:
            return FaqEntry.from_document(document).to_document()
        case Kind.HELP_LINK:
            return HelpLink.from_document(document).to_document()
        case Kind.PLANNED_WORK:
            return replace(PlannedWork.from_document(document), changed_at=now).to_document()
        case Kind.TOPIC:
            return Topic.from_document(document).to_document()
        case Kind.AREA:
            return Area.from_document(document).to_document()
        case Kind.ORGANISATION:
            return Branding.from_document(document).to_document()
        case Kind.PLAYBOOK:
            Playbook.from_document(document)
            return dict(document)
        case Kind.TEMPLATE:
            template = TemplateDocument.from_document(document)
            if templating is None:
                raise ValueError("saving a template needs templating, which knows what is harmless")
            check_own(templating, template)
            return template.to_document()


def _check_rule(tx: Connection, rule: Mapping[str, Any]) -> None:
    problems = [
        Problem(
            "contact_channel_not_found",
            f"There is no contact channel “{slug}”.",
            f"contact_channels[{index}]",
            "Create it first.",
        )
        for index, slug in enumerate(rule["contact_channels"])
        if documents.find(tx, Kind.CONTACT_CHANNEL, slug) is None
    ]
    if rule["need"] != ANY_NEED and documents.find(tx, Kind.NEED, rule["need"]) is None:
        problems.append(Problem("need_not_found", f"There is no need “{rule['need']}”.", "need", "Create it first."))
    if problems:
        raise Invalid(problems)


def _check_unused(tx: Connection, kind: Kind, slug: str) -> None:
    users = [
        rule.slug
        for rule in documents.everything(tx, Kind.ROUTING_RULE)
        if (kind is Kind.CONTACT_CHANNEL and slug in rule.document["contact_channels"])
        or (kind is Kind.NEED and slug == rule.document["need"])
    ]
    if users:
        raise Conflict(
            Problem(
                "in_use",
                f"“{slug}” is named by the routing rules {', '.join(users)}.",
                "slug",
                "Change or remove those rules first.",
            )
        )
