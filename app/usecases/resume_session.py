"""Who comes with this cookie?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.domain.principals import Actor
from app.domain.signing_in import SessionPolicy, Standing, standing
from app.store import accounts, sessions, users
from app.store.database import Database
from app.usecases.sign_in import session_hash

SEEN_EVERY: Final = timedelta(minutes=1)
"""Being there is written down no more often: a page must not cost a write."""


@dataclass(frozen=True, slots=True)
class Resumed:
    standing: Standing
    user_id: int
    session_id: int
    actor: Actor | None
    """None unless the session is whole."""


def resume_session(
    db: Database, secret: str, policy: SessionPolicy, now: datetime, *, watching: bool = False
) -> Resumed | None:
    """None when we never gave out this cookie, or no longer know it. Roles are those of now, not of the sign-in.

    `watching`: nobody did anything, a page that is open asks by itself; that keeps no session from going idle.
    """
    with db.reading() as connection:
        row = sessions.presented(connection, session_hash(secret))
        if row is None:
            return None
        user = users.get(connection, row.user_id)
        kept = accounts.credentials(connection, row.user_id)
    found = standing(
        seen_at=row.seen_at, expires_at=row.expires_at, confirmed_at=row.confirmed_at, ended_at=row.ended_at,
        idle=policy.idle, now=now,
    )  # fmt: skip
    if user.disabled:
        found = Standing.ENDED
    if found is not Standing.WHOLE:
        return Resumed(found, user.id, row.id, None)
    if now - row.seen_at >= SEEN_EVERY and not watching:
        with db.writing() as tx:
            sessions.see(tx, row.id, now)
    # Nobody can say who of those with a shell on the host uses the break-glass account: it is no known person.
    known = None if kept.local else user.id
    actor = Actor(user.name, user.role, known, None, None, kept.person, row.id, row.confirmed_at)
    return Resumed(found, user.id, row.id, actor)
