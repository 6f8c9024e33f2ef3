"""One contact channel: how it goes right now, and the acts that cannot wait for its form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.responses import Response

from app.console.blanks import Blank, Part, Shape, Sheet
from app.console.forms import Fields
from app.console.notes import mark
from app.console.register_forms import CONTACT_CHANNELS, HOURS_HINT
from app.console.registers import revision, save, show_form
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.contact_kinds import ContactStatus
from app.domain.contacts import ContactChannel, as_of, with_live
from app.domain.hours import Opening, opening
from app.domain.overrides import ALWAYS
from app.errors import Conflict, Problem
from app.store import documents
from app.store.documents import Kind
from app.usecases.judge_contact_channel import Judgement, judge_contact_channel
from app.usecases.note_upkeep import note_upkeep
from app.usecases.override_contact_channel import override_contact_channel
from app.usecases.post_reading import Reading, post_reading
from app.usecases.save_document import remove_document
from app.usecases.set_contact_status import set_contact_status
from app.usecases.tell_unstaffed import tell_unstaffed

screens = Screens()
PATH = CONTACT_CHANNELS.path
STATUSES = (
    (ContactStatus.OPEN, mark("Open, as the hours say")),
    (ContactStatus.BUSY, mark("Busy: offer others first")),
    (ContactStatus.DOWN, mark("Does not work")),
    (ContactStatus.CLOSED, mark("Closed, whatever the hours say")),
)
OVERRIDE = Part(
    "",
    (
        Blank("address", mark("Another address"), hint=mark("A number, a link or whatever it usually has.")),
        Blank("hours", mark("Other hours"), hint=HOURS_HINT),
        Blank("from", mark("From"), Shape.MOMENT, mark("Empty: at once.")),
        Blank("until", mark("Until"), Shape.MOMENT, mark("From then on everything is as before."), required=True),
    ),
)


@dataclass(frozen=True, slots=True)
class Standing:
    channel: ContactChannel
    """As it is at this moment."""
    hours: Opening
    judged: Judgement
    overrides: list[dict[str, Any]]
    """Those that hold or will."""


@screens.get(f"{PATH}/{{slug}}", needs="read")
def one(visit: Visit) -> Response:
    slug, context = visit.path["slug"], visit.context
    judged = judge_contact_channel(context.db, slug, visit.now)
    with context.db.reading() as connection:
        row = documents.get(connection, Kind.CONTACT_CHANNEL, slug)
    stored = ContactChannel.from_document(row.document)
    now_is = as_of(with_live({slug: stored}, {slug: judged.live})[slug], visit.now)
    kept = [
        {"until": each.until, "begins": None if each.begins == ALWAYS else each.begins, "address": each.address,
         "hours": each.hours, "status": each.status}
        for each in stored.overrides if each.until > visit.now
    ]  # fmt: skip
    standing = Standing(now_is, opening(now_is.schedule, visit.now), judged, kept)
    return show_form(
        visit, CONTACT_CHANNELS, row, standing=standing, statuses=STATUSES, override=_sheet(visit),
        reader=visit.words.locale.language,
    )  # fmt: skip


@screens.post(f"{PATH}/{{slug}}", needs="save_document", again=one)
def change(visit: Visit) -> Response:
    return visit.go(f"{PATH}/{save(visit, CONTACT_CHANNELS, visit.path['slug'])}", said="saved")


@screens.post(f"{PATH}/{{slug}}/remove", needs="save_document", again=one)
def remove(visit: Visit) -> Response:
    if not visit.entered.one("sure"):
        raise Conflict(Problem("not_sure", "Tick that you know what you do.", "sure"))
    remove_document(visit.context.db, visit.actor, Kind.CONTACT_CHANNEL, visit.path["slug"], revision(visit), visit.now)
    visit.context.wake()
    return visit.go(PATH, said="removed")


@screens.post(f"{PATH}/{{slug}}/status", needs="save_document", again=one)
def status(visit: Visit) -> Response:
    read, context = Fields(visit.entered), visit.context
    wanted = read.choice("status", ContactStatus)
    reason = read.text("reason", required=False, longest=300)
    until = read.local_time("until", context.timezone, required=False)
    read.done()
    set_contact_status(
        context.db, visit.actor, visit.path["slug"], wanted, visit.now,
        reasons={visit.words.locale.language: reason} if reason else None, until=until,
    )  # fmt: skip
    return _back(visit, "status_set")


@screens.post(f"{PATH}/{{slug}}/override", needs="save_document", again=one)
def override(visit: Visit) -> Response:
    form = _sheet(visit)
    wanted = {name: value for name, value in form.document(visit.entered, {}).items() if value}
    if reason := visit.entered.one("reason").strip():
        wanted["reasons"] = {visit.words.locale.language: reason}
    with form.beside(under="overrides"):
        override_contact_channel(visit.context.db, visit.actor, visit.path["slug"], wanted, visit.now)
    return _back(visit, "overridden")


@screens.post(f"{PATH}/{{slug}}/wait", needs="post_reading", again=one)
def wait(visit: Visit) -> Response:
    read = Fields(visit.entered)
    minutes = read.number("minutes", 0, 10_080)
    read.done()
    post_reading(visit.context.db, visit.actor, visit.path["slug"], Reading(visit.now, wait_minutes=minutes), visit.now)
    return _back(visit, "wait_posted")


@screens.post(f"{PATH}/{{slug}}/presence", needs="post_reading", again=one)
def presence(visit: Visit) -> Response:
    staffed = visit.entered.one("staffed") == "yes"
    post_reading(visit.context.db, visit.actor, visit.path["slug"], Reading(visit.now, staffed=staffed), visit.now)
    tell_unstaffed(visit.context.db, visit.now)
    return _back(visit, "presence_posted")


@screens.post(f"{PATH}/{{slug}}/upkeep", needs="note_upkeep", again=one)
def upkeep(visit: Visit) -> Response:
    read = Fields(visit.entered)
    day = read.text("check_on", required=False, longest=10)
    read.done()
    note_upkeep(
        visit.context.db, visit.actor, visit.path["slug"], visit.now, called=read.flag("called"), check_on=_day(day)
    )
    return _back(visit, "upkeep_noted")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _sheet(visit: Visit) -> Sheet:
    return Sheet((OVERRIDE,), timezone=visit.context.timezone)


def _back(visit: Visit, said: str) -> Response:
    visit.context.wake()
    return visit.go(f"{PATH}/{visit.path['slug']}", said=said)
