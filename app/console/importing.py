"""Lists being taken in: hand in a file, say what its columns are, try it, begin it, watch it, stop it."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from starlette.responses import Response, StreamingResponse

from app.console.forms import Fields
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.csvout import lines
from app.domain.imports import ENCODINGS, ImportState, Plan, guesses
from app.domain.subscribers import KNOWN_COLUMNS, Defaults
from app.errors import Conflict, Invalid, Problem
from app.store import imports
from app.store.imports import ImportRow
from app.usecases import manage_imports
from app.usecases.export_subscribers import export_subscribers
from app.usecases.parse_rows import Reading
from app.usecases.read_csv import codec_of

screens = Screens()
ACT: Final = "import_subscribers"
SHOWN_ERRORS: Final = 20
LEAVE_OUT: Final = "-"
"""In the place of "" in a form, where "" means: as it is named."""
MOVING: Final = frozenset({ImportState.WAITING, ImportState.RUNNING, ImportState.STOPPING})


@screens.get("/imports", needs=ACT)
def listing(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        page = imports.page(connection, cursor=visit.query("cursor"), limit=20)
    return visit.show("imports.html", rows=page.items, next_cursor=page.next_cursor, encodings=ENCODINGS)


@screens.upload("/imports", needs=ACT, again=listing)
def hand_in(visit: Visit) -> Response:
    read, context = Fields(visit.entered), visit.context
    encoding = read.text("encoding", required=False)
    region = read.text("region", required=False, longest=2)
    language = read.text("language", required=False, longest=35) or context.default_language
    read.done()
    if visit.entered.file is None or not visit.entered.file_name:
        raise Invalid(Problem("missing_field", "This is needed.", "file", "Choose a file."))
    plan = Plan(encoding=encoding, defaults=Defaults((language,), context.timezone, region))
    number = manage_imports.hand_in(
        context.db, context.keyring, visit.actor, visit.entered.file, visit.entered.file_name, plan, visit.now
    )
    return visit.go(f"/imports/{number}")


@screens.get("/imports/{number:int}", needs=ACT)
def one(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        row = imports.get(connection, visit.path["number"])
        errors = imports.errors(connection, row.id, limit=SHOWN_ERRORS + 1)
        saved = imports.mappings(connection)
        first = imports.first_part(connection, row.id) if row.parts and row.state not in MOVING else b""
    header = _header(visit, row, first) if first else ()
    wanted = visit.query("columns")
    mapping = saved.get(wanted or "", row.plan.mapping)
    guessed = guesses(header)
    return visit.show(
        "import.html",
        row=row,
        moving=row.state in MOVING,
        asked_again=False,
        errors=errors[:SHOWN_ERRORS],
        more_errors=len(errors) > SHOWN_ERRORS,
        header=header,
        values={f"column.{at}": mapping.get(name, guessed[name]) or LEAVE_OUT for at, name in enumerate(header)},
        guessed=[name for name in header if guessed[name] in KNOWN_COLUMNS and guessed[name] != name],
        saved=list(saved),
        columns=KNOWN_COLUMNS,
        leave_out=LEAVE_OUT,
    )


@screens.get("/imports/{number:int}/part", needs=ACT)
def part(visit: Visit) -> Response:
    """How far it is: asked for every two seconds while it moves."""
    with visit.context.db.reading() as connection:
        row = imports.get(connection, visit.path["number"])
    return visit.show("import_part.html", row=row, moving=row.state in MOVING, asked_again=True)


@screens.get("/imports/{number:int}/errors.csv", needs=ACT)
def errors_file(visit: Visit) -> Response:
    """Every refused row, a few hundred at a time; no address, and nothing that a spreadsheet would run."""
    number = visit.path["number"]
    with visit.context.db.reading() as connection:
        imports.get(connection, number)
    headers = {"Content-Disposition": f'attachment; filename="import-{number}-refused.csv"'}
    rows = (
        (fault.line, fault.column, fault.code, fault.sentence, fault.remedy)
        for fault in imports.all_errors(visit.context.db, number)
    )
    found = lines(("line", "column", "code", "sentence", "remedy"), rows)
    return StreamingResponse(found, 200, headers, "text/csv; charset=utf-8")


@screens.post("/imports/{number:int}/begin", needs=ACT, again=one)
def begin(visit: Visit) -> Response:
    """Try it or take it in, with the columns as the table says."""
    number, context = visit.path["number"], visit.context
    with context.db.reading() as connection:
        row = imports.get(connection, number)
        if not row.parts:
            raise Conflict(Problem("import_not_now", "The file is not kept any more.", "import", "Hand it in again."))
        first = imports.first_part(connection, number)
    header, read = _header(visit, row, first), Fields(visit.entered)
    mapping: dict[str, str] = {}
    for at, name in enumerate(header):
        target = read.text(f"column.{at}", required=False, longest=64)
        mapping[name] = "" if target == LEAVE_OUT else target or name
    save_as = read.text("save_as", required=False, longest=64)
    read.done()
    plan = manage_imports.confirmed(row.plan, mapping, dry=visit.entered.one("how") != "import")
    plan.targets(header)
    if save_as:
        manage_imports.save_mapping(context.db, visit.actor, save_as, mapping)
    manage_imports.begin(context.db, visit.actor, number, plan, visit.now)
    context.wake()
    return visit.go(f"/imports/{number}", said="import_waits")


@screens.post("/imports/{number:int}/stop", needs=ACT, again=one)
def stop(visit: Visit) -> Response:
    manage_imports.stop_import(visit.context.db, visit.actor, visit.path["number"], visit.now)
    return visit.go(f"/imports/{visit.path['number']}", said="import_stops")


@screens.post("/imports/{number:int}/go-on", needs=ACT, again=one)
def go_on(visit: Visit) -> Response:
    manage_imports.go_on(visit.context.db, visit.actor, visit.path["number"], visit.now)
    visit.context.wake()
    return visit.go(f"/imports/{visit.path['number']}", said="import_waits")


@screens.post("/imports/{number:int}/forget", needs=ACT, again=one)
def forget(visit: Visit) -> Response:
    manage_imports.forget_import(visit.context.db, visit.actor, visit.path["number"], visit.now)
    return visit.go("/imports", said="removed")


@screens.get("/subscribers.csv", needs="export_subscribers")
def export(visit: Visit) -> Response:
    """Everybody, addresses in the clear: who asked for it is kept."""
    found = export_subscribers(visit.context.db, visit.actor, visit.now)
    headers = {"Content-Disposition": 'attachment; filename="subscribers.csv"'}
    return StreamingResponse(found, 200, headers, "text/csv; charset=utf-8")


def _header(visit: Visit, row: ImportRow, first: bytes) -> tuple[str, ...]:
    """The first part holds the first line."""
    whole = BytesIO(first)
    codec = ENCODINGS[row.plan.encoding] if row.plan.encoding else codec_of(first)
    return Reading(codec, row.plan, visit.context.keyring, visit.now).header(whole)
