"""Prove again that it is you: a fresh code before something that cannot be taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from app.domain.principals import Actor
from app.errors import ClarionError, Forbidden, Problem
from app.keyring import Keyring
from app.store import accounts, audit, sessions
from app.store.database import Database
from app.usecases.authenticator import recovery_hash, use_totp, wrong_code
from app.usecases.slowing_guesses import buckets, forgive, note_failure, refuse_while_waiting


def confirm_code(
    db: Database, keyring: Keyring, actor: Actor, code: str, now: datetime, *, network: str = "", device: str = ""
) -> Actor:
    """The actor, confirmed now; so is their session, if they have one.

    Raise Invalid for a wrong code, Forbidden for whoever has no authenticator, Unavailable while one has to wait.
    """
    if actor.user_id is None:
        raise _none(actor)
    refusal: ClarionError
    with db.writing() as tx:
        kept = accounts.credentials(tx, actor.user_id, lock=True)
        if kept.totp_secret is None:
            raise _none(actor)
        counted = buckets(tx, keyring, "code", login="", user_id=actor.user_id, network=network, device=device)
        rescued = accounts.use_code(tx, actor.user_id, recovery_hash(code), now)
        if not rescued:
            refuse_while_waiting(tx, counted, now)
        if rescued or use_totp(tx, keyring, kept, code, now):
            forgive(tx, counted[:1])
            if actor.session_id is not None:
                sessions.confirm(tx, actor.session_id, now)
            by = "recovery code" if rescued else "code"
            audit.append(tx, actor.name, "confirm_code", f"user/{actor.user_id}", {"by": by}, now)
            return replace(actor, confirmed_at=now)
        note_failure(tx, counted, now)
        refusal = wrong_code()
    raise refusal


def _none(actor: Actor) -> Forbidden:
    return Forbidden(
        Problem(
            "no_authenticator", f"{actor.name} has no authenticator.", "code", "Sign in to the console to set one up."
        )
    )
