"""Start blank: a crisis nobody prepared for, or the next update of one there is."""

from __future__ import annotations

from starlette.responses import Response

from app.console.forms import Fields
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.crisis import Severity, Stage
from app.usecases.begin_blank import begin_blank, begin_next

screens = Screens()


@screens.get("/begin", needs="open_crisis")
def blank(visit: Visit) -> Response:
    return visit.show("begin.html", severities=list(Severity))


@screens.post("/begin", needs="open_crisis", again=blank)
def begin(visit: Visit) -> Response:
    read, context = Fields(visit.entered), visit.context
    title, severity = read.text("title", longest=120), read.choice("severity", Severity)
    drill = read.flag("drill")
    read.done()
    language = context.default_language
    row = begin_blank(context.db, visit.actor, title, language, severity, visit.now, drill=drill)
    context.wake()
    return visit.go(f"/updates/{row.id}/write", said="begun")


@screens.post("/crises/{slug}/updates", needs="draft_update")
def another(visit: Visit) -> Response:
    read = Fields(visit.entered)
    stage = read.choice("stage", Stage)
    read.done()
    row = begin_next(visit.context.db, visit.actor, visit.path["slug"], stage, visit.now)
    return visit.go(f"/updates/{row.id}/write")
