"""Fill a draft from a playbook: approved sentences with typed values, in every language at once."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.responses import Response

from app.console.declaring import read_variable
from app.console.forms import Fields
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.crisis import Stage
from app.domain.playbooks import Playbook
from app.domain.texts import pick
from app.errors import Invalid, NotFound, Problem
from app.store import crises, documents, updates
from app.store.documents import Kind
from app.usecases.fill_draft import fill_draft

screens = Screens()


@screens.get("/updates/{update_id:int}/sentences", needs="draft_update")
def choose(visit: Visit) -> Response:
    """The stages that are prepared; those of the crisis's own playbook first."""
    language = visit.words.language
    with visit.context.db.reading() as connection:
        row = updates.get(connection, visit.path["update_id"])
        own = crises.get(connection, row.crisis).playbook
        found = [Playbook.from_document(each.document) for each in documents.everything(connection, Kind.PLAYBOOK)]
    ready = sorted(found, key=lambda one: (one.slug != own, pick(one.names, language)[0]))
    books = [(one.slug, pick(one.names, language)[0], list(one.stages)) for one in ready]
    return visit.show("sentences.html", row=row, books=books, drill=bool(row.document.get("drill")))


@screens.get("/updates/{update_id:int}/sentences/{playbook}/{stage}", needs="draft_update")
def ask(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        row = updates.get(connection, visit.path["update_id"])
        playbook, stage = _wanted(connection, visit)
    fills = [visit.words.named(code) for code in playbook.languages(stage.value)]
    variables = {name: playbook.variables[name] for name in playbook.wanted(stage.value)}
    title = pick(playbook.names, visit.words.language)[0]
    written = sorted(row.document["content"])
    drill = bool(row.document.get("drill"))
    return visit.show(
        "filling.html",
        row=row,
        title=title,
        stage=stage,
        fills=fills,
        variables=variables,
        written=written,
        drill=drill,
    )


@screens.post("/updates/{update_id:int}/sentences/{playbook}/{stage}", needs="draft_update", again=ask)
def fill(visit: Visit) -> Response:
    context, update_id = visit.context, visit.path["update_id"]
    with context.db.reading() as connection:
        playbook, stage = _wanted(connection, visit)
    read = Fields(visit.entered)
    wanted = playbook.wanted(stage.value)
    values = {name: read_variable(read, name, playbook.variables[name], visit) for name in wanted}
    read.done()
    try:
        fill_draft(
            context.db, visit.actor, update_id, playbook.slug, stage, values, visit.now, timezone=context.timezone
        )
    except Invalid as refusal:
        raise Invalid([_beside(problem) for problem in refusal.problems]) from None
    return visit.go(f"/updates/{update_id}/write", said="filled")


def _wanted(connection: Connection, visit: Visit) -> tuple[Playbook, Stage]:
    row = documents.find(connection, Kind.PLAYBOOK, visit.path["playbook"])
    playbook = Playbook.from_document(row.document) if row else None
    stage = visit.path["stage"]
    if playbook is None or stage not in playbook.stages:
        raise NotFound(Problem("unknown_playbook", "There are no such sentences.", "", "Choose among those there are."))
    return playbook, Stage(stage)


def _beside(problem: Problem) -> Problem:
    name = problem.field.partition(".")[0]
    return Problem(problem.code, problem.sentence, f"var-{name}" if name else "", problem.remedy)
