"""Who presents this token?"""

from __future__ import annotations

import hmac
import re
from datetime import datetime
from typing import Final

from app.domain.principals import Actor, Role
from app.errors import Problem, Unauthenticated
from app.store import users
from app.store.database import Database
from app.usecases.create_token import secret_hash

_TOKEN: Final = re.compile(r"clk_([0-9]{1,18})_([A-Za-z0-9_-]{43})", re.ASCII)
_NOBODY: Final = bytes(32)


def authenticate(db: Database, presented: str, now: datetime) -> Actor:
    """The actor, named after its user (or the token when it has none), with the lesser of both roles.

    Raise Unauthenticated with one sentence for all causes, so that nothing is learned by trying.
    """
    found = _TOKEN.fullmatch(presented)
    if found is None:
        raise _refused()
    with db.reading() as connection:
        stored = users.presented(connection, int(found[1]))
    right = hmac.compare_digest(secret_hash(found[2]), stored.secret_hash if stored else _NOBODY)
    if stored is None or not right or (stored.token.revoked_at is not None and stored.token.revoked_at <= now):
        raise _refused()
    if stored.user is None:
        return Actor(stored.token.name, stored.token.role, None, stored.token.id, stored.token.scopes)
    if stored.user.disabled:
        raise _refused()
    role = _lesser(stored.token.role, stored.user.role)
    return Actor(stored.user.name, role, stored.user.id, stored.token.id, stored.token.scopes, stored.person)


def _lesser(one: Role, other: Role) -> Role:
    return other if one.allows(other) else one


def _refused() -> Unauthenticated:
    return Unauthenticated(
        Problem(
            "token_refused",
            "This token is not valid here, or not any more.",
            "Authorization",
            "Ask an admin for a new one: clarion token add NAME --role ROLE --user USER.",
        )
    )
