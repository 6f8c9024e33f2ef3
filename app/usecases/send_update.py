"""Let an approved update go. Asking twice is the same as asking once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.clock import to_ms
from app.domain.crisis import LIVE, Action, UpdateState, move
from app.domain.delivery import Result
from app.domain.message import Medium
from app.domain.planning import Lane
from app.domain.principals import Actor, permit
from app.errors import Conflict, Problem
from app.store import audit, courtesies, crises, paced, publishing, staging, stopping, updates
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases.bring_rest import check_not_overtaken
from app.usecases.submit_update import Plan, plan_of
from app.usecases.tell_agents import tell_agents

SITE_BOUND = 2.0
"""Seconds a broadcast waits at most for the site to be read back."""
ALREADY_SENT = frozenset({*LIVE, UpdateState.DONE})


def send_update(
    db: Database, actor: Actor, update_id: int, now: datetime, *, site_bound: float = SITE_BOUND
) -> UpdateRow:
    """The site goes at once (after the undo window), the rest when it is read back or `site_bound` seconds later.

    A correction closes the unsent rest of the wrong update here. Raise Conflict when it is not approved or expired.
    """
    permit(actor, "send_update")
    with db.writing() as tx:
        row = updates.get(tx, update_id, lock=True)
        if row.state in ALREADY_SENT:
            return row
        state = move(row.state, Action.SEND)
        plan = plan_of(tx, row)
        check_not_overtaken(tx, row)
        if plan.update.expires_at <= now:
            raise Conflict(Problem("expired", "Its expiry is past.", "expires_at", "Write it again with a later one."))
        release = now + timedelta(seconds=plan.undo_seconds)
        if not plan.undo_seconds:
            state = move(state, Action.TRY_FIRST if plan.canary else Action.RELEASE)
        if row.broadcast_id is not None:  # an approved update has one
            start_broadcast(tx, row.broadcast_id, plan, release, site_bound)
        _supersede_the_wrong_one(tx, row, now)
        changed = updates.change(tx, update_id, row.state, state=state, sent_at=release)
        body = {"update": update_id, "recipients": row.recipients, "undo_seconds": plan.undo_seconds}
        publishing.request(tx, "update_sent", now)
        if plan.agents and not plan.update.drill:
            tell_agents(tx, row, plan.agents, release, now)
        crises.add_timeline(tx, row.crisis, actor.name, "update_sent", body, now)
        audit.append(tx, actor.name, "send_update", f"update/{update_id}", body, now)
    return changed


def start_broadcast(tx: Connection, broadcast_id: int, plan: Plan, release: datetime, site_bound: float) -> None:
    """Release all waves at `release`, the site first when there is one."""
    has_site = any(way.medium is Medium.SITE for way in plan.ways)
    bound_ms = int(site_bound * 1000) if has_site else None
    if plan.update.recipients_per_hour is not None and plan.lane <= Lane.EMERGENCY:
        paced.unpace(tx, broadcast_id, plan.ways)  # it has become an emergency since it was approved
    courtesies.keep(tx, broadcast_id, plan.courtesy)
    staging.start_sending(tx, broadcast_id, release_ms=to_ms(release), site_bound_ms=bound_ms)


def _supersede_the_wrong_one(tx: Connection, row: UpdateRow, now: datetime) -> None:
    """Whoever has not been reached by the wrong words never will be."""
    if row.corrects is None:
        return
    wrong = updates.get(tx, row.corrects, lock=True)
    if wrong.broadcast_id is None or wrong.state not in LIVE:
        return
    stopping.stop_rest(tx, wrong.broadcast_id, Result.SUPERSEDED, to_ms(now))
    stopping.set_broadcast_state(tx, wrong.broadcast_id, "stopping")
    updates.change(tx, wrong.id, wrong.state, state=move(wrong.state, Action.SUPERSEDE), ended_at=now)
