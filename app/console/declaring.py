"""From "something happened" to a first word that waits for the second person: pick a playbook, answer, send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.responses import Response

from app.console.entered import Entered
from app.console.forms import Fields
from app.console.screens import Screens
from app.console.updates import send_for_approval
from app.console.visit import Visit
from app.domain.crisis import Severity
from app.domain.playbooks import Playbook
from app.domain.reading import iso
from app.domain.slots import SlotType
from app.domain.texts import pick
from app.domain.triage import Answer, Outcome, Question, Tree, next_question, result
from app.domain.triage_views import question_view, read_answer
from app.errors import ClarionError, Invalid, Problem
from app.store import audiences, documents, endpoints
from app.store.documents import Kind
from app.usecases.ask_triage import find_tree
from app.usecases.declare_crisis import STAGE, Declaration, declare_crisis

screens = Screens()
GENERAL = "default"


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the answers so far lead."""

    tree: Tree
    answers: Mapping[str, Answer]
    waiting: Question | None
    outcome: Outcome
    playbook: Playbook | None
    """Of the page's own address, else of the outcome; None = no playbook is meant for it."""
    started_from_it: bool


@screens.get("/declare", needs="open_crisis")
def start(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        rows = documents.everything(connection, Kind.PLAYBOOK)
    found = [Playbook.from_document(row.document) for row in rows]
    ready = sorted((pick(one.names, visit.words.language)[0], one.slug) for one in found)
    return visit.show("declare.html", playbooks=ready, general=GENERAL in visit.context.templating.trees)


@screens.get("/declare/{tree}", needs="open_crisis")
def ask(visit: Visit) -> Response:
    """From a playbook everything on one page; else the questions first, then what they lead to."""
    typed = visit.entered if visit.entered.fields else _from_address(visit)
    with visit.context.db.reading() as connection:
        asked = read_answers(connection, visit, typed)
        known = [one.slug for one in endpoints.everything(connection)]
        named = [one.slug for one in audiences.page(connection, limit=200).items]
    language, playbook = visit.words.language, asked.playbook
    named_by_playbook = [slug for slug in playbook.endpoints if slug in known] if playbook else []
    usual: dict[str, object] = {
        "audience": playbook.audience if playbook and playbook.audience in named else "",
        "endpoints": named_by_playbook or known,
    }
    return visit.show(
        "declaring.html",
        asked=asked,
        typed=typed,
        questions=[question_view(question, language) for question in asked.tree.questions.values()],
        problem=pick(asked.outcome.trouble.texts, language)[0],
        title=pick(playbook.names, language)[0] if playbook else pick(asked.tree.names, language)[0],
        variables=_variables(asked),
        severities=list(Severity),
        usual=usual,
        endpoints=known,
        audiences=named,
    )


@screens.post("/declare/{tree}", needs="open_crisis", again=ask)
def declare(visit: Visit) -> Response:
    context, typed = visit.context, visit.entered
    with context.db.reading() as connection:
        asked = read_answers(connection, visit, typed)
    said = _declaration(visit, asked)
    try:
        declared = declare_crisis(
            context.db, visit.actor, context.templating.trees, visit.path["tree"], asked.answers, said, visit.now,
            timezone=context.timezone,
        )  # fmt: skip
    except Invalid as refusal:
        raise Invalid([_beside(problem, asked) for problem in refusal.problems]) from None
    context.wake()
    where = f"/updates/{declared.update.id}"
    if typed.one("then") != "submit":
        return visit.go(where, said="declared")
    try:
        send_for_approval(visit, declared.update.id)
    except ClarionError:  # the draft stands, and its page says what stands against it
        return visit.go(where, said="declared_only")
    return visit.go(where, said="submitted")


def read_answers(connection: Connection, visit: Visit, typed: Entered) -> Asked:
    """Raise NotFound for a tree that is none; an answer that is none counts as not given."""
    slug, trees = visit.path["tree"], visit.context.templating.trees
    tree = find_tree(connection, trees, slug)
    given = {name: read_answer(question, typed.one(f"answer-{name}")) for name, question in tree.questions.items()}
    answers = {name: answer for name, answer in given.items() if answer is not None}
    outcome = result(tree, answers)
    row = None if slug in trees else documents.find(connection, Kind.PLAYBOOK, slug)
    if row is None and outcome.trouble.playbook:
        row = documents.find(connection, Kind.PLAYBOOK, outcome.trouble.playbook)
    playbook = Playbook.from_document(row.document) if row else None
    waiting = next_question(tree, answers)
    return Asked(tree, answers, waiting, outcome, playbook, started_from_it=slug not in trees)


def _declaration(visit: Visit, asked: Asked) -> Declaration:
    """Raise Invalid with everything that is missing or cannot be read."""
    typed, read = visit.entered, Fields(visit.entered)
    if asked.playbook is None:
        raise Invalid(Problem("unknown_playbook", "No playbook is meant for this.", "", "Start from one by its name."))
    title, audience = read.text("title", required=False), read.text("audience", required=False, longest=64)
    severity = read.choice("severity", Severity) if typed.one("severity") else None
    values = {name: read_variable(read, name, kind, visit) for name, kind in _variables(asked).items()}
    if asked.waiting is not None:
        read.problem("triage_incomplete", f"answer-{asked.waiting.slug}", "This is still open.", "Answer it.")
    read.done()
    return Declaration(
        titles={visit.words.locale.language: title} if title else {},
        playbook=asked.playbook.slug,
        severity=severity,
        audience=audience,
        endpoints=typed.many("endpoints"),
        variables=values,
        drill=read.flag("drill"),
    )


def _variables(asked: Asked) -> dict[str, SlotType]:
    """What the first word waits for."""
    playbook = asked.playbook
    if playbook is None:
        return {}
    return {name: playbook.variables[name] for name in playbook.wanted(STAGE.value) if name in playbook.variables}


def read_variable(read: Fields, name: str, kind: SlotType, visit: Visit) -> object:
    """Of the field `var-NAME`."""
    field = f"var-{name}"
    if kind is SlotType.NUMBER:
        return read.number(field, 0, 10_000_000_000)
    if kind is SlotType.TIME:
        at = read.local_time(field, visit.context.timezone)
        return iso(at) if at else ""
    return read.text(field, longest=60)


def _beside(problem: Problem, asked: Asked) -> Problem:
    """The same, beside the field of this page it is about."""
    field = problem.field.replace("answers.", "answer-", 1)
    if field.partition(".")[0] in _variables(asked):
        field = f"var-{field.partition('.')[0]}"
    return Problem(problem.code, problem.sentence, field, problem.remedy)


def _from_address(visit: Visit) -> Entered:
    """Answers given by the questions' own form, which changes nothing and so stands in the address."""
    fields: dict[str, list[str]] = {}
    for name, value in visit.request.query_params.multi_items():
        fields.setdefault(name, []).append(value[:600])
    return Entered(fields)
