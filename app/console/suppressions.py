"""The list above all lists: addresses never to write to; staff add with a reason, and lift when the person asked."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from app.console.forms import Fields
from app.console.notes import mark
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.masking import mask
from app.domain.message import Medium
from app.errors import Invalid, Problem
from app.store import addresses
from app.store.addresses import SuppressionRow
from app.usecases.find_suppression import find_suppression
from app.usecases.lift_suppression import lift_suppression
from app.usecases.suppress_address import suppress_address

screens = Screens()


@screens.get("/suppressions", needs="read")
def listing(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        page = addresses.suppression_page(connection, cursor=visit.query("cursor"), limit=50)
    return _list(visit, page.items, page.next_cursor)


@screens.post("/suppressions/find", needs="suppress_address", again=listing)
def find(visit: Visit) -> Response:
    """Typed and no link, so that no log holds the address."""
    read, context = Fields(visit.entered), visit.context
    typed = read.text("address", longest=320)
    read.done()
    found = find_suppression(context.db, context.keyring, visit.actor, typed)
    if found is None:
        said = mark("This address is not on the list: messages go there if the person is on yours.")
        raise Invalid(Problem("not_suppressed", visit.say(said), "address"))
    return _list(visit, [found], None)


@screens.post("/suppressions", needs="suppress_address", again=listing)
def add(visit: Visit) -> Response:
    read, context = Fields(visit.entered), visit.context
    medium, address, reason = read.choice("medium", Medium), read.text("address", longest=320), read.text("reason")
    read.done()
    suppress_address(context.db, context.keyring, visit.actor, medium, address, reason, visit.now)
    return visit.go("/suppressions", said="suppressed")


def alone(visit: Visit) -> Response:
    with visit.context.db.reading() as connection:
        row = addresses.suppression_of(connection, visit.path["address_id"])
    return _list(visit, [row] if row else [], None)


@screens.post("/suppressions/{address_id:int}/lift", needs="lift_suppression", again=alone)
def lift(visit: Visit) -> Response:
    read = Fields(visit.entered)
    reason, seen = read.text("reason"), read.text("seen", required=False)
    read.done()
    lift_suppression(visit.context.db, visit.actor, visit.path["address_id"], reason, visit.now, seen)
    return visit.go("/suppressions", said="suppression_lifted")


def _list(visit: Visit, found: Sequence[SuppressionRow], cursor: str | None) -> Response:
    rows = [(row, mask(row.medium, row.value)) for row in found]
    return visit.show("suppressions.html", rows=rows, next_cursor=cursor)
