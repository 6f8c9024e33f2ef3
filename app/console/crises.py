"""The crises there are and were, and one of them with its updates and everything that happened."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from app.console.home import brief
from app.console.register_forms import SEVERITIES
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.checklist import CHECKLIST
from app.domain.crisis import CrisisState, Stage
from app.domain.texts import pick
from app.store import closing, crises, updates
from app.usecases.watch_promises import promises

screens = Screens()
NOTES: Final = 5


@screens.get("/crises", needs="read")
def listing(visit: Visit) -> Response:
    wanted = visit.query("state")
    state = CrisisState(wanted) if wanted in set(CrisisState) else None
    with visit.context.db.reading() as connection:
        page = crises.page(connection, state=state, cursor=visit.query("cursor"), limit=25)
    rows = [(row, pick(row.titles, visit.words.language)[0]) for row in page.items]
    return visit.show("crises.html", rows=rows, next_cursor=page.next_cursor, state=state)


@screens.get("/crises/{slug}", needs="read")
def one(visit: Visit) -> Response:
    slug, language = visit.path["slug"], visit.words.language
    with visit.context.db.reading() as connection:
        row = crises.get(connection, slug)
        listed = updates.page(connection, crisis_slug=slug, cursor=visit.query("updates"), limit=20)
        events = crises.timeline_page(connection, slug, cursor=visit.query("timeline"), limit=30)
        facts = crises.facts(connection, slug)
        briefs = [brief(each, language, connection) for each in listed.items]
        done, notes = closing.checks(connection, slug), closing.notes(connection, slug, NOTES)
        kept, promised = promises(connection, slug, visit.now)
    told = [each for each in briefs if each.row.sent_at is not None and each.row.completes is None]
    return visit.show(
        "crisis.html",
        crisis=row,
        title=pick(row.titles, language)[0],
        updates=briefs,
        more_updates=listed.next_cursor,
        events=events.items,
        more_events=events.next_cursor,
        facts=sorted(facts.values(), key=lambda fact: fact.name),
        next_update_by=promised,
        kept=kept,
        told=bool(told),
        cleared=any(each.stage == Stage.RESOLVED.value and not each.drill for each in told),
        checklist=CHECKLIST,
        done=done,
        notes=notes,
        severities=[(value, visit.say(label)) for value, label in SEVERITIES],
    )
