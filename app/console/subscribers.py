"""One person at a time: found, put in place, what they agreed to, what we hold, and forgetting it."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from starlette.responses import Response

from app.console.blanks import Blank, Part, Shape, Sheet
from app.console.notes import mark
from app.console.register_forms import ZONE_HINT
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.consent import How
from app.domain.masking import mask
from app.errors import Conflict, Invalid, Problem
from app.store import addresses, documents, people, subscribers
from app.store.documents import Kind
from app.store.subscribers import ReachableAt, SubscriberRow
from app.usecases.erase_subscriber import erase_subscriber
from app.usecases.export_subscriber import export_subscriber
from app.usecases.find_subscribers import find_subscribers
from app.usecases.save_subscriber import (
    PersonView,
    read_subscriber,
    remove_subscriber,
    save_subscriber,
    say_consent,
    show_subscriber,
)

screens = Screens()
ACT: Final = "save_subscriber"
MEDIA: Final = (
    ("sms", mark("Text message")), ("email", mark("E-mail")), ("push", mark("Push message")), ("chat", mark("Chat")),
    ("voice", mark("Voice call")),
)  # fmt: skip
_KEPT: Final = re.compile(r"(\w+)\s+#(\d+)\b.*?(\*?)\s*$")
_NEW: Final = re.compile(r"(\w+)\s+(.+?)(\s\*)?\s*$")


def _line(one: dict[str, Any]) -> str:
    return f"{one['medium']} #{one['address_id']} {one['address']}{' *' if one['preferred'] else ''}"


def _from_line(line: str) -> dict[str, Any]:
    """One they have by its number, or a new one; what is neither is refused where it is read."""
    if kept := _KEPT.match(line):
        return {"medium": kept[1], "address_id": int(kept[2]), "preferred": bool(kept[3])}
    if new := _NEW.match(line):
        return {"medium": new[1], "address": new[2], "preferred": bool(new[3])}
    return {"medium": line, "address": line}


WHO: Final = Blank(
    "external_id",
    mark("Number with you"),
    hint=mark("As your own systems know them. It stays for ever."),
    required=True,
)
FORM: Final = (
    Part("", (
        Blank("name", mark("Name")),
        Blank("addresses", mark("Addresses"), Shape.LIST,
              mark("One a line: sms +442071838750, or email ann@example.org. A star after it: the preferred one."),
              as_line=_line, from_line=_from_line),
        Blank("preferred_medium", mark("Best reached by"), Shape.CHOICE, options=(("", mark("Nothing said")), *MEDIA)),
        Blank("languages", mark("Languages"), Shape.LIST, mark("One code a line, the best first.")),
        Blank("timezone", mark("Time zone"), hint=ZONE_HINT),
        Blank("area", mark("Area")),
        Blank("attributes", mark("What you select people by"), Shape.PAIRS, mark("One a line: tier: gold")),
    )),
)  # fmt: skip


@screens.get("/subscribers", needs=ACT)
def listing(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        page = subscribers.page(connection, cursor=visit.query("cursor"), limit=50)
    return _list(visit, list(page.items), page.next_cursor)


@screens.post("/subscribers", needs=ACT, again=listing)
def find(visit: Visit) -> Response:
    """By their number with you, or by a whole address: parts of one find nobody. Typed, so that no log holds it."""
    typed, context = visit.entered.one("who").strip(), visit.context
    with context.db.reading() as connection:
        found = subscribers.find(connection, typed)
    if not found:
        try:
            found = find_subscribers(context.db, context.keyring, visit.actor, typed, "")
        except Invalid:
            found = []
    if len(found) == 1:
        return visit.go(f"/subscribers/{found[0].id}")
    if not found:
        raise Invalid(Problem("nobody_found", visit.say(mark("There is nobody with this number or address.")), "who"))
    return _list(visit, found, None)


@screens.get("/add/subscribers", needs=ACT)
def begin(visit: Visit) -> Response:
    return _show(visit, None)


@screens.post("/add/subscribers", needs=ACT, again=begin)
def add(visit: Visit) -> Response:
    saved = _save(visit, None)
    return visit.go(f"/subscribers/{saved.row.id}", said="saved")


@screens.get("/subscribers/{number:int}", needs=ACT)
def one(visit: Visit) -> Response:
    return _show(visit, _found(visit))


@screens.post("/subscribers/{number:int}", needs=ACT, again=one)
def change(visit: Visit) -> Response:
    _save(visit, _found(visit))
    return visit.go(f"/subscribers/{visit.path['number']}", said="saved")


@screens.post("/subscribers/{number:int}/consent", needs=ACT, again=one)
def say(visit: Visit) -> Response:
    """What they told staff, by telephone or at the desk."""
    entered, row = visit.entered, _found(visit).row
    said = {"medium": entered.one("medium"), "topic": entered.one("topic"), "granted": entered.one("granted") == "yes",
            "text_version": entered.one("text_version")}  # fmt: skip
    say_consent(visit.context.db, visit.actor, row.external_id, said, visit.now, how=How.STAFF)
    return visit.go(f"/subscribers/{row.id}", said="saved")


@screens.post("/subscribers/{number:int}/clear", needs="show_address", again=one)
def clear(visit: Visit) -> Response:
    """A button and no link, since each look is kept."""
    row = _found(visit).row
    return _show(visit, show_subscriber(visit.context.db, visit.actor, row.external_id, visit.now), clear=True)


@screens.post("/subscribers/{number:int}/export", needs="export_subscriber", again=one)
def export(visit: Visit) -> Response:
    context, row = visit.context, _found(visit).row
    held = export_subscriber(context.db, context.keyring, visit.actor, row.external_id, visit.now)
    headers = {"Content-Disposition": f'attachment; filename="subscriber-{row.id}.json"'}
    return Response(json.dumps(held, ensure_ascii=False, indent=2), 200, headers, "application/json")


@screens.post("/subscribers/{number:int}/remove", needs=ACT, again=one)
def remove(visit: Visit) -> Response:
    if not visit.entered.one("sure"):
        raise Conflict(Problem("not_sure", "Tick that you know what you do.", "sure"))
    remove_subscriber(visit.context.db, visit.actor, _found(visit).row.external_id, visit.now)
    return visit.go("/subscribers", said="removed")


@screens.post("/subscribers/{number:int}/erase", needs="erase_subscriber", again=one)
def erase(visit: Visit) -> Response:
    row, typed = _found(visit).row, visit.entered.one("confirm").strip()
    erase_subscriber(visit.context.db, visit.actor, row.external_id, typed, visit.now)
    return visit.go("/subscribers", said="removed")


def _found(visit: Visit) -> PersonView:
    with visit.context.db.reading() as connection:
        external_id = people.get(connection, visit.path["number"]).external_id
    return read_subscriber(visit.context.db, external_id)


def _save(visit: Visit, known: PersonView | None) -> PersonView:
    form, context = _sheet(known), visit.context
    document = form.document(visit.entered, {})
    who = known.row.external_id if known else str(document.pop("external_id", "") or "")
    with form.beside():
        kept = {name: value for name, value in document.items() if value not in ("", None)}
        standing = {"standing": known.row.standing} if known else {}
        saved, _ = save_subscriber(
            context.db, context.keyring, visit.actor, who,
            {**kept, **standing, "addresses": document.get("addresses") or []}, visit.now, how=How.STAFF,
        )  # fmt: skip
    return saved


def _list(visit: Visit, rows: list[SubscriberRow], cursor: str | None) -> Response:
    shown = [(row, [mask(place.medium, place.value) for place in row.addresses]) for row in rows]
    return visit.show("subscribers.html", rows=shown, next_cursor=cursor)


def _show(visit: Visit, known: PersonView | None, *, clear: bool = False) -> Response:
    form, row = _sheet(known), known.row if known else None
    with visit.context.db.reading() as connection:
        known_topics = documents.everything(connection, Kind.TOPIC)
        stopped = [place.address_id for place in row.addresses if place.suppressed] if row else []
        listed = {number: addresses.suppression_of(connection, number) for number in stopped}
    topics = [("", visit.say(mark("Everything"))), *((each.slug, each.slug) for each in known_topics)]
    places = [_place(place, clear=clear) for place in row.addresses] if row else []
    document = {
        "name": row.name, "languages": row.languages, "timezone": row.timezone, "area": row.area,
        "attributes": row.attributes, "preferred_medium": row.preferred_medium or "",
        "addresses": [_place(place, clear=False) for place in row.addresses],
    } if row else {}  # fmt: skip
    media = [(value, visit.say(name)) for value, name in MEDIA]
    return visit.show(
        "subscriber.html", private=clear, known=known, row=row, sheet=form, values=form.values(document),
        addresses=places, listed=listed, clear=clear, topics=topics, media=media,
    )  # fmt: skip


def _place(place: ReachableAt, *, clear: bool) -> dict[str, Any]:
    shown = (place.value or "erased") if clear else mask(place.medium, place.value)
    return {"medium": place.medium.value, "address_id": place.address_id, "address": shown,
            "preferred": place.preferred}  # fmt: skip


def _sheet(known: PersonView | None) -> Sheet:
    return Sheet(FORM if known else (Part("", (WHO,)), *FORM))
