"""How the pages look, and the work that is announced ahead of time."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from app.cli.desk import AsJson, Desk, at_desk, document_from, write_json
from app.domain.branding import NO_BRANDING, SLUG
from app.domain.cldr import moment_text
from app.domain.logos import LogoKind
from app.domain.planned_work import PlannedState, PlannedWork
from app.domain.schedules import Policy
from app.errors import Invalid, Problem
from app.store import documents
from app.store.documents import DocumentRow, Kind
from app.usecases.announce_work import BEFORE, Announcing, announce_work
from app.usecases.save_document import remove_document, save_document

app = typer.Typer()
organisation = typer.Typer(no_args_is_help=True)
planned = typer.Typer(no_args_is_help=True)
app.add_typer(organisation, name="organisation", help="Name, logo, colour and footer of the pages.")
app.add_typer(planned, name="planned", help="Work announced ahead of time.")

KINDS = {".svg": LogoKind.SVG, ".png": LogoKind.PNG}


@organisation.command("show")
def show_organisation() -> None:
    """Print the look as a JSON document that `set` takes."""
    with at_desk() as desk:
        desk.allowed("read")
        write_json(desk.out, _look(desk))


@organisation.command("set")
def set_organisation(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="A document; - is standard input.")] = "",
    logo: Annotated[Path | None, typer.Option(help="An SVG or PNG to show beside the name.")] = None,
    accent: Annotated[str, typer.Option(help="Colour of links and buttons, #rrggbb, at least 4.5:1 on white.")] = "",
) -> None:
    """Put a look in the place of the one that is there; without FILE only what the options name changes."""
    with at_desk() as desk:
        actor = desk.allowed("save_document")
        document: dict[str, Any] = document_from(file) if file else _look(desk)
        if logo is not None:
            document["logo"] = _logo(logo)
        if accent:
            document["accent"] = accent
        row = save_document(desk.db, actor, Kind.ORGANISATION, SLUG, document, None, desk.now())
        desk.out.print(f"Saved as revision {row.revision}.")


@planned.command("put")
def put_planned(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A document with a slug; - is standard input.")],
    as_json: AsJson = False,
) -> None:
    """Announce work ahead of time, or change what was announced."""
    with at_desk() as desk:
        actor = desk.allowed("save_document")
        document = document_from(file)
        _answer(
            desk, save_document(desk.db, actor, Kind.PLANNED_WORK, _slug(document), document, None, desk.now()), as_json
        )


@planned.command("list")
def list_planned(as_json: AsJson = False) -> None:
    """All there is, the earliest first."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            rows = documents.everything(connection, Kind.PLANNED_WORK)
        rows.sort(key=lambda row: (row.document["starts"], row.slug))
        desk.answer([row.document for row in rows], lambda out: _show(out, desk, rows), as_json=as_json)


@planned.command("announce")
def announce_planned(
    slug: str,
    before: Annotated[list[str], typer.Option(help="How long ahead; several times.")] = list(BEFORE),  # noqa: B006
    endpoint: Annotated[list[str], typer.Option(help="Where to; the website when left out.")] = [],  # noqa: B006
    audience: Annotated[str, typer.Option(help="Whom, by person.")] = "",
    policy: Annotated[Policy, typer.Option(help="ask: staff are asked each time; approved: in advance.")] = Policy.ASK,
    as_json: AsJson = False,
) -> None:
    """Let schedules say it before, when it begins and when it ends; they follow when it is moved or called off."""
    with at_desk() as desk:
        templating = desk.wiring.templating
        wanted = Announcing(tuple(before), tuple(endpoint), audience, policy)
        rows = announce_work(
            desk.db, desk.actor, slug, wanted, lambda one: templating.words(one).say("all_clear"), desk.now()
        )
        shown = [row.document for row in rows]
        lines = "\n".join(f"{one['at']} {one['slug']}: {one['stage']}" for one in shown)
        desk.answer(shown, lambda out: out.print(lines), as_json=as_json)


@planned.command("cancel")
def cancel_planned(slug: str, as_json: AsJson = False) -> None:
    """Say that it will not happen: pages and calendars show it as cancelled until it would have been over."""
    with at_desk() as desk:
        actor = desk.allowed("save_document")
        with desk.db.reading() as connection:
            row = documents.get(connection, Kind.PLANNED_WORK, slug)
        document = {**row.document, "state": PlannedState.CANCELLED.value}
        saved = save_document(desk.db, actor, Kind.PLANNED_WORK, slug, document, row.revision, desk.now())
        _answer(desk, saved, as_json)


@planned.command("remove")
def remove_planned(slug: str) -> None:
    """Forget it; calendars that know it are not told, so cancel first what people know of."""
    with at_desk() as desk:
        actor = desk.allowed("save_document")
        remove_document(desk.db, actor, Kind.PLANNED_WORK, slug, None, desk.now())
        desk.out.print(f"Removed: {slug}.")


def _look(desk: Desk) -> dict[str, Any]:
    with desk.db.reading() as connection:
        row = documents.find(connection, Kind.ORGANISATION, SLUG)
    return dict(row.document if row else NO_BRANDING.to_document())


def _logo(path: Path) -> dict[str, str]:
    kind = KINDS.get(path.suffix.lower())
    try:
        body = path.read_bytes()
    except OSError as fault:
        raise Invalid(Problem("no_file", f"{path}: {fault.strerror}.", "--logo", "Name a file.")) from None
    return {"type": (kind or path.suffix), "data": base64.b64encode(body).decode()}


def _slug(document: dict[str, Any]) -> str:
    return str(document.get("slug", ""))


def _answer(desk: Desk, row: DocumentRow, as_json: bool) -> None:
    desk.answer(row.document, lambda out: _show(out, desk, [row]), as_json=as_json)


def _show(out: Console, desk: Desk, rows: list[DocumentRow]) -> None:
    zone, language = desk.settings.timezone, desk.settings.default_language
    for row in rows:
        work = PlannedWork.from_document(row.document)
        title = work.titles.get(language) or next(iter(work.titles.values()))
        when = f"{moment_text(work.starts, zone, language)} – {moment_text(work.ends, zone, language)}"
        out.print(
            Text.assemble((work.slug, "name"), f"  {title}  ", (when, "quiet"), f"  {work.phase(desk.now()).value}")
        )
    if not rows:
        out.print("Nothing is planned.")
