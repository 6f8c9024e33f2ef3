"""Change what somebody may do, or shut them out."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor, Role, permit
from app.errors import Conflict, Problem
from app.store import audit, sessions, users
from app.store.database import Database
from app.store.users import UserRow


def change_user(db: Database, actor: Actor, user_id: int, *, role: Role, disabled: bool, now: datetime) -> UserRow:
    """Takes effect with the next request of any of their tokens; their sessions end, so that they sign in anew.

    The last admin cannot be shut out or demoted.
    """
    permit(actor, "change_user")
    with db.writing() as tx:
        before = users.get(tx, user_id)
        if (disabled or role is not Role.ADMIN) and before.role is Role.ADMIN and not users.other_admins(tx, user_id):
            raise Conflict(
                Problem("last_admin", f"{before.name} is the last admin.", "role", "Make somebody else admin first.")
            )
        after = users.change(tx, user_id, role=role, disabled=disabled)
        if (after.role, after.disabled) != (before.role, before.disabled):
            sessions.end_all(tx, user_id, now)
        body = {"role": role.value, "disabled": disabled, "before": before.role.value}
        audit.append(tx, actor.name, "change_user", f"user/{user_id}", body, now)
    return after
