"""Who did not get it and why, page by page or as a file; what may be sent again, and what a person has to decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from starlette.responses import Response, StreamingResponse

from app.console.forms import Fields
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.csvout import lines
from app.domain.delivery import State
from app.domain.suppressing import Spared, spared_counts
from app.errors import Conflict, Problem
from app.store import crises, deliveries, failures, resending, unknowns, updates
from app.store.deliveries import Delivery
from app.usecases.resend_failed import resend_failed, resendable
from app.usecases.settle_unknown import UnknownDecision, settle_unknown

screens = Screens()
ON_A_PAGE: Final = 50
IN_A_STEP: Final = 1_000
HEADER: Final = ("medium", "endpoint", "address", "language", "state", "reason", "provider_id", "attempts", "at")


@screens.get("/updates/{update_id:int}/deliveries", needs="read")
def listing(visit: Visit) -> Response:
    state = _state(visit, State.FAILED)
    with visit.context.db.reading() as connection:
        row = updates.get(connection, visit.path["update_id"])
        crisis = crises.get(connection, row.crisis)
        counts = deliveries.counts(connection, row.broadcast_id) if row.broadcast_id is not None else {}
        found: tuple[list[Delivery], str | None] = ([], None)
        if row.broadcast_id is not None:
            cursor = visit.query("cursor")
            found = failures.page(connection, row.broadcast_id, state, after=cursor, limit=ON_A_PAGE)
        again = resendable(connection, row, visit.now) if counts.get(State.FAILED) or counts.get(State.DEAD) else 0
        spared: Mapping[Spared, int] = {}
        if row.broadcast_id is not None and (whole := counts.get(State.SUPPRESSED, 0)):
            spared = spared_counts(failures.suppressed_reasons(connection, row.broadcast_id), whole)
        parked = unknowns.waiting_for_a_person(connection, row.broadcast_id) if row.broadcast_id is not None else 0
    return visit.show(
        "deliveries.html",
        row=row,
        crisis=crisis,
        drill=bool(row.document.get("drill")),
        counts=counts,
        state=state,
        rows=found[0],
        next_cursor=found[1],
        again=again,
        most_counted=resending.MOST_COUNTED,
        parked=parked,
        spared=spared,
    )


@screens.get("/updates/{update_id:int}/deliveries.csv", needs="read")
def export(visit: Visit) -> Response:
    """All rows, or those of one state, a few hundred at a time; addresses masked, nothing a spreadsheet would run."""
    with visit.context.db.reading() as connection:
        row = updates.get(connection, visit.path["update_id"])
    state = _state(visit, None)
    headers = {"Content-Disposition": f'attachment; filename="update-{row.id}-{state or "all"}.csv"'}
    rows = (_cells(each) for each in _all(visit, row.broadcast_id, state))
    return StreamingResponse(lines(HEADER, rows), 200, headers, "text/csv; charset=utf-8")


@screens.post("/updates/{update_id:int}/resend", needs="resend_failed", again=listing)
def resend(visit: Visit) -> Response:
    resend_failed(visit.context.db, visit.actor, visit.path["update_id"], visit.now)
    visit.context.wake()
    return visit.go(f"/updates/{visit.path['update_id']}", said="resent")


@screens.post("/updates/{update_id:int}/unknown", needs="settle_unknown", again=listing)
def decide(visit: Visit) -> Response:
    """For all of them at once, with a box ticked: either way some people are treated wrongly."""
    read = Fields(visit.entered)
    decision = read.choice("decision", UnknownDecision)
    read.done()
    if not visit.entered.one("sure"):
        raise Conflict(Problem("not_sure", "Tick the box: nobody can know who got it.", "sure"))
    settle_unknown(visit.context.db, visit.actor, visit.path["update_id"], decision, visit.now)
    visit.context.wake()
    return visit.go(f"/updates/{visit.path['update_id']}", said="unknown_decided")


def _state(visit: Visit, usual: State | None) -> State | None:
    wanted = visit.query("state")
    return State(wanted) if wanted in set(State) else usual


def _all(visit: Visit, broadcast_id: int | None, state: State | None) -> Iterator[Delivery]:
    """A short look at the database for each step, so that a long file holds nobody up."""
    cursor: str | None = None
    while broadcast_id is not None:
        with visit.context.db.reading() as connection:
            found, cursor = failures.page(connection, broadcast_id, state, after=cursor, limit=IN_A_STEP)
        yield from found
        if cursor is None:
            return


def _cells(one: Delivery) -> tuple[object, ...]:
    return (
        one.medium.value, one.endpoint, one.address, one.language, one.state.value, one.reason, one.provider_id,
        one.attempts, one.at.isoformat() if one.at else "",
    )  # fmt: skip
