"""One update: what it says, what stands against it, and, once it is on its way, how far it has got."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from app.clock import to_ms
from app.console.approving import contents
from app.console.forms import Fields
from app.console.listed import texts_of
from app.console.screens import Screens
from app.console.visit import Visit
from app.domain.crisis import CORRECTABLE, LIVE, UpdateState, allowed
from app.domain.delivery import State
from app.domain.updates import UpdateDocument
from app.errors import Conflict, Problem
from app.store import breakers, crises, deliveries, endpoints, updates
from app.store.breakers import CLOSED
from app.store.updates import UpdateRow
from app.usecases.bring_rest import who_waits
from app.usecases.foresee_end import Foreseen, foresee
from app.usecases.page_approvers import WAITING, asked
from app.usecases.predraft import unchanged_correction
from app.usecases.preview_update import Preflight
from app.usecases.resume_session import resume_session
from app.usecases.send_first_word import first_word_refusal
from app.usecases.stop_update import StopReport, cancel_update, pause_update, resume_update
from app.usecases.submit_update import submit_update
from app.usecases.vouch import who_vouches, who_vouches_apart
from app.usecases.wake_readers import wake_readers

screens = Screens()
EVERY_SECONDS: Final = 1.0
ASKS_EVERY: Final = 5
"""Beats between two questions whether a watcher is still signed in."""
OPEN_STATES: Final = (UpdateState.DRAFT, UpdateState.RETURNED)
SHOWN: Final = (State.QUEUED, State.SENDING, State.ACCEPTED, State.DELIVERED, State.FAILED, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Watched:
    """An update on its way, as the page and the stream show it."""

    row: UpdateRow
    seen: Foreseen
    closed: dict[str, str]
    """Endpoints that send nothing now, or are being tried again, and why."""
    moved: list[tuple[str, str, int]]
    """(from, to, how many) of what another endpoint has taken over."""

    def count(self, state: State) -> int:
        return self.seen.counts.get(state, 0)

    @property
    def out(self) -> int:
        return sum(self.count(state) for state in (State.ACCEPTED, State.DELIVERED, State.UNDELIVERED))

    @property
    def waiting(self) -> int:
        return sum(self.count(state) for state in (State.QUEUED, State.SENDING, State.RETRY_WAIT))

    @property
    def lost(self) -> int:
        return self.count(State.FAILED) + self.count(State.UNKNOWN) + self.count(State.DEAD)

    @property
    def settled(self) -> bool:
        return self.seen.settled(self.row.state)

    @property
    def tenth(self) -> tuple[str, int]:
        """Changes when a listener should be told: the state, or another tenth of the way."""
        whole = self.out + self.waiting + self.lost
        return self.row.state.value, 10 * (self.out + self.lost) // whole if whole else 0


def watched(connection: Connection, update_id: int, now: datetime) -> Watched:
    row = updates.get(connection, update_id)
    known = breakers.everything(connection)
    closed = {}
    for each in endpoints.everything(connection):
        if each.halted_reason:
            closed[each.slug] = each.halted_reason
        elif each.id in known and (phase := known[each.id].phase(to_ms(now))) != CLOSED:
            closed[each.slug] = f"breaker_{phase}: {known[each.id].reason}"
    moved = deliveries.moved(connection, row.broadcast_id) if row.broadcast_id is not None else []
    return Watched(row, foresee(connection, row, now), closed, moved)


@screens.get("/updates/{update_id:int}", needs="read")
def one(visit: Visit) -> Response:
    update_id, context = visit.path["update_id"], visit.context
    with context.db.reading() as connection:
        found = watched(connection, update_id, visit.now)
        crisis = crises.get(connection, found.row.crisis)
        waits = found.row.state in WAITING
        known = asked(connection, found.row) if waits else None
        prepared = first_word_refusal(connection, found.row, visit.now)[0] if waits else []
        row = found.row
        document = UpdateDocument.from_document(row.document)
        texts = texts_of(connection, row, document, visit.words.language)
    checked = preflight_of(visit, row) if row.state in OPEN_STATES else None
    return visit.show(
        "update.html",
        found=found,
        row=row,
        crisis=crisis,
        document=document,
        contents=contents(document, visit.words.language),
        texts=texts,
        standings=who_vouches(context.db, row),
        standings_apart=who_vouches_apart(context.db, row),
        waiting=who_waits(context.db, row),
        checked=checked,
        actions=frozenset(action.value for action in allowed(row.state)),
        live=row.state in LIVE,
        states=SHOWN,
        drill=document.drill,
        correctable=row.state in CORRECTABLE and row.broadcast_id is not None,
        stopped=_stopped(visit),
        asked=known,
        prepared=prepared,
    )


@screens.post("/updates/{update_id:int}/submit", needs="submit_update", again=one)
def submit(visit: Visit) -> Response:
    send_for_approval(visit, visit.path["update_id"])
    return visit.go(f"/updates/{visit.path['update_id']}", said="submitted")


@screens.post("/updates/{update_id:int}/pause", needs="pause_update", again=one)
def pause(visit: Visit) -> Response:
    report = pause_update(visit.context.db, visit.actor, visit.path["update_id"], visit.now, _reason(visit))
    return _after(visit, report)


@screens.post("/updates/{update_id:int}/resume", needs="resume_update", again=one)
def resume(visit: Visit) -> Response:
    context, update_id = visit.context, visit.path["update_id"]
    resume_update(context.db, visit.actor, update_id, visit.now, _reason(visit), site_bound=context.site_bound)
    context.wake()
    return visit.go(f"/updates/{update_id}", said="resumed")


@screens.post("/updates/{update_id:int}/wake", needs="wake_readers", again=one)
def wake(visit: Visit) -> Response:
    wake_readers(visit.context.db, visit.actor, visit.path["update_id"], _reason(visit), visit.now)
    visit.context.wake()
    return visit.go(f"/updates/{visit.path['update_id']}", said="woken")


@screens.post("/updates/{update_id:int}/cancel", needs="cancel_update", again=one)
def cancel(visit: Visit) -> Response:
    if not visit.entered.one("sure"):
        raise Conflict(Problem("not_sure", "Tick the box: a cancelled update cannot go on.", "sure"))
    report = cancel_update(visit.context.db, visit.actor, visit.path["update_id"], visit.now, _reason(visit))
    return _after(visit, report)


@screens.live("/updates/{update_id:int}/events", needs="read")
async def events(visit: Visit) -> Response:
    """`progress`: the moving part of the page, whenever it has changed; `said`: what a screen reader hears, once for
    each tenth of the way; `end` when nothing moves any more.
    """
    first = await run_in_threadpool(_look, visit)
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(visit, first), 200, headers, "text/event-stream")


def send_for_approval(visit: Visit, update_id: int) -> None:
    """Raise Invalid with what preflight holds against it."""
    context = visit.context
    submit_update(
        context.db, visit.actor, update_id, visit.now, keyring=context.keyring,
        check=lambda row: preflight_of(visit, row).problems, language=context.default_language,
    )  # fmt: skip
    context.wake()


def preflight_of(visit: Visit, row: UpdateRow) -> Preflight:
    """With what only we know: a correction must not say again what was wrong."""
    context = visit.context
    found = context.preflight(row, visit.now)
    with context.db.reading() as connection:
        same = unchanged_correction(connection, row)
    return found if same is None else replace(found, problems=(same, *found.problems))


def _look(visit: Visit, beat: int = 0) -> Watched | None:
    """None when whoever watches has been signed out meanwhile, which is asked at every few beats."""
    context, now = visit.context, visit.context.clock.now()
    if beat % ASKS_EVERY == 0:
        still = resume_session(context.db, visit.jar.session, context.sessions, now, watching=True)
        if still is None or still.actor is None:
            return None
    update_id = visit.path["update_id"]

    def look() -> Watched:
        with context.db.reading() as connection:
            return watched(connection, update_id, now)

    seen: Watched = context.looks.of(update_id, look, anew=beat == 0)
    return seen


def _shown(visit: Visit, found: Watched) -> str:
    """The moving part of the page, the same for everybody of one language and role."""
    reader = f"{visit.words.language} {visit.actor.role.value}"
    return visit.context.looks.page(
        visit.path["update_id"], found, reader,
        lambda: visit.pages.show(visit, "progress.html", {"found": found, "states": SHOWN}),
    )  # fmt: skip


async def _stream(visit: Visit, first: Watched | None) -> AsyncIterator[str]:
    stopping, shown, beat = visit.context.stopping, first, 0
    before, told = "", first.tenth if first else None
    while shown is not None:
        html = _shown(visit, shown)
        if html != before:
            yield event("progress", html)
        if shown.tenth != told:
            yield event("said", visit.pages.show(visit, "progress_said.html", {"found": shown}))
        before, told = html, shown.tenth
        if shown.settled or stopping.is_set():
            break
        try:
            await asyncio.wait_for(stopping.wait(), EVERY_SECONDS)
        except TimeoutError:
            beat += 1
            shown = await run_in_threadpool(_look, visit, beat)
    yield event("end", "")


def event(name: str, html: str) -> str:
    """One server-sent event; lines of HTML become lines of data."""
    lines = "\n".join(f"data: {line}" for line in html.strip().splitlines() or [""])
    return f"event: {name}\n{lines}\n\n"


def _reason(visit: Visit) -> str:
    read = Fields(visit.entered)
    reason = read.text("reason", required=False, longest=500, lines=True)
    read.done()
    return reason


def _after(visit: Visit, report: StopReport) -> Response:
    counts = report.deliveries
    visit.context.wake()
    numbers = f"{counts.stopped}.{counts.in_flight}.{counts.out}"
    said = "paused" if report.update.state is UpdateState.PAUSED else "cancelled"
    return visit.go(f"/updates/{report.update.id}", said=said, counts=numbers)


def _stopped(visit: Visit) -> tuple[int, int, int] | None:
    """What a stop has just reported: never leaving, in flight, already out."""
    parts = (visit.query("counts") or "").split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 12 for part in parts):
        return None
    return int(parts[0]), int(parts[1]), int(parts[2])
