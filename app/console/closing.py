"""Correct what was wrong, give the all-clear, say how bad it is, hand over to the next shift, close."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from app.console.crises import one
from app.console.forms import Fields
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.crisis import Severity, Stage
from app.errors import Conflict, Problem
from app.store import updates
from app.usecases.change_severity import LONGEST_REASON, change_severity
from app.usecases.keep_checklist import check_item, hand_over
from app.usecases.predraft import predraft_all_clear, predraft_correction
from app.usecases.resolve_crisis import resolve_crisis
from app.usecases.watch_promises import REACHED

screens = Screens()
LONGEST_NOTE: Final = 4_000


@screens.post("/updates/{update_id:int}/correct", needs="correct_update")
def correct(visit: Visit) -> Response:
    row = predraft_correction(visit.context.db, visit.actor, visit.path["update_id"], visit.now)
    return visit.go(f"/updates/{row.id}/write", said="correction_drafted")


@screens.post("/crises/{slug}/all-clear", needs="draft_update", again=one)
def all_clear(visit: Visit) -> Response:
    context = visit.context
    row = predraft_all_clear(
        context.db, visit.actor, visit.path["slug"], context.templating.every_words, visit.now,
        timezone=context.timezone,
    )  # fmt: skip
    return visit.go(f"/updates/{row.id}/write", said="all_clear_drafted")


@screens.post("/crises/{slug}/resolve", needs="resolve_crisis", again=one)
def resolve(visit: Visit) -> Response:
    """Only with a box ticked when people were told of it and have not been told that it is over."""
    context, slug = visit.context, visit.path["slug"]
    with context.db.reading() as connection:
        reached = updates.page(connection, crisis_slug=slug, states=REACHED, limit=50).items
    told = [row for row in reached if not row.document.get("drill")]
    over = any(row.document.get("stage") == Stage.RESOLVED.value for row in told)
    if told and not over and not visit.entered.one("sure"):
        raise Conflict(
            Problem("no_all_clear", "Nobody has been told that it is over.", "sure", "Send the all-clear, or tick it.")
        )
    resolve_crisis(context.db, visit.actor, slug, visit.now)
    context.wake()
    return visit.go(f"/crises/{slug}", said="resolved")


@screens.post("/crises/{slug}/severity", needs="change_severity", again=one)
def call_it(visit: Visit) -> Response:
    """Worse, or less bad."""
    read = Fields(visit.entered)
    severity, reason = read.choice("severity", Severity), read.text("reason", required=False, longest=LONGEST_REASON)
    read.done()
    change_severity(visit.context.db, visit.actor, visit.path["slug"], severity, visit.now, reason=reason)
    visit.context.wake()
    return visit.go(f"/crises/{visit.path['slug']}", said="severity_changed")


@screens.post("/crises/{slug}/checks", needs="keep_checklist", again=one)
def check(visit: Visit) -> Response:
    slug, typed = visit.path["slug"], visit.entered
    check_item(visit.context.db, visit.actor, slug, typed.one("item"), visit.now, done=typed.one("done") == "yes")
    return visit.go(f"/crises/{slug}")


@screens.post("/crises/{slug}/handover", needs="keep_checklist", again=one)
def give_over(visit: Visit) -> Response:
    read = Fields(visit.entered)
    text = read.text("text", longest=LONGEST_NOTE, lines=True)
    read.done()
    hand_over(visit.context.db, visit.actor, visit.path["slug"], text, visit.now)
    return visit.go(f"/crises/{visit.path['slug']}", said="handed_over")
