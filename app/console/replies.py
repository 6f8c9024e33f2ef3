"""What people wrote back, with the crisis it is about; seen and handled by whom."""

from __future__ import annotations

from starlette.responses import Response

from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.masking import mask
from app.store import hearing
from app.usecases.handle_reply import handle_reply, see_reply, words_of

screens = Screens()


@screens.get("/replies", needs="read")
def listing(visit: Visit) -> Response:
    everything = visit.query("all") == "yes"
    with visit.context.db.reading() as connection:
        page = hearing.page(connection, waiting=not everything, cursor=visit.query("cursor"), limit=50)
    rows = [(row, mask(row.medium, row.address), words_of(visit.context.keyring, row)) for row in page.items]
    return visit.show("replies.html", rows=rows, next_cursor=page.next_cursor, everything=everything)


@screens.post("/replies/{reply_id:int}/seen", needs="handle_reply", again=listing)
def seen(visit: Visit) -> Response:
    see_reply(visit.context.db, visit.actor, visit.path["reply_id"], visit.now)
    return visit.go("/replies", said="reply_seen")


@screens.post("/replies/{reply_id:int}/handled", needs="handle_reply", again=listing)
def handled(visit: Visit) -> Response:
    handle_reply(visit.context.db, visit.actor, visit.path["reply_id"], visit.now)
    return visit.go("/replies", said="reply_handled")
