"""Declare a crisis in one act: the answers of a triage, the values of the first word, and what differs from both."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from app.api.declaring import DeclaredView, declared_view
from app.cli.desk import AsJson, Desk, at_desk, pairs
from app.cli.drafting import typed_values
from app.cli.triage import ask, given_answers
from app.domain.crisis import Severity
from app.domain.playbooks import Playbook
from app.domain.triage import Answers, Tree, result
from app.store import documents
from app.store.documents import Kind
from app.usecases.ask_triage import find_tree
from app.usecases.declare_crisis import STAGE, Declaration, declare_crisis

app = typer.Typer()


@app.command("declare")
def declare(
    tree: Annotated[str, typer.Argument(metavar="TREE", help="A triage tree, or a playbook that has one.")] = "default",
    answer: Annotated[list[str] | None, typer.Option(metavar="QUESTION=ANSWER", help="Any number of times.")] = None,
    slots: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A variable of the first word.")
    ] = None,
    slug: Annotated[str, typer.Option(help="Short name; made of the problem and the day when left out.")] = "",
    title: Annotated[
        list[str] | None, typer.Option(metavar="LANG=TEXT", help="Instead of the playbook's name.")
    ] = None,
    playbook: Annotated[str, typer.Option(help="Instead of the one the answers lead to.")] = "",
    severity: Annotated[Severity | None, typer.Option(help="Instead of what the answers say.")] = None,
    audience: Annotated[str, typer.Option(help="Instead of the playbook's.")] = "",
    endpoint: Annotated[list[str] | None, typer.Option("--endpoint", "-e", help="Instead of the playbook's.")] = None,
    lang: Annotated[list[str] | None, typer.Option("--lang", help="Languages of the first word; all.")] = None,
    drill: Annotated[bool, typer.Option("--drill", help="An exercise: reaches nobody, says EXERCISE.")] = False,
    as_json: AsJson = False,
) -> None:
    """Triage, crisis and first draft in one act. At a terminal it asks for what is missing."""
    with at_desk() as desk:
        actor = desk.allowed("open_crisis")
        trees = desk.wiring.api.templating.trees
        with desk.db.reading() as connection:
            found = find_tree(connection, trees, tree)
        answers = given_answers(found, answer or ())
        values = pairs(slots or [], "--set")
        if sys.stdin.isatty() and not as_json:
            ask(desk.out, found, answers, (lang or ["en"])[0])
            _ask_values(desk, _playbook(desk, found, answers, playbook), values)
        prepared = _playbook(desk, found, answers, playbook)
        said = Declaration(
            slug=slug,
            titles=pairs(title or [], "--title"),
            playbook=playbook,
            severity=severity,
            audience=audience,
            endpoints=endpoint or (),
            languages=lang or (),
            variables=typed_values(prepared, values) if prepared else dict(values),
            drill=drill,
        )
        declared = declare_crisis(
            desk.db, actor, trees, tree, answers, said, desk.now(), timezone=desk.settings.timezone
        )
        view = declared_view(declared)
        desk.answer(view, lambda out: _show(out, view), as_json=as_json)


def _playbook(desk: Desk, tree: Tree, answers: Answers, wanted: str) -> Playbook | None:
    """For the types of its variables; that there is none is said by the act itself."""
    slug = wanted or result(tree, answers).trouble.playbook
    with desk.db.reading() as connection:
        row = documents.find(connection, Kind.PLAYBOOK, slug) if slug else None
    return Playbook.from_document(row.document) if row else None


def _ask_values(desk: Desk, playbook: Playbook | None, values: dict[str, str]) -> None:
    for name in playbook.wanted(STAGE.value) if playbook else ():
        if name not in values:
            desk.out.print(Text(f"{name} ({playbook.variables[name].value})" if playbook else name, style="bold"))
            values[name] = typer.prompt("")


def _show(out: Console, view: DeclaredView) -> None:
    words = (
        f"{view.crisis.slug} is open, severity {view.crisis.severity}: {view.problem} ({view.why.replace('_', ' ')})."
    )
    out.print(Text(words, style="bold"), soft_wrap=True)
    for one in view.settings:
        value = ", ".join(map(str, one.value)) if isinstance(one.value, list) else one.value
        value = next(iter(value.values()), "") if isinstance(value, dict) else value
        out.print(
            Text(f"  {one.name.replace('_', ' '):<15} {value or '-'}  ({one.why.replace('_', ' ')})"), soft_wrap=True
        )
    out.print(f"The first word is draft {view.update.id}: clarion update preview {view.update.id}")
