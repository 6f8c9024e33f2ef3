"""Audiences: whom a name means, how many that is right now, and saving it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from app.console import builder
from app.console.condition_tree import name_of
from app.console.entered import Entered
from app.console.registers import revision
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.audience_rules import Rule
from app.domain.audience_words import rule_text
from app.errors import Conflict, Invalid, Problem
from app.store import audiences
from app.store.audiences import AudienceRow
from app.usecases.save_audience import remove_audience, save_audience

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
    """`then`: what its button does; empty = it is saved."""
    return _act(visit, None)


@screens.get("/audiences/{slug}", needs="read")
def one(visit: Visit) -> Response:
    return _show(visit, _row(visit))


@screens.post("/audiences/{slug}", needs="save_audience", again=one)
def change(visit: Visit) -> Response:
    return _act(visit, _row(visit))


@screens.post("/audiences/{slug}/remove", needs="save_audience", again=one)
def remove(visit: Visit) -> Response:
    if not visit.entered.one("sure"):
        raise Conflict(Problem("not_sure", "Tick that you know what you do.", "sure"))
    remove_audience(visit.context.db, visit.actor, visit.path["slug"], revision(visit), visit.now)
    return visit.go("/audiences", said="removed")


def _row(visit: Visit) -> AudienceRow:
    with visit.context.db.reading() as connection:
        return audiences.get(connection, visit.path["slug"])


def _act(visit: Visit, row: AudienceRow | None) -> Response:
    entered, act = visit.entered, visit.entered.one("then")
    if ":" in act and not builder.is_text(entered):
        group, place = builder.changed(entered, act)
        _typed_anew(visit, builder.as_conditions(group))
        return _show(visit, row, focus=name_of(place))
    slug = row.slug if row else entered.one("slug").strip()
    found = builder.typed_rule(visit.context.db, entered)
    whole = found[()]
    if act in (builder.TEXT, builder.CONDITIONS):
        wanted = {builder.MODE: [builder.TEXT], builder.TEXT: [rule_text(whole)]}
        shown = builder.begin(whole) if act == builder.CONDITIONS else wanted
        _typed_anew(visit, shown)
        return _show(visit, row, focus=act, says_more=shown[builder.MODE] != [act])
    builder.check(visit.context.db, entered, found, slug)
    if act == "count":
        return _show(visit, row, figures=builder.measured(visit.context.db, found, slug))
    return _save(visit, slug, whole)


def _save(visit: Visit, slug: str, rule: Rule) -> Response:
    if not slug:
        raise Invalid(Problem("missing", "This is needed.", "slug", "Fill it in."))
    field = builder.TEXT if builder.is_text(visit.entered) else "c.new"
    try:
        save_audience(visit.context.db, visit.actor, slug, {"text": rule_text(rule)}, revision(visit), visit.now)
    except Invalid as refusal:
        raise Invalid([_beside(problem, field) for problem in refusal.problems]) from None
    return visit.go(f"/audiences/{slug}", said="saved")


def _beside(problem: Problem, field: str) -> Problem:
    return replace(problem, field="slug" if problem.field == "slug" else field)


def _typed_anew(visit: Visit, fields: Mapping[str, Sequence[str]]) -> None:
    """The form as it is shown next: what it said of the rule is replaced, the rest stays as it was typed."""
    mine = ("c.", builder.MODE, builder.TEXT)
    kept = {name: values for name, values in visit.entered.fields.items() if not name.startswith(mine)}
    visit.entered = Entered({**kept, **fields})


def _show(visit: Visit, row: AudienceRow | None, **more: Any) -> Response:  # noqa: ANN401 - what the template reads
    values = {"slug": "", **builder.begin(row.typed() if row else None)}
    typed = visit.entered if visit.entered.form == "audience" else Entered(values)
    group = builder.root_of(typed)
    with visit.context.db.reading() as connection:
        offers = builder.offers(connection, visit, group, row.slug if row else "")
    return visit.show(
        "audience.html",
        row=row,
        values=values,
        as_text=builder.is_text(typed),
        tree=builder.tree(group),
        text=row.text if row else "",
        **{"figures": None, "focus": "", "says_more": False, **offers, **more},
    )
