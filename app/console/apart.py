"""Other words for a part of an update's audience: written, changed and taken out, one text a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from app.console.entered import Entered
from app.console.screens import Screens
from app.console.visit import Visit
from app.console.writing import OPEN, TRIES, languages_of, offered, section
from app.console.written import content_of, field_of, flat, typed
from app.domain.texts import is_language
from app.errors import Conflict, Invalid, NotFound, Problem
from app.store import crises, drafts, updates
from app.store.updates import UpdateRow
from app.usecases.count_texts import count_texts
from app.usecases.draft_update import edit_draft

screens = Screens()
FORM: Final = "text"
_MINE: Final = re.compile(r"variants(\[\d+\]\.?)?")


@screens.get("/updates/{update_id:int}/texts", needs="draft_update")
def page(visit: Visit) -> Response:
    """The text for the audience `of`, or an empty one."""
    context, of = visit.context, _of(visit)
    with context.db.reading() as connection:
        row = updates.get(connection, visit.path["update_id"])
        crisis = crises.get(connection, row.crisis)
        offers = offered(connection, visit)
        codes = languages_of(connection, visit, row)
    if row.state not in OPEN and not visit.problems:
        return visit.go(f"/updates/{row.id}")
    mine = _own(row.document, of) if of else {}
    if of and mine is None and not visit.problems:
        raise NotFound(Problem("no_such_text", "There is no such text.", "", "Look at the update again."))
    before = {name: text for name, text in flat(mine or {}, context.timezone).items() if name.startswith("content.")}
    if visit.entered.form == FORM:
        if any(problem.code == "stale_edit" for problem in visit.problems):
            visit.entered = Entered({**visit.entered.fields, "revision": [str(row.revision)]})
        shown = {name: visit.entered.one(name) for name in visit.entered.fields}
    else:
        shown = before
    visit.problems = tuple(_beside(problem) for problem in visit.problems)
    codes = list(dict.fromkeys([*codes, *((mine or {}).get("content") or {})]))
    known = context.templating.languages()
    main = flat(row.document, context.timezone)
    return visit.show(
        "apart.html",
        row=row,
        crisis=crisis,
        drill=bool(row.document.get("drill")),
        of=of,
        values={**before, "audience": of, "revision": str(row.revision)},
        sections=[section(visit, code, shown) for code in codes],
        source="",
        source_words={},
        main_words={code: main.get(f"content.{code}.headline", "") for code in codes},
        more=[(code, visit.words.named(code)) for code in known if code not in codes],
        audiences=offers["audiences"],
        needs=offers["needs"],
        order=[] if of else _slugs(row),
        counts=count_texts(context.db, row) if visit.query("count") and not of else (),
    )


@screens.get("/updates/{update_id:int}/texts/order", needs="draft_update")
def order(visit: Visit) -> Response:
    """The texts in their order with how many get each: counted over the whole audience, so it comes by itself."""
    with visit.context.db.reading() as connection:
        row = updates.get(connection, visit.path["update_id"])
    return visit.show("texts_order.html", row=row, order=_slugs(row), counts=count_texts(visit.context.db, row))


@screens.post("/updates/{update_id:int}/texts/order", needs="draft_update", again=page)
def move_text(visit: Visit) -> Response:
    """One place up or down. Raise Conflict when the order is not what the page showed any more."""
    where, _, slug = visit.entered.one("then").partition(":")
    shown = list(visit.entered.many("order"))

    def moved(row: UpdateRow) -> dict[str, Any]:
        known = list(row.document.get("variants") or ())
        if _slugs(row) != shown:
            sentence = "Somebody else changed these texts."
            raise Conflict(Problem("stale_edit", sentence, "", "Look at their order again."))
        at = shown.index(slug) if slug in shown else -1
        to = at + {"up": -1, "down": 1}.get(where, 0)
        if at < 0 or not 0 <= to < len(known):
            raise Invalid(Problem("form_incomplete", "This form is incomplete.", "", "Open the page again."))
        known[at], known[to] = known[to], known[at]
        return {**row.document, "variants": known}

    _edit(visit, moved)
    return visit.go(f"/updates/{visit.path['update_id']}/texts", said="written", count="yes", moved=slug)


@screens.post("/updates/{update_id:int}/texts", needs="draft_update", again=page)
def save(visit: Visit) -> Response:
    audience = visit.entered.one("audience")
    own = {"audience": audience, "content": content_of(typed(visit.entered))}
    _put(visit, own)
    wanted = visit.entered.one("language")
    if is_language(wanted):
        return visit.go(f"/updates/{visit.path['update_id']}/texts", said="written", of=audience, language=wanted)
    return visit.go(f"/updates/{visit.path['update_id']}/write", said="written")


@screens.post("/updates/{update_id:int}/texts/remove", needs="draft_update", again=page)
def remove(visit: Visit) -> Response:
    _put(visit, None)
    return visit.go(f"/updates/{visit.path['update_id']}/write", said="written")


def _put(visit: Visit, own: dict[str, Any] | None) -> None:
    """Put a text in the place of the one for `of`, at the end where there is none; None takes it out.

    Raise Conflict when somebody else changed this text since the form was opened, Invalid for what it cannot be.
    """
    context, of = visit.context, visit.entered.one("of")
    if not visit.entered.one("revision").isdecimal() or len(visit.entered.one("revision")) > 9:
        raise Invalid(Problem("form_incomplete", "This form is incomplete.", "", "Open the page again."))
    started = int(visit.entered.one("revision"))

    def put(row: UpdateRow) -> dict[str, Any]:
        with context.db.reading() as connection:
            base = drafts.find(connection, row.id, started)
        if of and row.revision != started and (base is None or _own(base.document, of) != _own(row.document, of)):
            sentence, remedy = "Somebody else changed this text.", "Yours stands in the form: save again to keep it."
            raise Conflict(Problem("stale_edit", sentence, "", remedy))
        return _with(row, of, own)

    _edit(visit, put)


def _edit(visit: Visit, changed: Callable[[UpdateRow], dict[str, Any]]) -> None:
    """Save what `changed` makes of the draft as it is now, again when somebody saves in between."""
    context = visit.context
    for _ in range(TRIES):
        with context.db.reading() as connection:
            row = updates.get(connection, visit.path["update_id"])
        document = changed(row)
        try:
            edit_draft(context.db, visit.actor, row.id, document, row.revision, visit.now)
        except Conflict as refusal:
            if refusal.problems[0].code != "stale_edit":
                raise
            continue
        context.wake()
        return
    raise Conflict(Problem("stale_edit", "Somebody else is saving all the time.", "", "Save again."))


def _slugs(row: UpdateRow) -> list[str]:
    """Whom its texts are for, in their order."""
    return [each["audience"] for each in row.document.get("variants") or ()]


def _with(row: UpdateRow, of: str, own: dict[str, Any] | None) -> dict[str, Any]:
    """The document with this text in it."""
    found = list(row.document.get("variants") or ())
    place = next((at for at, each in enumerate(found) if of and each["audience"] == of), len(found))
    found[place : place + 1] = [] if own is None else [own]
    if own is not None and [each["audience"] for each in found].count(own["audience"]) > 1:
        sentence = f"There are two texts for “{own['audience']}”."
        raise Invalid(Problem("variant_twice", sentence, "audience", "Take one of them out: the first would win."))
    return {**row.document, "variants": found}


def _own(document: Mapping[str, Any], of: str) -> dict[str, Any] | None:
    return next((each for each in document.get("variants") or () if each["audience"] == of), None)


def _of(visit: Visit) -> str:
    return visit.entered.one("of") if visit.entered.form else visit.query("of") or ""


def _beside(problem: Problem) -> Problem:
    """The same beside its field of this form, said without the field's path."""
    field = _MINE.sub("", problem.field, count=1)
    sentence = problem.sentence.replace(problem.field, "This", 1) if problem.field else problem.sentence
    return field_of(replace(problem, sentence=sentence, field=field))
