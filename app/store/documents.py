"""Documents with a slug and a revision: sites, contact channels, needs, routing rules, prepared words and help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, delete, insert, select, update

from app.domain.contacts import with_live
from app.domain.routing import Registry
from app.errors import Conflict, Problem, not_found
from app.store import readings, tables
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, text_cursor


class Kind(StrEnum):
    SITE = "site"
    CONTACT_CHANNEL = "contact_channel"
    NEED = "need"
    ROUTING_RULE = "routing_rule"
    TEMPLATE = "template"
    PLAYBOOK = "playbook"
    FAQ = "faq"
    HELP_LINK = "help_link"
    PLANNED_WORK = "planned_work"
    ORGANISATION = "organisation"
    TOPIC = "topic"
    AREA = "area"


_TABLES: Final[Mapping[Kind, Table]] = MappingProxyType(
    {
        Kind.SITE: tables.site,
        Kind.CONTACT_CHANNEL: tables.contact_channel,
        Kind.NEED: tables.need,
        Kind.ROUTING_RULE: tables.routing_rule,
        Kind.TEMPLATE: tables.template,
        Kind.PLAYBOOK: tables.playbook,
        Kind.FAQ: tables.faq,
        Kind.HELP_LINK: tables.help_link,
        Kind.PLANNED_WORK: tables.planned_work,
        Kind.ORGANISATION: tables.organisation,
        Kind.TOPIC: tables.topic,
        Kind.AREA: tables.area,
    }
)


@dataclass(frozen=True, slots=True)
class DocumentRow:
    slug: str
    document: dict[str, Any]
    """Exactly the public contract's shape, `slug` included."""
    revision: int


def get(connection: Connection, kind: Kind, slug: str) -> DocumentRow:
    found = find(connection, kind, slug)
    if found is None:
        raise not_found(kind.value.replace("_", " "), slug)
    return found


def find(connection: Connection, kind: Kind, slug: str) -> DocumentRow | None:
    table = _TABLES[kind]
    row = connection.execute(select(table).where(table.c.slug == slug)).one_or_none()
    return None if row is None else _row(row)


def everything(connection: Connection, kind: Kind) -> list[DocumentRow]:
    """All documents of a kind, ordered by slug; routing rules by position, then slug."""
    table = _TABLES[kind]
    order = [table.c.position, table.c.slug] if kind is Kind.ROUTING_RULE else [table.c.slug]
    return [_row(row) for row in connection.execute(select(table).order_by(*order))]


def registry(connection: Connection) -> Registry:
    """Everything customers can reach with what was reported about it, and the rules, as one picture."""
    channels, needs, rules = (
        [row.document for row in everything(connection, kind)]
        for kind in (Kind.CONTACT_CHANNEL, Kind.NEED, Kind.ROUTING_RULE)
    )
    found = Registry.from_documents(channels, needs, rules)
    return replace(found, channels=with_live(found.channels, readings.everything(connection)))


def page(
    connection: Connection, kind: Kind, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[DocumentRow]:
    table = _TABLES[kind]
    query = select(table).order_by(table.c.slug).limit(check_limit(limit) + 1)
    after = text_cursor(cursor)
    if after is not None:
        query = query.where(table.c.slug > after)
    return cut_page(connection.execute(query).all(), limit, _row, lambda row: row.slug)


def save(
    connection: Connection, kind: Kind, slug: str, document: Mapping[str, Any], expected_revision: int | None
) -> DocumentRow:
    """Insert or replace. `expected_revision`: None = whatever is there, 0 = must be new.

    Raise Conflict (code `stale_edit`) when somebody saved in between.
    """
    table = _TABLES[kind]
    before = connection.execute(select(table.c.revision).where(table.c.slug == slug).with_for_update()).scalar()
    check_revision(expected_revision, before or 0)
    values: dict[str, Any] = {"document": dict(document), "revision": (before or 0) + 1}
    if kind is Kind.ROUTING_RULE:
        values["position"] = int(document.get("position", 0))
    if before is None:
        connection.execute(insert(table).values(slug=slug, **values))
    else:
        connection.execute(update(table).where(table.c.slug == slug).values(**values))
    return DocumentRow(slug, values["document"], values["revision"])


def remove(connection: Connection, kind: Kind, slug: str, expected_revision: int | None) -> DocumentRow:
    """The document as it was."""
    before = get(connection, kind, slug)
    check_revision(expected_revision, before.revision)
    table = _TABLES[kind]
    connection.execute(delete(table).where(table.c.slug == slug))
    return before


def check_revision(expected: int | None, actual: int) -> None:
    """Raise Conflict (code `stale_edit`) unless the caller saw what is stored (None = does not care)."""
    if expected is not None and expected != actual:
        raise Conflict(
            Problem(
                "stale_edit",
                f"Somebody else saved this in between: it is at revision {actual}, you started from {expected}.",
                "revision",
                "Load it again, make your change there and save.",
            )
        )


def _row(row: Row[Any]) -> DocumentRow:
    return DocumentRow(row.slug, row.document, row.revision)
