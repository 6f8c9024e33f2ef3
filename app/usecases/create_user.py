"""Add somebody who works here."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor, Role, permit
from app.domain.texts import forbidden_character, tidy
from app.errors import Invalid, Problem
from app.store import audit, users
from app.store.database import Database
from app.store.users import UserRow


def create_user(db: Database, actor: Actor, name: str, role: Role, now: datetime) -> UserRow:
    """Raise Invalid for an unusable name, Conflict (code `user_exists`) when it is taken."""
    permit(actor, "create_user")
    clean = usable_name(name)
    with db.writing() as tx:
        user = users.add(tx, clean, role, now)
        audit.append(tx, actor.name, "create_user", f"user/{user.id}", {"name": clean, "role": role.value}, now)
    return user


def usable_name(name: str) -> str:
    """The name tidied; raise Invalid (code `bad_name`) when it is empty, over 200 long or not one plain line."""
    clean = tidy(name)
    if not clean or len(clean) > 200 or forbidden_character(clean, lines=False):
        raise Invalid(Problem("bad_name", "A name is one line of 1 to 200 characters.", "name", "Choose another."))
    return clean
