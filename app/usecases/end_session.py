"""Sign out: here, elsewhere, or somebody else."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor, permit
from app.errors import not_found
from app.store import audit, sessions
from app.store.database import Database


def end_session(db: Database, actor: Actor, session_id: int, now: datetime) -> None:
    """One's own always; another's needs an admin. Takes effect with its next request. Raise NotFound."""
    with db.writing() as tx:
        row = sessions.get(tx, session_id)
        if row is None:
            raise not_found("session", session_id)
        if actor.session_id != row.id and (actor.user_id is None or row.user_id != actor.user_id):
            permit(actor, "end_sessions")
        if row.ended_at is None:
            sessions.end(tx, session_id, now)
            audit.append(tx, actor.name, "end_session", f"user/{row.user_id}", {"session": session_id}, now)


def end_sessions(db: Database, actor: Actor, user_id: int, now: datetime) -> int:
    """All of a user but the one that asks; how many there were."""
    if actor.user_id is None or actor.user_id != user_id:
        permit(actor, "end_sessions")
    with db.writing() as tx:
        ended = sessions.end_all(tx, user_id, now, but=actor.session_id)
        audit.append(tx, actor.name, "end_sessions", f"user/{user_id}", {"ended": ended}, now)
    return ended
