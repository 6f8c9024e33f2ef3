"""Try again what surely did not leave: after a template was mended, a filter lifted, an account repaired."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from app.clock import to_ms
from app.domain.crisis import LIVE, Action, UpdateState, move
from app.domain.principals import Actor, permit
from app.domain.updates import UpdateDocument
from app.errors import Conflict, Problem
from app.store import audit, crises, halting, resending, stopping, updates
from app.store.database import Database
from app.store.updates import UpdateRow

ROWS_A_STEP = 1_000


def resendable(connection: Connection, row: UpdateRow, now: datetime) -> int:
    """How many `resend_failed` would take up now, beyond `resending.MOST_COUNTED` not counted any further.

    0 when these words must not go out any more.
    """
    if row.broadcast_id is None or _refusal(connection, row, now) is not None:
        return 0
    return resending.count(connection, row.broadcast_id)


def resend_failed(db: Database, actor: Actor, update_id: int, now: datetime) -> int:
    """How many go again: refused or broken on our side, nobody in doubt, nobody who opted out, no bad address.

    Each is one more attempt of the same delivery, so the ledger's keys let nobody get it twice. Raise Conflict when
    the words have expired, were replaced, or their correction is under way.
    """
    permit(actor, "resend_failed")
    total = 0
    while True:
        with db.writing() as tx:
            row = updates.get(tx, update_id, lock=True)
            refusal = _refusal(tx, row, now)
            if refusal is not None:
                raise Conflict(refusal)
            assert row.broadcast_id is not None  # noqa: S101 - it would have been refused
            found = resending.send_again(tx, row.broadcast_id, to_ms(now), ROWS_A_STEP)
            total += found
            if found and row.state is UpdateState.DONE:
                updates.change(tx, update_id, row.state, state=move(row.state, Action.SEND_AGAIN), ended_at=None)
                stopping.set_broadcast_state(tx, row.broadcast_id, "sending")
            if found < ROWS_A_STEP:
                halting.judge_anew(tx, row.broadcast_id, to_ms(now))
                body = {"update": update_id, "deliveries": total}
                crises.add_timeline(tx, row.crisis, actor.name, "failed_resent", body, now)
                audit.append(tx, actor.name, "resend_failed", f"update/{update_id}", body, now)
                return total


def _refusal(connection: Connection, row: UpdateRow, now: datetime) -> Problem | None:
    if row.broadcast_id is None or row.state not in (*LIVE, UpdateState.DONE) or row.sent_at is None:
        return Problem(
            "not_sent", f"An update that is {row.state.value} is not sent again.", "state", "Write a new one."
        )
    if UpdateDocument.from_document(row.document).expires_at <= now:
        return Problem("expired", "Its expiry is past.", "expires_at", "Write it again with a later one.")
    if updates.corrected_by(connection, row.id, tuple(UpdateState)):
        return Problem("corrected", "There is a correction of these words.", "state", "Send the correction instead.")
    newest = updates.page(connection, crisis_slug=row.crisis, states=(*LIVE, UpdateState.DONE), limit=1).items
    drill = bool(row.document.get("drill"))
    if newest and newest[0].id != row.id and bool(newest[0].document.get("drill")) is drill:
        return Problem("newer_update", "A newer update has gone out.", "state", "Nobody gets old words after new ones.")
    return None
