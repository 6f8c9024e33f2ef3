"""A playbook's own questions, made on one page without a script: each button sends the form and shows it anew."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from app.console.entered import Entered
from app.console.notes import mark
from app.console.playbook_questions import name_of, playbook_row, save_playbook
from app.console.register_forms import SEVERITIES
from app.console.registers import sources
from app.console.screens import Screens
from app.console.tree_form import added, beside, blank, document_in, fields_of, removed
from app.console.visit import Visit
from app.domain.routing import ANY_NEED
from app.domain.texts import pick
from app.errors import Invalid, Problem
from app.store import documents
from app.store.documents import DocumentRow, Kind
from app.templating.trees import tree_document

screens = Screens()
FORM: Final = "tree"
QUESTION: Final = mark("Question %(number)s")
PROBLEM: Final = mark("Problem %(number)s")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@screens.get("/playbooks/{slug}/tree", needs="save_document")
def draw(visit: Visit) -> Response:
    row = playbook_row(visit)
    tree = _begun(visit, row)
    if visit.entered.form == FORM:
        tree = document_in(visit.entered.fields, tree)
    return _show(visit, row, tree)


@screens.post("/playbooks/{slug}/tree", needs="save_document", again=draw)
def build(visit: Visit) -> Response:
    """`then`: what its button does to the form; empty = it is saved."""
    row = playbook_row(visit)
    tree = document_in(visit.entered.fields, _begun(visit, row))
    act, _, place = visit.entered.one("then").partition(":")
    if act == "add":
        tree = added(tree, place)
        return _anew(visit, row, tree, f"{place}[{_count(tree, place) - 1}]")
    if act == "remove":
        return _anew(visit, row, removed(tree, place), "")
    if act:
        return _anew(visit, row, tree, "")
    try:
        save_playbook(visit, row, {**row.document, "tree": tree})
    except Invalid as refusal:
        nameless = [one for one in refusal.problems if one.code == "missing" and one.field.endswith(".slug")]
        told = [one for one in refusal.problems if one not in nameless] or nameless  # words bring the short name
        said = [replace(one, sentence=_shorter(one)) for one in told]
        raise Invalid(beside(said, tree, visit.entered.fields)) from None
    return visit.go(f"/playbooks/{row.slug}/questions", said="saved")


def _begun(visit: Visit, row: DocumentRow) -> dict[str, Any]:
    """Its own, a copy of one that is shipped, or one of each to begin with."""
    tree, copied = row.document.get("tree"), visit.query("copy") or ""
    if isinstance(tree, Mapping):
        return dict(tree)
    shipped = tree_document(visit.context.templates / "triage", copied)
    return dict(shipped) if shipped else blank(row.slug, visit.context.default_language)


def _anew(visit: Visit, row: DocumentRow, tree: Mapping[str, Any], focus: str) -> Response:
    kept = {name: visit.entered.fields[name] for name in ("_form", "revision") if name in visit.entered.fields}
    visit.entered = Entered({**kept, **fields_of(tree)})
    return _show(visit, row, tree, focus)


def _show(visit: Visit, row: DocumentRow, tree: Mapping[str, Any], focus: str = "") -> Response:
    language, tree = visit.words.language, document_in(fields_of(tree), tree)  # with every list there may be

    def words_of(entry: Mapping[str, Any]) -> str:
        texts = {code: text for code, text in (entry.get("texts") or {}).items() if text}
        return pick(texts, language)[0] if texts else ""

    def named(entries: Sequence[Mapping[str, Any]], otherwise: str) -> list[tuple[str, str]]:
        """Those without words yet by their number."""
        numbered = enumerate(entries, start=1)
        return [
            (one["slug"], words_of(one) or visit.say(otherwise) % {"number": visit.words.number(number)})
            for number, one in numbered if one.get("slug")
        ]  # fmt: skip

    questions, problems = tree.get("questions") or [], tree.get("problems") or []
    with visit.context.db.reading() as connection:
        needs = [one for one in sources(connection, visit)["needs"] if one[0] != ANY_NEED]
        playbooks = [
            (one.slug, pick(one.document.get("names") or {}, language)[0] or one.slug)
            for one in documents.everything(connection, Kind.PLAYBOOK) if one.slug != row.slug
        ]  # fmt: skip
    return visit.show(
        "tree.html",
        row=row,
        name=name_of(visit, row),
        tree=tree,
        values=fields_of(tree),
        languages=[one for one in tree.get("languages") or () if _LANGUAGE.fullmatch(str(one))] or ["en"],
        by_slug={one.get("slug"): one for one in questions},
        question_names=named(questions, QUESTION),
        problem_names=named(problems, PROBLEM),
        severities=[(value, visit.say(label)) for value, label in SEVERITIES],
        words_of=words_of,
        needs=needs,
        playbooks=playbooks,
        focus=focus,
    )


def _count(tree: Mapping[str, Any], place: str) -> int:
    at = f"{place}["
    numbers = {name[len(at) :].partition("]")[0] for name in fields_of(tree) if name.startswith(at)}
    return len(numbers)


def _shorter(problem: Problem) -> str:
    """Beside its field nobody needs the whole way to it: `texts.gu is missing.`"""
    last = problem.field.rpartition("].")[2].removeprefix("tree.")
    return problem.sentence.replace(problem.field, last, 1) if last else problem.sentence
