"""Playbooks: how each is sent, and its sentences for every stage and language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection
from starlette.responses import Response

from app.console.blanks import Part, Sheet
from app.console.playbook_forms import SENTENCES, SETTINGS
from app.console.register_forms import NAME, STAGES
from app.console.registers import languages_for, revision, sources
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.playbooks import Playbook
from app.domain.routing import ANY_NEED
from app.domain.texts import direction, is_language, pick
from app.errors import Conflict, Invalid, Problem, not_found
from app.store import documents, endpoints
from app.store.documents import DocumentRow, Kind
from app.usecases.save_document import remove_document, save_document

screens = Screens()
EMPTY: Final[Mapping[str, Any]] = {"severity": "major", "stages": {}, "variables": {}}


@screens.get("/playbooks", needs="read")
def listing(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        page = documents.page(connection, Kind.PLAYBOOK, cursor=visit.query("cursor"), limit=50)
    rows = [(row, pick(row.document.get("names") or {}, visit.words.language)[0]) for row in page.items]
    return visit.show("playbooks.html", rows=rows, next_cursor=page.next_cursor)


@screens.get("/add/playbooks", needs="save_document")
def begin(visit: Visit) -> Response:
    return _show(visit, None)


@screens.post("/add/playbooks", needs="save_document", again=begin)
def add(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        form, _ = _sheet(connection, visit, None)
    typed = form.document(visit.entered, EMPTY)
    slug = str(typed.get("slug") or "")
    with form.beside():
        if not slug:
            raise Invalid(Problem("missing", "This is needed.", "slug", "Fill it in."))
        _save(visit, slug, typed)
    return visit.go(f"/playbooks/{slug}", said="saved")


@screens.get("/playbooks/{slug}", needs="read")
def one(visit: Visit) -> Response:
    return _show(visit, _row(visit))


@screens.post("/playbooks/{slug}", needs="save_document", again=one)
def change(visit: Visit) -> Response:
    row = _row(visit)
    with visit.context.db.reading() as connection:
        form, _ = _sheet(connection, visit, row)
    with form.beside():
        _save(visit, row.slug, form.document(visit.entered, row.document))
    return visit.go(f"/playbooks/{row.slug}", said="saved")


@screens.post("/playbooks/{slug}/remove", needs="save_document", again=one)
def remove(visit: Visit) -> Response:
    if not visit.entered.one("sure"):
        raise Conflict(Problem("not_sure", "Tick that you know what you do.", "sure"))
    remove_document(visit.context.db, visit.actor, Kind.PLAYBOOK, visit.path["slug"], revision(visit), visit.now)
    return visit.go("/playbooks", said="removed")


@screens.get("/playbooks/{slug}/words", needs="read")
def other_words(visit: Visit) -> Response:
    """To the sentences of a stage and language somebody has typed."""
    stage, language = visit.query("stage") or "", visit.query("language") or ""
    return visit.go(f"/playbooks/{visit.path['slug']}/words/{stage or 'holding'}/{language or 'en'}")


@screens.get("/playbooks/{slug}/words/{stage}/{language}", needs="read")
def words(visit: Visit) -> Response:
    row, stage, language = _row(visit), *_which(visit)
    content = row.document["stages"].get(stage, {}).get(language, {})
    other = row.document["stages"].get(stage, {}).get("en", {}) if language != "en" else {}
    return visit.show(
        "playbook_words.html",
        row=row,
        name=pick(row.document.get("names") or {}, visit.words.language)[0] or row.slug,
        stage=stage,
        language=language,
        side=direction(language),
        sheet=Sheet(SENTENCES),
        values=Sheet(SENTENCES).values(content),
        english=Sheet(SENTENCES).values(other) if other else {},
        variables=row.document.get("variables") or {},
        written=bool(content),
    )


@screens.post("/playbooks/{slug}/words/{stage}/{language}", needs="save_document", again=words)
def write(visit: Visit) -> Response:
    """Nothing in any field: this stage is not said in this language."""
    row, stage, language = _row(visit), *_which(visit)
    form = Sheet(SENTENCES)
    stages = {name: dict(said) for name, said in row.document["stages"].items()}
    typed = form.document(visit.entered, stages.get(stage, {}).get(language, {}))
    content = {name: value for name, value in typed.items() if value}
    said = stages.setdefault(stage, {})
    if content:
        said[language] = content
    else:
        said.pop(language, None)
    with form.beside(under=f"stages.{stage}.{language}"):
        _save(visit, row.slug, {**row.document, "stages": {name: each for name, each in stages.items() if each}})
    return visit.go(f"/playbooks/{row.slug}", said="saved")


def _show(visit: Visit, row: DocumentRow | None) -> Response:
    with visit.context.db.reading() as connection:
        form, offered = _sheet(connection, visit, row)
    document = row.document if row else EMPTY
    said = Playbook.from_document(document).stages if row else {}
    return visit.show(
        "playbook.html",
        row=row,
        name=(pick(document.get("names") or {}, visit.words.language)[0] or row.slug) if row else "",
        sheet=form,
        values=form.values(document),
        sources=offered,
        stages=STAGES,
        written=said,
        languages=sorted({code for each in said.values() for code in each}, key=lambda code: (code != "en", code)),
    )


def _sheet(
    connection: Connection, visit: Visit, row: DocumentRow | None
) -> tuple[Sheet, dict[str, list[tuple[str, str]]]]:
    document = row.document if row else EMPTY
    parts = SETTINGS if row else (Part("", (NAME,)), *SETTINGS[:1])
    offered = sources(connection, visit)
    offered["needs"] = [each for each in offered["needs"] if each[0] != ANY_NEED]
    offered["audiences"] = [("", visit.say("nobody by name")), *offered["audiences"]]
    offered["endpoints"] = [(each.slug, each.slug) for each in endpoints.everything(connection)]
    return Sheet(parts, languages_for(connection, visit, {"names": document.get("names")})), offered


def _row(visit: Visit) -> DocumentRow:
    with visit.context.db.reading() as connection:
        return documents.get(connection, Kind.PLAYBOOK, visit.path["slug"])


def _which(visit: Visit) -> tuple[str, str]:
    """Stage and language of the address. Raise NotFound for what is neither."""
    stage, language = visit.path["stage"], visit.path["language"]
    if stage not in dict(STAGES):
        raise not_found("stage", stage)
    if not is_language(language):
        raise not_found("language", language)
    return stage, language


def _save(visit: Visit, slug: str, document: Mapping[str, Any]) -> None:
    save_document(visit.context.db, visit.actor, Kind.PLAYBOOK, slug, document, revision(visit), visit.now)
