"""Give a person or a program a key to the API."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from app.domain.principals import Actor, Role, permit
from app.domain.scopes import Scope
from app.errors import Invalid, Problem
from app.store import audit, users
from app.store.database import Database
from app.store.users import TokenRow
from app.usecases.create_user import usable_name


@dataclass(frozen=True, slots=True)
class NewToken:
    token: TokenRow
    secret: str
    """What the holder presents, `clk_<id>_<43 characters>`. Shown once: only its hash is stored."""


def create_token(
    db: Database,
    actor: Actor,
    name: str,
    role: Role,
    now: datetime,
    *,
    user_id: int | None = None,
    user_name: str | None = None,
    scopes: frozenset[Scope] | None = None,
) -> NewToken:
    """A token of a user (by id or name) may not exceed their role; one without a user never approves.

    With `scopes` it is for their acts only. Whoever is signed in may make tokens of their own without being admin.

    Raise Invalid (code `role_above_user`), NotFound for an unknown user.
    """
    clean, random = usable_name(name), secrets.token_urlsafe(32)
    if user_id is None or user_id != actor.user_id or actor.session_id is None or user_name is not None:
        permit(actor, "create_token")
    with db.writing() as tx:
        owner = None
        if user_name is not None:
            owner = users.by_name(tx, user_name)
        elif user_id is not None:
            owner = users.get(tx, user_id)
        if owner is not None and not owner.role.allows(role):
            raise Invalid(
                Problem(
                    "role_above_user",
                    f"{owner.name} is {owner.role.value}; a token of theirs cannot be {role.value}.",
                    "role",
                    f"Ask for {owner.role.value} or less.",
                )
            )
        token = users.add_token(tx, clean, role, owner.id if owner else None, secret_hash(random), now, scopes)
        body: dict[str, object] = {"name": clean, "role": role.value, "user": owner.id if owner else None}
        if scopes is not None:
            body["scopes"] = sorted(scopes)
        audit.append(tx, actor.name, "create_token", f"token/{token.id}", body, now)
    return NewToken(token, f"clk_{token.id}_{random}")


def secret_hash(random: str) -> bytes:
    """SHA-256 is enough: the secret has 256 random bits, so there is nothing to guess."""
    return hashlib.sha256(random.encode()).digest()
