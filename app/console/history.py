"""Earlier versions of a document, out of the audit trail: who saved what, what changed, and bringing one back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection
from starlette.responses import Response

from app.console.register_forms import REGISTERS
from app.console.registers import revision
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.versions import Change, changes
from app.errors import not_found
from app.store import audit, documents
from app.store.audit import AuditRow
from app.store.documents import Kind
from app.usecases.save_document import save_document

screens = Screens()
SHOWN: Final = 25
PATHS: Final[Mapping[str, Kind]] = {
    **{register.path.strip("/"): register.kind for register in REGISTERS},
    "playbooks": Kind.PLAYBOOK,
}


@dataclass(frozen=True, slots=True)
class Version:
    """One act upon the document; `document` None where only a part of it was noted."""

    entry: AuditRow
    document: dict[str, Any] | None
    changes: tuple[Change, ...]
    current: bool = False


@screens.get("/history/{path}/{slug}", needs="read_audit")
def listing(visit: Visit) -> Response:
    kind, slug = _kind(visit), visit.path["slug"]
    with visit.context.db.reading() as connection:
        row = documents.find(connection, kind, slug)
        found, more = versions(connection, kind, slug, visit.query("cursor"))
    if not found and row is None:
        raise not_found(kind.value.replace("_", " "), slug)
    return visit.show("history.html", path=visit.path["path"], slug=slug, row=row, versions=found, next_cursor=more)


@screens.post("/history/{path}/{slug}", needs="save_document", again=listing)
def bring_back(visit: Visit) -> Response:
    """The words of then as a new version; nothing of the history goes."""
    context, kind, slug = visit.context, _kind(visit), visit.path["slug"]
    wanted = visit.entered.one("seq")
    with context.db.reading() as connection:
        entry = audit.find(connection, int(wanted)) if wanted.isascii() and wanted.isdigit() else None
    document = (entry.body.get("document") if entry and entry.subject == f"{kind.value}/{slug}" else None) or {}
    if not document:
        raise not_found("version", wanted)
    save_document(
        context.db, visit.actor, kind, slug, document, revision(visit), visit.now, templating=context.templating
    )
    context.wake()
    return visit.go(f"/{visit.path['path']}/{slug}", said="brought_back")


def versions(
    connection: Connection, kind: Kind, slug: str, cursor: str | None = None
) -> tuple[list[Version], str | None]:
    """Newest first, each with what it changed against the one before."""
    page = audit.page(connection, cursor=cursor, limit=SHOWN, subject=f"{kind.value}/{slug}")
    found = []
    for place, entry in enumerate(page.items):
        document = entry.body.get("document")
        older = (each.body.get("document") for each in page.items[place + 1 :])
        before: dict[str, Any] | None = next((each for each in older if each), None if page.next_cursor else {})
        gone = entry.action.startswith("remove")
        changed = changes(before, document) if document and before is not None and not gone else ()
        found.append(Version(entry, document, changed, current=place == 0 and cursor is None and not gone))
    return found, page.next_cursor


def _kind(visit: Visit) -> Kind:
    if visit.path["path"] not in PATHS:
        raise not_found("register", visit.path["path"])
    return PATHS[visit.path["path"]]
