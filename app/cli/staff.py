"""What staff are told although nobody asked: look, take care, say where it goes."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from app.api.staff import NoticeView, StaffPlacesView, notice_view, places_view
from app.cli.desk import AsJson, Desk, at_desk
from app.domain.crisis import Severity
from app.errors import NotFound, Problem
from app.store import endpoints, staff
from app.store.staff import NoticeRow, StaffRecipient
from app.terminal import table
from app.usecases.acknowledge_notice import acknowledge_notice, try_notices
from app.usecases.save_staff_recipients import save_staff_recipients

app = typer.Typer(no_args_is_help=True)

SHOWN = 50

Endpoint = Annotated[str, typer.Argument(help="Slug of the endpoint.")]
Address = Annotated[str, typer.Argument(help="Number or e-mail address; a webhook needs none.")]


@app.command("notices")
def notices(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over or taken care of too.")] = False,
    as_json: AsJson = False,
) -> None:
    """What staff were told and nobody takes care of yet, newest first."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            rows = staff.page(connection, waiting=not everything, limit=SHOWN).items
        views = _views(desk, rows)
        desk.answer({"items": views}, lambda out: _show_notices(out, views), as_json=as_json)


@app.command("acknowledge")
def acknowledge(
    number: Annotated[int, typer.Argument(help="The number of the notice.")], as_json: AsJson = False
) -> None:
    """Say that you take care: what has not left yet will not."""
    with at_desk() as desk:
        (view,) = _views(desk, [acknowledge_notice(desk.db, desk.actor, number, desk.now())])
        words = f"Notice {view.id} ({view.kind}, {view.subject}): {view.acknowledged_by} takes care."
        desk.answer(view, lambda out: out.print(words, markup=False), as_json=as_json)


@app.command("trial")
def trial(as_json: AsJson = False) -> None:
    """Queue a trial to every place; the running service, or clarion tick, hands it over."""
    with at_desk() as desk:
        (view,) = _views(desk, [try_notices(desk.db, desk.actor, desk.now())])
        words = (
            f"Notice {view.id} is queued to {len(view.deliveries)} places. See what became of it: clarion staff notices"
        )
        desk.answer(view, lambda out: out.print(words, markup=False, soft_wrap=True), as_json=as_json)


@app.command("recipients")
def recipients(as_json: AsJson = False) -> None:
    """Where notices go."""
    with at_desk() as desk:
        desk.allowed("read")
        with desk.db.reading() as connection:
            found = staff.recipients(connection)
        _answer_places(desk, found, as_json=as_json)


@app.command("add")
def add(
    endpoint: Endpoint,
    address: Address = "",
    lang: Annotated[str, typer.Option(help="The language they read.")] = "en",
    severity: Annotated[Severity, typer.Option(help="The least severe notice that goes there.")] = Severity.INFO,
    person: Annotated[str, typer.Option(help="The user it belongs to: authors are nudged at their own.")] = "",
    step: Annotated[int | None, typer.Option(min=1, max=99, help="Whose turn it is when a promise slips.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let notices go there too; a place that is there already is changed."""
    with at_desk() as desk:
        new = {
            "endpoint": endpoint, "address": address, "language": lang, "severity": severity.value, "person": person,
            "step": step,
        }  # fmt: skip
        kept = [one for one in _stored(desk) if (one["endpoint"], one["address"]) != (endpoint, address)]
        found = save_staff_recipients(desk.db, desk.actor, [*kept, new], desk.now())
        _answer_places(desk, found, as_json=as_json)


@app.command("remove")
def remove(endpoint: Endpoint, address: Address = "", as_json: AsJson = False) -> None:
    """Let no notice go there any more."""
    with at_desk() as desk:
        before = _stored(desk)
        kept = [one for one in before if (one["endpoint"], one["address"]) != (endpoint, address)]
        if len(kept) == len(before):
            raise NotFound(
                Problem(
                    "staff_recipient_not_found", "No notice goes there.", "endpoint", "See: clarion staff recipients"
                )
            )
        found = save_staff_recipients(desk.db, desk.actor, kept, desk.now())
        _answer_places(desk, found, as_json=as_json)


def _stored(desk: Desk) -> list[dict[str, object]]:
    with desk.db.reading() as connection:
        return [
            {
                "endpoint": one.endpoint,
                "address": one.address,
                "language": one.language,
                "severity": one.severity.value,
                "person": one.person,
                "step": one.step,
            }
            for one in staff.recipients(connection)
        ]


def _views(desk: Desk, rows: tuple[NoticeRow, ...] | list[NoticeRow]) -> list[NoticeView]:
    templating = desk.wiring.templating
    with desk.db.reading() as connection:
        nudges = staff.nudges(connection, [row.id for row in rows])
        media = {one.slug: one.medium for one in endpoints.everything(connection)}
    return [notice_view(templating, row, nudges[row.id], media) for row in rows]


def _show_notices(out: Console, views: list[NoticeView]) -> None:
    if not views:
        out.print("Nothing waits for anybody.")
    for view in views:
        state = f"over since {view.cleared_at:%Y-%m-%d %H:%M}" if view.cleared_at else ""
        state = state or (f"{view.acknowledged_by} takes care" if view.acknowledged_by else "nobody takes care yet")
        what = f"{view.severity}  {view.kind.replace('_', ' ')}: {view.subject}"
        head = f"{view.id}  {view.raised_at:%Y-%m-%d %H:%M}  {what}"
        out.print(Text.assemble((head, "bold"), f"  ({state})"), soft_wrap=True)
        out.print(Text(f"   {view.text}"), soft_wrap=True)
        for one in view.deliveries:
            place = f"{one.endpoint} {one.address}".strip()
            out.print(Text(f"   {place}: {one.state} {one.reason}".rstrip(), style="quiet"), soft_wrap=True)
        if not view.deliveries:
            out.print(Text("   It went nowhere: clarion staff add ENDPOINT ADDRESS", style="warn"), soft_wrap=True)


def _answer_places(desk: Desk, found: list[StaffRecipient], *, as_json: bool) -> None:
    with desk.db.reading() as connection:
        media = {one.slug: one.medium for one in endpoints.everything(connection)}
    view = places_view(found, media)
    desk.answer(view, lambda out: _show_places(out, view), as_json=as_json)


def _show_places(out: Console, view: StaffPlacesView) -> None:
    shown = table("endpoint", "address", "language", "from severity", "person", "step")
    for one in view.recipients:
        shown.add_row(one.endpoint, one.address, one.language, one.severity, one.person, str(one.step or ""))
    out.print(
        shown if view.recipients else "Nowhere: notices stand in the list only. clarion staff add ENDPOINT ADDRESS"
    )
