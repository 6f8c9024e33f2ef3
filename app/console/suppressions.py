"""The list above all lists: addresses never to write to; staff add with a reason, and lift when the person asked."""

from __future__ import annotations

from starlette.responses import Response

from app.console.forms import Fields
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.masking import mask
from app.domain.message import Medium
from app.store import addresses
from app.usecases.lift_suppression import lift_suppression
from app.usecases.suppress_address import suppress_address

screens = Screens()


@screens.get("/suppressions", needs="read")
def listing(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        page = addresses.suppression_page(connection, cursor=visit.query("cursor"), limit=50)
    rows = [(row, mask(row.medium, row.value)) for row in page.items]
    return visit.show("suppressions.html", rows=rows, next_cursor=page.next_cursor)


@screens.post("/suppressions", needs="suppress_address", again=listing)
def add(visit: Visit) -> Response:
    read, context = Fields(visit.entered), visit.context
    medium, address, reason = read.choice("medium", Medium), read.text("address", longest=320), read.text("reason")
    read.done()
    suppress_address(context.db, context.keyring, visit.actor, medium, address, reason, visit.now)
    return visit.go("/suppressions", said="suppressed")


@screens.post("/suppressions/{address_id:int}/lift", needs="lift_suppression", again=listing)
def lift(visit: Visit) -> Response:
    read = Fields(visit.entered)
    reason = read.text("reason")
    read.done()
    lift_suppression(visit.context.db, visit.actor, visit.path["address_id"], reason, visit.now)
    return visit.go("/suppressions", said="suppression_lifted")
