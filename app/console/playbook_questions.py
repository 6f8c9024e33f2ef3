"""What a playbook asks staff when it happens, and what customers usually ask then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from app.console.blanks import Part, Sheet
from app.console.entered import Entered
from app.console.register_forms import FAQ
from app.console.registers import languages_for, revision
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.texts import pick, tidy
from app.errors import Conflict, Invalid, Problem, not_found
from app.store import documents
from app.store.documents import DocumentRow, Kind
from app.templating.trees import tree_document
from app.usecases.save_document import save_document

screens = Screens()
OWN: Final = "own"
ENTRY: Final = Sheet(tuple(Part(part.title, part.blanks, part.folded) for part in FAQ.parts))


@screens.get("/playbooks/{slug}/questions", needs="read")
def questions(visit: Visit) -> Response:
    row = playbook_row(visit)
    tree = row.document.get("tree")
    copied, shipped = visit.query("copy") or "", visit.context.templating.trees
    own = tree if isinstance(tree, Mapping) else tree_document(visit.context.templates / "triage", copied)
    language = visit.words.language
    return visit.show(
        "playbook_questions.html",
        row=row,
        name=name_of(visit, row),
        values={
            "tree": OWN if own else tree or "",
            "own": json.dumps(own, ensure_ascii=False, indent=2) if own else "",
        },
        shipped=[(slug, *(pick(one.names, language) if one.names else (slug, ""))) for slug, one in shipped.items()],
        entries=[_question(entry, language) for entry in row.document.get("faq") or ()],
    )


@screens.post("/playbooks/{slug}/questions", needs="save_document", again=questions)
def ask(visit: Visit) -> Response:
    """One of the shipped trees, none, or its own as it was typed."""
    row, chosen = playbook_row(visit), visit.entered.one("tree")
    document = {name: value for name, value in row.document.items() if name != "tree"}
    if chosen == OWN:
        document["tree"] = _tree(visit.entered)
    elif chosen:
        if chosen not in visit.context.templating.trees:
            raise Invalid(Problem("bad_choice", "Choose one of these.", "tree"))
        document["tree"] = chosen
    try:
        save_playbook(visit, row, document)
    except Invalid as refusal:
        raise Invalid([replace(problem, field=OWN) for problem in refusal.problems]) from None
    return visit.go(f"/playbooks/{row.slug}/questions", said="saved")


@screens.get("/playbooks/{slug}/faq/{number:int}", needs="read")
def entry(visit: Visit) -> Response:
    """`number` counts from 1; one more than there are is a new one."""
    row, entries, index = _entry(visit)
    document = entries[index] if index < len(entries) else {}
    with visit.context.db.reading() as connection:
        form = Sheet(ENTRY.parts, languages_for(connection, visit, document))
    return visit.show(
        "playbook_faq.html",
        row=row,
        name=name_of(visit, row),
        number=index + 1,
        new=index == len(entries),
        sheet=form,
        values=form.values(document),
    )


@screens.post("/playbooks/{slug}/faq/{number:int}", needs="save_document", again=entry)
def answer(visit: Visit) -> Response:
    row, entries, index = _entry(visit)
    before = entries[index] if index < len(entries) else {}
    with visit.context.db.reading() as connection:
        form = Sheet(ENTRY.parts, languages_for(connection, visit, before))
    kept = [*entries[:index], form.document(visit.entered, before), *entries[index + 1 :]]
    with form.beside(under="faq"):
        save_playbook(visit, row, {**row.document, "faq": kept})
    return visit.go(f"/playbooks/{row.slug}/questions", said="saved")


@screens.post("/playbooks/{slug}/faq/{number:int}/remove", needs="save_document", again=entry)
def forget(visit: Visit) -> Response:
    if not visit.entered.one("sure"):
        raise Conflict(Problem("not_sure", "Tick that you know what you do.", "sure"))
    row, entries, index = _entry(visit)
    save_playbook(visit, row, {**row.document, "faq": [*entries[:index], *entries[index + 1 :]]})
    return visit.go(f"/playbooks/{row.slug}/questions", said="removed")


def _written(tree: Mapping[str, object]) -> str:
    return json.dumps(tree, ensure_ascii=False, indent=2) if tree else ""


def _tree(entered: Entered) -> object:
    try:
        return json.loads(entered.one(OWN))
    except json.JSONDecodeError as fault:
        sentence = f"Line {fault.lineno}, character {fault.colno} cannot be read as JSON."
        raise Invalid(Problem("bad_json", sentence, OWN, "Look for a missing comma or quotation mark.")) from None


def _question(entry: Mapping[str, Any], language: str) -> tuple[str, str]:
    """Its words and their language."""
    text, found = pick(entry.get("questions") or {}, language)
    return tidy(text), found


def _entry(visit: Visit) -> tuple[DocumentRow, list[dict[str, Any]], int]:
    """Raise NotFound for a number beyond the next one."""
    row, number = playbook_row(visit), int(visit.path["number"])
    entries = [dict(each) for each in row.document.get("faq") or ()]
    if not 1 <= number <= len(entries) + 1:
        raise not_found("question", str(number))
    return row, entries, number - 1


def name_of(visit: Visit, row: DocumentRow) -> str:
    return pick(row.document.get("names") or {}, visit.words.language)[0] or row.slug


def playbook_row(visit: Visit) -> DocumentRow:
    with visit.context.db.reading() as connection:
        return documents.get(connection, Kind.PLAYBOOK, visit.path["slug"])


def save_playbook(visit: Visit, row: DocumentRow, document: Mapping[str, Any]) -> None:
    save_document(visit.context.db, visit.actor, Kind.PLAYBOOK, row.slug, document, revision(visit), visit.now)
