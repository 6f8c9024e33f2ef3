"""Crises: open one, look at it, write down what is known, resolve it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from app.api.answers import CrisisView, FactView, TimelineView
from app.api.progress import head
from app.cli.desk import AsJson, at_desk, pairs, plain
from app.domain.crisis import CrisisState, Severity
from app.domain.texts import pick
from app.store import crises, updates
from app.store.crises import CrisisRow, FactRow, TimelineRow
from app.store.updates import UpdateRow
from app.terminal import figures, table
from app.usecases.change_severity import change_severity
from app.usecases.open_crisis import open_crisis
from app.usecases.record_fact import record_fact
from app.usecases.resolve_crisis import resolve_crisis

app = typer.Typer(no_args_is_help=True)

Slug = Annotated[str, typer.Argument(help="The crisis.")]
TIMELINE_SHOWN = 20


@app.command("open")
def open_one(
    slug: Annotated[str, typer.Argument(help="Short name, also in web addresses: line-cut-march.")],
    title: Annotated[list[str], typer.Option(metavar="LANG=TEXT", help="Once for each language.")],
    severity: Annotated[Severity, typer.Option(help="How bad it is.")],
    playbook: Annotated[str | None, typer.Option(help="The prepared words to use.")] = None,
    as_json: AsJson = False,
) -> None:
    """Open a crisis."""
    with at_desk() as desk:
        document = {"slug": slug, "titles": pairs(title, "--title"), "severity": severity.value}
        row = open_crisis(desk.db, desk.actor, {**document, **({"playbook": playbook} if playbook else {})}, desk.now())
        desk.answer(CrisisView.model_validate(row), lambda out: _show_row(out, row), as_json=as_json)


@app.command("list")
def list_all(
    state: Annotated[CrisisState | None, typer.Option(help="Only these.")] = None, as_json: AsJson = False
) -> None:
    """List crises."""
    with at_desk() as desk:
        desk.allowed("read")
        rows: list[CrisisRow] = []
        cursor: str | None = None
        with desk.db.reading() as connection:
            while True:
                page = crises.page(connection, state=state, cursor=cursor)
                rows += page.items
                cursor = page.next_cursor
                if cursor is None:
                    break

        def show(out: Console) -> None:
            shown = table("crisis", "state", "severity", "opened", "title")
            for row in rows:
                title = pick(row.titles, "en")[0]
                shown.add_row(row.slug, row.state.value, row.severity.value, f"{row.opened_at:%Y-%m-%d %H:%M}", title)
            out.print(shown if rows else "There is no crisis.")

        desk.answer({"items": [CrisisView.model_validate(row) for row in rows]}, show, as_json=as_json)


@app.command("show")
def show_one(slug: Slug, as_json: AsJson = False) -> None:
    """Show a crisis with its facts, updates and the newest of its timeline."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            row = crises.get(connection, slug)
            facts = list(crises.facts(connection, slug).values())
            announced = updates.page(connection, crisis_slug=slug, limit=200).items
            happened = crises.timeline_page(connection, slug, limit=TIMELINE_SHOWN).items
        value = {
            **plain(CrisisView.model_validate(row)),
            "facts": [FactView.model_validate(fact) for fact in facts],
            "updates": [head(update) for update in announced],
            "timeline": [TimelineView.model_validate(entry) for entry in happened],
        }
        desk.answer(value, lambda out: _show(out, row, facts, announced, happened), as_json=as_json)


@app.command("fact")
def add_fact(
    slug: Slug,
    name: Annotated[str, typer.Argument(help="What is known, for example customers.")],
    value: Annotated[str, typer.Argument(help="Its value.")],
    source: Annotated[str, typer.Option(help="Who says so.")],
    max_age: Annotated[int | None, typer.Option(help="Seconds after which it must be checked again.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write down what is known, who says so and since when."""
    with at_desk() as desk:
        document: dict[str, object] = {"name": name, "value": value, "source": source}
        if max_age is not None:
            document["max_age"] = max_age
        row = record_fact(desk.db, desk.actor, slug, document, desk.now())
        desk.answer(FactView.model_validate(row), lambda out: out.print(f"{row.name}: {row.value}"), as_json=as_json)


@app.command("severity")
def change_one(
    slug: Slug,
    severity: Annotated[Severity, typer.Argument(help="How bad it is now.")],
    reason: Annotated[str, typer.Option(help="What changed.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say that it is worse, or less bad; updates that were handed in keep the severity they had."""
    with at_desk() as desk:
        row = change_severity(desk.db, desk.actor, slug, severity, desk.now(), reason=reason)
        desk.answer(CrisisView.model_validate(row), lambda out: _show_row(out, row), as_json=as_json)


@app.command("resolve")
def resolve_one(slug: Slug, as_json: AsJson = False) -> None:
    """Say that it is over: the banner goes, the crisis page stays."""
    with at_desk() as desk:
        row = resolve_crisis(desk.db, desk.actor, slug, desk.now())
        desk.answer(CrisisView.model_validate(row), lambda out: _show_row(out, row), as_json=as_json)


def _show_row(out: Console, row: CrisisRow) -> None:
    out.print(
        f"[name]{row.slug}[/name] is {row.state.value}, severity {row.severity.value}: {pick(row.titles, 'en')[0]}"
    )


def _show(
    out: Console,
    row: CrisisRow,
    facts: list[FactRow],
    announced: tuple[UpdateRow, ...],
    happened: tuple[TimelineRow, ...],
) -> None:
    _show_row(out, row)
    if facts:
        known = table("fact", "value", "source", "as of", "check again")
        for fact in facts:
            stale = f"{fact.stale_at:%Y-%m-%d %H:%M}" if fact.stale_at else ""
            known.add_row(fact.name, str(fact.value), fact.source, f"{fact.at:%Y-%m-%d %H:%M}", stale)
        out.print(known)
    out.print(updates_table(announced) if announced else "No update yet: clarion update draft")
    events = table("when", "who", "what", "")
    for entry in reversed(happened):
        numbers = {key: value for key, value in entry.body.items() if isinstance(value, int)}
        events.add_row(f"{entry.at:%m-%d %H:%M:%S}", entry.actor, entry.kind.replace("_", " "), figures(numbers))
    out.print(events)


def updates_table(rows: tuple[UpdateRow, ...] | list[UpdateRow]) -> object:
    """One line an update, newest first."""
    shown = table("update", "crisis", "stage", "state", "recipients", "sent", right=("update", "recipients"))
    for row in rows:
        sent = f"{row.sent_at:%Y-%m-%d %H:%M}" if row.sent_at else ""
        count = f"{row.recipients:,}" if row.recipients is not None else ""
        stage = str(row.document.get("stage", ""))
        shown.add_row(str(row.id), row.crisis, stage, row.state.value, count, sent)
    return shown
