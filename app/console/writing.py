"""Write an update once, in every language; whoever writes beside somebody else sees what they changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection
from starlette.responses import JSONResponse, Response

from app.console.entered import FORM, Entered
from app.console.notes import mark
from app.console.screens import Screens
from app.console.visit import Visit
from app.console.written import LISTS, document_of, field_of, flat, languages_in, rows, typed
from app.domain.cldr import language_name
from app.domain.crisis import Stage, UpdateState
from app.domain.merging import Merged, merge
from app.domain.sites import Site
from app.domain.texts import direction, is_language, pick
from app.domain.vouching import standings
from app.errors import Conflict, Invalid, Problem
from app.store import audiences, crises, documents, drafts, endpoints, updates, vouching
from app.store.documents import Kind
from app.store.updates import UpdateRow
from app.usecases.draft_update import edit_draft

screens = Screens()
FORM_NAME: Final = "write"
TRIES: Final = 5
"""How often somebody else may save between our reading and our writing."""
OPEN: Final = (UpdateState.DRAFT, UpdateState.RETURNED)


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of one save."""

    row: UpdateRow
    """As it is now; unchanged when there were clashes."""
    values: Mapping[str, str]
    taken: tuple[str, ...] = ()
    """Fields somebody else changed meanwhile, which are in it."""
    clashes: Mapping[str, str] | None = None
    """Fields both changed, with what the other wrote: nothing was saved."""
    by: str = ""
    """Who else wrote."""


@screens.get("/updates/{update_id:int}/write", needs="draft_update")
def page(visit: Visit) -> Response:
    return _page(visit, None)


@screens.post("/updates/{update_id:int}/write", needs="draft_update", again=page)
def save(visit: Visit) -> Response:
    update_id, sent = visit.path["update_id"], visit.entered
    done = _saved(visit)
    if done.clashes is not None:
        return _page(visit, done)
    visit.context.wake()
    if sent.one("then") == "look":
        return visit.go(f"/updates/{update_id}", said="written_with" if done.taken else "written")
    if done.taken:
        return _page(visit, done)
    wanted = sent.one("language")
    added = {"language": wanted} if wanted and is_language(wanted) else {}
    return visit.go(f"/updates/{update_id}/write", said="written", **added)


@screens.post("/updates/{update_id:int}/autosave", needs="draft_update")
def autosave(visit: Visit) -> Response:
    """The same for a script: JSON {revision, values, clashes{field: theirs}, problems[{field, sentence}], said}."""
    try:
        done = _saved(visit)
    except Invalid as refusal:
        told = [field_of(problem) for problem in refusal.problems]
        found = [{"field": one.field, "sentence": one.sentence} for one in told]
        return JSONResponse({"problems": found, "said": visit.say(mark("Not saved yet: something needs a change."))})
    who = {"who": done.by}
    if done.clashes is not None:
        said = visit.say(mark("%(who)s changed the same words. Press Save to see both.")) % who
        return JSONResponse({"clashes": dict(done.clashes), "said": said})
    when = {"time": visit.words.hour(visit.now)}
    said = visit.say(mark("Saved at %(time)s.")) % when
    if done.taken:
        said += " " + visit.say(mark("%(who)s writes too: what they changed is in it.")) % who
    changed = {name: done.values.get(name, "") for name in done.taken}
    return JSONResponse({"revision": done.row.revision, "values": changed, "said": said, "others": bool(done.taken)})


def _saved(visit: Visit) -> Saved:
    """Raise Invalid for what cannot be read, Conflict when it is not being written any more."""
    context, mine = visit.context, typed(visit.entered)
    if not mine["stage"] or not visit.entered.one("revision").isdigit():
        raise Invalid(Problem("form_incomplete", "This form is incomplete.", "", "Open the page again."))
    started = int(visit.entered.one("revision"))
    for _ in range(TRIES):
        with context.db.reading() as connection:
            row = updates.get(connection, visit.path["update_id"])
            base = drafts.find(connection, row.id, started)
            others = drafts.since(connection, row.id, started)
        merged = _merged(row, base, started, mine, context.timezone)
        by = others[-1].written_by if others else ""
        now = flat(row.document, context.timezone)
        if merged.clashes:
            _show_again(visit, merged.values, row.revision)
            return Saved(row, merged.values, merged.taken, {name: now.get(name, "") for name in merged.clashes}, by)
        if row.state in OPEN and all(text == now.get(name, "") for name, text in merged.values.items()):
            return Saved(row, merged.values, merged.taken, None, by)
        document, problems = document_of(merged.values, row.document, context.timezone)
        if problems:
            raise Invalid(problems)
        try:
            after = edit_draft(context.db, visit.actor, row.id, document, row.revision, visit.now)
        except Conflict as refusal:
            if refusal.problems[0].code == "stale_edit":
                continue
            raise
        _show_again(visit, flat(after.document, context.timezone), after.revision)
        return Saved(after, flat(after.document, context.timezone), merged.taken, None, by)
    raise Conflict(Problem("stale_edit", "Somebody else is saving all the time.", "", "Save again."))


def _merged(row: UpdateRow, base: drafts.DraftRow | None, started: int, mine: Mapping[str, str], zone: str) -> Merged:
    theirs = flat(row.document, zone)
    if row.revision == started:
        return merge(theirs, mine, theirs)
    return merge(flat(base.document, zone) if base else None, mine, theirs)


def _show_again(visit: Visit, values: Mapping[str, str], revision: int) -> None:
    """The form as it is to be shown: with these words, begun from this revision."""
    fields = {name: [text] for name, text in values.items()}
    fields |= {name: values[name].split("\n") if values[name] else [] for name in LISTS}
    visit.entered = Entered({**fields, "revision": [str(revision)], FORM: [FORM_NAME]})


def _page(visit: Visit, done: Saved | None) -> Response:
    context, update_id = visit.context, visit.path["update_id"]
    with context.db.reading() as connection:
        row = updates.get(connection, update_id)
        crisis = crises.get(connection, row.crisis)
        offers = offered(connection, visit)
        languages = languages_of(connection, visit, row)
        vouchers = vouching.of_update(connection, row.id)
    if row.state not in OPEN and not visit.problems:
        return visit.go(f"/updates/{row.id}")
    if done is not None and done.clashes is not None:
        visit.status = 409
        visit.problems = tuple(_clash(visit, name, theirs, done.by) for name, theirs in done.clashes.items())
    visit.problems = tuple(field_of(problem) for problem in visit.problems)
    before = flat(row.document, context.timezone)
    listed = {name: row.document.get(name) or [] for name in LISTS}
    shown = dict(visit.entered.fields) if visit.entered.form == FORM_NAME else before
    words = {name: value if isinstance(value, str) else (value or ("",))[0] for name, value in shown.items()}
    known = context.templating.languages()
    stand = {one.language: one for one in standings(row.document["content"], vouchers)}
    return visit.show(
        "write.html",
        row=row,
        crisis=crisis,
        title=pick(crisis.titles, visit.words.language)[0],
        values={**before, **listed, "revision": row.revision},
        sections=[section(visit, code, words) | {"standing": stand.get(code)} for code in languages],
        source=languages[0],
        source_words={name: text for name, text in words.items() if name.startswith(f"content.{languages[0]}.")},
        more=[(code, visit.words.named(code)) for code in known if code not in languages],
        stages=list(Stage),
        to_come=[
            (code, visit.words.named(code))
            for code in dict.fromkeys([*languages[1:], *known])
            if code != languages[0] and row.completes is None
        ],
        completes=row.completes,
        variants=[each["audience"] for each in row.document.get("variants") or ()],
        drill=bool(row.document.get("drill")),
        taken=done.taken if done else (),
        by=done.by if done else "",
        **offers,
    )


def section(visit: Visit, language: str, words: Mapping[str, str]) -> dict[str, Any]:
    """One language of the form."""
    start = f"content.{language}."
    return {
        "code": language,
        "name": visit.words.named(language),
        "own_name": language_name(language, language),
        "dir": direction(language),
        "written": any(text for name, text in words.items() if name.startswith(start)),
        "options": rows(words, language, "options"),
        "links": rows(words, language, "links"),
        "wrong": any(problem.field.startswith(start) for problem in visit.problems),
    }


def languages_of(connection: Connection, visit: Visit, row: UpdateRow) -> list[str]:
    """The source first, then what is written, what the websites speak, and what somebody wants to add."""
    written = sorted(row.document.get("content") or {})
    default = visit.context.default_language
    sites = [Site.from_document(each.document) for each in documents.everything(connection, Kind.SITE)]
    spoken = sorted({code for site in sites for code in site.languages})
    asked = visit.query("language") or ""
    wanted = [asked] if is_language(asked) else []
    first = [default] if default in written or not written else []
    typed_too = languages_in(visit.entered.fields)
    return list(dict.fromkeys([*first, *written, *typed_too, *spoken, *wanted]))


def offered(connection: Connection, visit: Visit) -> dict[str, Any]:
    nobody, none = visit.say(mark("nobody by name")), visit.say(mark("none in particular"))
    named = [row.slug for row in audiences.page(connection, limit=200).items]
    needs = [row.slug for row in documents.everything(connection, Kind.NEED)]
    topics = [row.slug for row in documents.everything(connection, Kind.TOPIC)]
    return {
        "audiences": [("", nobody), *((slug, slug) for slug in named)],
        "ways": [(each.slug, each.medium.value) for each in endpoints.everything(connection)],
        "needs": [("", none), *((slug, slug) for slug in needs)],
        "topics": [("", none), *((slug, slug) for slug in topics)],
    }


def _clash(visit: Visit, name: str, theirs: str, by: str) -> Problem:
    said = visit.say(mark("%(who)s changed this too. Theirs: “%(text)s”")) % {"who": by, "text": theirs or "–"}
    remedy = visit.say(mark("Yours stands in the field: change it or leave it, then save again."))
    return Problem("changed_by_two", said, name, remedy)
