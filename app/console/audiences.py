"""Audiences: whom a name means, how many that is right now, and saving it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from app.console.audience_rules import FORM, branches, rule_of, shown
from app.console.blanks import Part, Sheet
from app.console.register_forms import NAME
from app.console.registers import revision
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.audience_words import rule_text
from app.errors import Conflict, Invalid, Problem
from app.store import audiences
from app.store.audiences import AudienceRow
from app.usecases.save_audience import measure_audience, read_rule, remove_audience, save_audience

screens = Screens()


@screens.get("/audiences", needs="read")
def listing(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        page = audiences.page(connection, cursor=visit.query("cursor"), limit=50)
    rows = [(row, row.text) for row in page.items]
    return visit.show("audiences.html", rows=rows, next_cursor=page.next_cursor)


@screens.get("/add/audiences", needs="save_audience")
def begin(visit: Visit) -> Response:
    return _show(visit, None)


@screens.post("/add/audiences", needs="save_audience", again=begin)
def add(visit: Visit) -> Response:
    """`then=count`: only say how many it would be."""
    return _save(visit, None)


@screens.get("/audiences/{slug}", needs="read")
def one(visit: Visit) -> Response:
    return _show(visit, _row(visit))


@screens.post("/audiences/{slug}", needs="save_audience", again=one)
def change(visit: Visit) -> Response:
    return _save(visit, _row(visit))


@screens.post("/audiences/{slug}/remove", needs="save_audience", again=one)
def remove(visit: Visit) -> Response:
    if not visit.entered.one("sure"):
        raise Conflict(Problem("not_sure", "Tick that you know what you do.", "sure"))
    remove_audience(visit.context.db, visit.actor, visit.path["slug"], revision(visit), visit.now)
    return visit.go("/audiences", said="removed")


def _row(visit: Visit) -> AudienceRow:
    with visit.context.db.reading() as connection:
        return audiences.get(connection, visit.path["slug"])


def _save(visit: Visit, row: AudienceRow | None) -> Response:
    form, context = _sheet(row), visit.context
    typed = form.document(visit.entered, {})
    slug = row.slug if row else str(typed.get("slug") or "")
    with form.beside(under="rule"):
        rule = _typed(typed)
        if not rule and not typed.get("document"):
            raise Invalid(Problem("nobody_meant", "It says nobody.", "", "Say whom you mean, or tick Everybody."))
        if visit.entered.one("then") == "count":
            whole = read_rule({"rule": rule})
            measured = [(rule_text(part), measure_audience(context.db, part, slug)) for part in branches(whole)]
            return _show(visit, row, measured=measured)
        if not slug:
            raise Invalid(Problem("missing", "This is needed.", "slug", "Fill it in."))
        save_audience(context.db, visit.actor, slug, {"rule": rule}, revision(visit), visit.now)
    return visit.go(f"/audiences/{slug}", said="saved")


def _typed(typed: dict[str, Any]) -> object:
    """What the fields say; a slip in the text stands beside it."""
    try:
        return rule_of(typed)
    except Invalid as refusal:
        raise Invalid([replace(problem, field="rule.text") for problem in refusal.problems]) from None


def _show(visit: Visit, row: AudienceRow | None, **more: Any) -> Response:  # noqa: ANN401 - what the template reads
    form = _sheet(row)
    values = form.values(shown(row.rule) if row else {})
    return visit.show(
        "audience.html", row=row, sheet=form, values=values, **{"measured": (), "text": row.text if row else "", **more}
    )


def _sheet(row: AudienceRow | None) -> Sheet:
    return Sheet(FORM if row else (Part("", (NAME,)), *FORM))
