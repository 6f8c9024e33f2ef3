"""The screens of every register: its list, a form to add one, the form of one, and taking it away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection
from starlette.responses import Response

from app.console.blanks import Part, Sheet, found
from app.console.register_forms import NAME, REGISTERS, Register
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.routing import ANY_NEED
from app.domain.texts import pick
from app.domain.versions import Change, changes
from app.errors import Conflict, Invalid, Problem
from app.store import audiences, documents
from app.store.documents import DocumentRow, Kind
from app.usecases.save_document import remove_document, save_document

screens = Screens()
REVISION: Final = "revision"


def sheet(connection: Connection, visit: Visit, register: Register, document: Mapping[str, Any] | None) -> Sheet:
    """The register's form; for a document that is not there yet with its name."""
    parts = register.parts if document is not None else (Part("", (NAME,)), *register.parts)
    return Sheet(parts, languages_for(connection, visit, document or {}), visit.context.timezone)


def languages_for(connection: Connection, visit: Visit, document: Mapping[str, Any]) -> tuple[str, ...]:
    """Those the websites are in, those the document is written in, and one that was asked for."""
    asked = [visit.query("language") or "", *visit.entered.many("language")]
    of_sites = [code for row in documents.everything(connection, Kind.SITE) for code in row.document["languages"]]
    written = [code for value in document.values() if isinstance(value, Mapping) for code in value if len(code) == 2]
    every = [visit.context.default_language, *of_sites, *sorted(set(written)), *asked]
    return tuple(dict.fromkeys(code for code in every if 2 <= len(code) <= 16))


def sources(connection: Connection, visit: Visit) -> dict[str, list[tuple[str, str]]]:
    """Slugs with their names, for choices and as hints."""
    language = visit.words.language

    def named(kind: Kind, field_name: str) -> list[tuple[str, str]]:
        rows = documents.everything(connection, kind)
        return [(row.slug, pick(row.document[field_name], language)[0] or row.slug) for row in rows]

    needs = [*named(Kind.NEED, "labels"), (ANY_NEED, visit.say("Every need, when nothing else holds"))]
    return {
        "needs": needs,
        "contact_channels": named(Kind.CONTACT_CHANNEL, "names"),
        "topics": [("", visit.say("None in particular")), *named(Kind.TOPIC, "names")],
        "audiences": [(row.slug, row.slug) for row in audiences.page(connection, limit=200).items],
    }


def named(register: Register, row: DocumentRow, language: str) -> str:
    """What people call it."""
    return pick(row.document.get(register.named_by) or {}, language)[0] if register.named_by else ""


def said(register: Register, row: DocumentRow, place: str, visit: Visit) -> str:
    value = found(row.document, place)
    options = next((blank.options for part in register.parts for blank in part.blanks if blank.path == place), ())
    if place == "languages":
        return visit.words.listed([visit.words.named(code) for code in value])
    if isinstance(value, str) and value in dict(options):
        return visit.say(dict(options)[value])
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)


def show_form(visit: Visit, register: Register, row: DocumentRow | None, **more: Any) -> Response:  # noqa: ANN401 - what the template reads
    """What is stored, or after a refusal what was typed."""
    with visit.context.db.reading() as connection:
        form = sheet(connection, visit, register, row.document if row else None)
        offered = sources(connection, visit)
    stale = row and any(problem.code == "stale_edit" for problem in visit.problems)
    template = "contact_channel.html" if "standing" in more else "document.html"
    return visit.show(
        template,
        register=register,
        row=row,
        sheet=form,
        values=form.values(row.document if row else register.starts_as),
        sources=offered,
        title=(named(register, row, visit.words.language) or row.slug) if row else visit.say(register.add),
        typed=difference(form, visit, row) if stale and row else (),
        **more,
    )


def difference(form: Sheet, visit: Visit, row: DocumentRow) -> tuple[Change, ...]:
    """Between what somebody else has saved meanwhile and what was typed."""
    return changes(row.document, form.document(visit.entered, row.document))


def save(visit: Visit, register: Register, slug: str | None) -> str:
    """The slug of what is stored now. Raise Invalid or Conflict, each fault beside its field."""
    context = visit.context
    with context.db.reading() as connection:
        row = documents.get(connection, register.kind, slug) if slug is not None else None
        form = sheet(connection, visit, register, row.document if row else None)
    document = form.document(visit.entered, row.document if row else {})
    with form.beside():
        if slug is None and not document.get("slug"):
            raise Invalid(Problem("missing", "This is needed.", "slug", "Fill it in."))
        saved = save_document(
            context.db, visit.actor, register.kind, slug or str(document["slug"]), document, revision(visit),
            visit.now, templating=context.templating,
        )  # fmt: skip
    context.wake()
    return saved.slug


def revision(visit: Visit) -> int:
    """The one the form was filled in from; 0 = there was none."""
    text = visit.entered.one(REVISION)
    return int(text) if text.isascii() and text.isdigit() else 0


def _declare(register: Register) -> None:
    path = register.path

    def listing(visit: Visit) -> Response:
        with visit.context.db.reading() as connection:
            page = documents.page(connection, register.kind, cursor=visit.query("cursor"), limit=50)
        language = visit.words.language
        rows = [
            (row, named(register, row, language), [said(register, row, one, visit) for one in register.says])
            for row in page.items
        ]
        return visit.show("register.html", register=register, rows=rows, next_cursor=page.next_cursor)

    def begin(visit: Visit) -> Response:
        return show_form(visit, register, None)

    def add(visit: Visit) -> Response:
        return visit.go(f"{path}/{save(visit, register, None)}", said="saved")

    def one(visit: Visit) -> Response:
        with visit.context.db.reading() as connection:
            row = documents.get(connection, register.kind, visit.path["slug"])
        return show_form(visit, register, row)

    def change(visit: Visit) -> Response:
        return visit.go(f"{path}/{save(visit, register, visit.path['slug'])}", said="saved")

    def remove(visit: Visit) -> Response:
        if not visit.entered.one("sure"):
            raise Conflict(Problem("not_sure", "Tick that you know what you do.", "sure"))
        context = visit.context
        remove_document(context.db, visit.actor, register.kind, visit.path["slug"], revision(visit), visit.now)
        context.wake()
        return visit.go(path, said="removed")

    screens.get(path, needs="read")(listing)
    screens.get(f"/add{path}", needs="save_document")(begin)
    screens.post(f"/add{path}", needs="save_document", again=begin)(add)
    if register.kind is not Kind.CONTACT_CHANNEL:  # its own page shows how it goes right now as well
        screens.get(f"{path}/{{slug}}", needs="read")(one)
        screens.post(f"{path}/{{slug}}", needs="save_document", again=one)(change)
        screens.post(f"{path}/{{slug}}/remove", needs="save_document", again=one)(remove)


for _register in REGISTERS:
    _declare(_register)
