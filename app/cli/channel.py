"""Contact channels on duty: how each one goes, a wait, a status with its end, another number for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.text import Text

from app.api.contact_readings import Standing, standing_of
from app.cli.advice import opening_words
from app.cli.desk import AsJson, Desk, at_desk, moment, pairs, plain
from app.domain.contact_kinds import ContactStatus
from app.domain.contacts import ContactChannel, as_of, dial_text
from app.domain.hours import opening
from app.domain.texts import pick
from app.store import documents
from app.store.documents import DocumentRow, Kind
from app.terminal import table
from app.usecases.judge_contact_channel import judge_contact_channel
from app.usecases.note_upkeep import note_upkeep
from app.usecases.override_contact_channel import override_contact_channel
from app.usecases.post_reading import Reading, Taken, post_reading
from app.usecases.set_contact_status import set_contact_status
from app.usecases.tell_unstaffed import tell_unstaffed

app = typer.Typer(no_args_is_help=True)

Slug = Annotated[str, typer.Argument(help="The contact channel.")]
Reason = Annotated[list[str] | None, typer.Option("--reason", metavar="LANG=TEXT", help="Once for each language.")]
TAKEN = {
    Taken.NEW: "Taken: customers see it.",
    Taken.SAME: "Taken: customers saw it already.",
    Taken.STALE: "Ignored: something newer is known.",
}


@app.command("list")
def list_all(lang: Annotated[str, typer.Option(help="The language of names.")] = "en", as_json: AsJson = False) -> None:
    """Every contact channel as it is now."""
    with at_desk() as desk:
        desk.allowed("read")
        now = desk.now()
        with desk.db.reading() as connection:
            registry = documents.registry(connection)
        current = [as_of(channel, now) for channel in registry.channels.values()]

        def show(out: Console) -> None:
            shown = table("channel", "name", "how", "now", "status", "wait", "due", right=("wait",))
            for one in current:
                wait = f"{one.wait_minutes} min" if one.wait_minutes is not None else ""
                name = pick(one.names, lang)[0]
                shown.add_row(one.slug, name, dial_text(one), _hours(one, now), one.status.value, wait, _due(one, now))
            out.print(shown if current else "There is no contact channel.")

        desk.answer({"items": [_now(one, now) for one in current]}, show, as_json=as_json)


@app.command("show")
def show_one(slug: Slug, as_json: AsJson = False) -> None:
    """One contact channel: what holds now, waits, kept hours, best times, and what is due."""
    with at_desk() as desk:
        desk.allowed("read")
        now = desk.now()
        with desk.db.reading() as connection:
            row = documents.get(connection, Kind.CONTACT_CHANNEL, slug)
            channel = documents.registry(connection).channels[slug]
        found = standing_of(judge_contact_channel(desk.db, slug, now))
        current = as_of(channel, now)
        value = {**row.document, "now": _now(current, now), "standing": plain(found)}
        desk.answer(value, lambda out: _show(out, current, found, now), as_json=as_json)


@app.command("wait")
def wait(
    slug: Slug,
    minutes: Annotated[int, typer.Argument(help="What somebody waits who turns up now.")],
    as_json: AsJson = False,
) -> None:
    """Say how long people wait; believed as long as the channel's live_max_age_minutes say."""
    with at_desk() as desk:
        taken = post_reading(desk.db, desk.actor, slug, Reading(desk.now(), wait_minutes=minutes), desk.now())
        desk.answer({"taken": taken.value}, lambda out: out.print(TAKEN[taken]), as_json=as_json)


@app.command("presence")
def presence(
    slug: Slug,
    staffed: Annotated[bool, typer.Option("--staffed/--nobody", help="Whether anybody is there.")],
    as_json: AsJson = False,
) -> None:
    """Say whether anybody is there."""
    with at_desk() as desk:
        taken = post_reading(desk.db, desk.actor, slug, Reading(desk.now(), staffed=staffed), desk.now())
        tell_unstaffed(desk.db, desk.now())
        desk.answer({"taken": taken.value}, lambda out: out.print(TAKEN[taken]), as_json=as_json)


@app.command("status")
def status(
    slug: Slug,
    status: Annotated[ContactStatus, typer.Argument(help="open: the hours decide.")],
    reason: Reason = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="ISO 8601; from then on it is open again.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say how it goes right now, why, and until when."""
    with at_desk() as desk:
        row = set_contact_status(
            desk.db,
            desk.actor,
            slug,
            status,
            desk.now(),
            reasons=pairs(reason or [], "--reason"),
            until=moment(until, "--until"),
        )
        _answer(desk, row, desk.now(), as_json=as_json)


@app.command("override")
def override(
    slug: Slug,
    until: Annotated[str, typer.Option(metavar="TIME", help="ISO 8601; from then on everything is as before.")],
    address: Annotated[str | None, typer.Option(help="Another number or address.")] = None,
    hours: Annotated[str | None, typer.Option(help="Other hours, as OSM text: Mo-Fr 08:00-20:00.")] = None,
    status: Annotated[ContactStatus | None, typer.Option(help="Another status.")] = None,
    begins: Annotated[str | None, typer.Option("--from", metavar="TIME", help="At once when left out.")] = None,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Another number, other hours or another status for a while; it goes by itself."""
    end, start = moment(until, "--until"), moment(begins, "--from")
    given: dict[str, object] = {
        "until": plain(end),
        "from": plain(start) if start else None,
        "address": address,
        "hours": hours,
        "status": status.value if status else None,
        "reasons": pairs(reason or [], "--reason"),
    }
    with at_desk() as desk:
        wanted = {name: value for name, value in given.items() if value}
        row = override_contact_channel(desk.db, desk.actor, slug, wanted, desk.now())
        _answer(desk, row, desk.now(), as_json=as_json)


@app.command("called")
def called(slug: Slug, as_json: AsJson = False) -> None:
    """Write down that the test call was made today."""
    with at_desk() as desk:
        row = note_upkeep(desk.db, desk.actor, slug, desk.now(), called=True)
        _answer(desk, row, desk.now(), as_json=as_json)


@app.command("checked")
def checked(
    slug: Slug,
    following: Annotated[datetime, typer.Option("--next", formats=["%Y-%m-%d"], help="By when it is to be again.")],
    as_json: AsJson = False,
) -> None:
    """Write down that somebody has looked through it, and when next."""
    with at_desk() as desk:
        row = note_upkeep(desk.db, desk.actor, slug, desk.now(), check_on=following.date())
        _answer(desk, row, desk.now(), as_json=as_json)


def _answer(desk: Desk, row: DocumentRow, now: datetime, *, as_json: bool) -> None:
    current = as_of(ContactChannel.from_document(row.document), now)
    desk.answer(row.document, lambda out: out.print(_line(current, now)), as_json=as_json)


def _now(channel: ContactChannel, now: datetime) -> dict[str, object]:
    """What holds at this moment; `channel` as of it."""
    state = opening(channel.schedule, now)
    return {
        "slug": channel.slug,
        "kind": channel.kind.value,
        "address": channel.address,
        "names": dict(channel.names),
        "open": state.open,
        "opens_at": state.opens_at,
        "closes_at": state.closes_at,
        "status": channel.status.value,
        "status_reasons": dict(channel.status_reasons),
        "wait_minutes": channel.wait_minutes,
        "due": list(channel.upkeep.due(now.astimezone(ZoneInfo(channel.timezone)).date())),
        "override_until": channel.in_force.until if channel.in_force else None,
    }


def _due(channel: ContactChannel, now: datetime) -> str:
    due = channel.upkeep.due(now.astimezone(ZoneInfo(channel.timezone)).date())
    return ", ".join(one.replace("_", " ") for one in due)


def _hours(channel: ContactChannel, now: datetime) -> str:
    return opening_words(opening(channel.schedule, now), channel.timezone)


def _line(channel: ContactChannel, now: datetime) -> Text:
    reason = pick(channel.status_reasons, "en")[0] if channel.status_reasons else ""
    words = f": {dial_text(channel)}, {channel.status.value}{f' ({reason})' if reason else ''}, {_hours(channel, now)}"
    return Text.assemble((channel.slug, "name"), words)


def _show(out: Console, channel: ContactChannel, found: Standing, now: datetime) -> None:
    out.print(_line(channel, now), soft_wrap=True)
    said = {
        "override until": f"{channel.in_force.until:%Y-%m-%d %H:%M} UTC" if channel.in_force else "",
        "wait": f"{channel.wait_minutes} minutes" if channel.wait_minutes is not None else "",
        "presence": {None: "", True: "somebody is there", False: "nobody is there"}[found.staffed],
        "kept hours": f"{found.kept_hours_percent:g} %" if found.kept_hours_percent is not None else "",
        "best times": ", ".join(f"{hour}:00" for hour in found.best_hours),
        "promise": f"first answer in {channel.first_response_minutes} min" if channel.first_response_minutes else "",
        "due": ", ".join(one.replace("_", " ") for one in found.due),
    }
    for name, words in said.items():
        if words:
            out.print(Text.assemble((f"  {name:<15}", "quiet"), words))
