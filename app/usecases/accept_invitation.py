"""Come in by an invitation: choose a password, set up the authenticator, get recovery codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.errors import Conflict, Invalid, Problem
from app.keyring import Keyring
from app.store import accounts, audit, sessions, users
from app.store.database import Database
from app.usecases.authenticator import matching_step, new_recovery_codes, wrong_code
from app.usecases.invite_user import Purpose, open_invitation
from app.usecases.passwords import hash_password, usable_password


@dataclass(frozen=True, slots=True)
class Guest:
    """Who an invitation is for."""

    user_id: int
    name: str
    purpose: Purpose
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Welcomed:
    user_id: int
    recovery_codes: tuple[str, ...]
    """Shown once: only their hashes are stored."""


def look_at_invitation(db: Database, keyring: Keyring, code: str, now: datetime) -> Guest:
    """Raise NotFound (code `invitation_unknown`)."""
    with db.reading() as connection:
        row = open_invitation(connection, keyring, code, now)
        user = users.get(connection, row.user_id)
    return Guest(user.id, user.name, Purpose(row.purpose), row.expires_at)


def accept_invitation(
    db: Database, keyring: Keyring, code: str, *, password: str, secret: str, totp: str, now: datetime
) -> Welcomed:
    """`secret` is the one the authenticator was given, `totp` what it shows.

    Raise Invalid for an unusable password and for a code that does not fit the secret; then nothing has changed and the
    invitation may be tried again. Devices known before and sessions are forgotten.
    """
    guest = look_at_invitation(db, keyring, code, now)
    problems: list[Problem] = []
    try:
        usable_password(password, guest.name)
    except Invalid as refusal:
        problems += refusal.problems
    step = matching_step(secret, totp, now, 0)
    if step is None:
        problems += wrong_code().problems
    if problems:
        raise Invalid(problems)
    kept = hash_password(password)
    with db.writing() as tx:
        row = open_invitation(tx, keyring, code, now, lock=True)
        user = users.get(tx, row.user_id)
        if user.disabled or row.purpose == Purpose.BREAK_GLASS:
            raise Conflict(Problem("user_disabled", f"{user.name} is shut out.", "user", "Ask an admin."))
        accounts.use_invitation(tx, row.id, now)
        accounts.change(
            tx, user.id, password_hash=kept, password_at=now, totp_secret=keyring.seal(secret.encode()), totp_at=now,
            totp_step=step,
        )  # fmt: skip
        codes = new_recovery_codes(tx, user.id)
        sessions.forget_devices(tx, user.id)
        sessions.end_all(tx, user.id, now)
        audit.append(tx, user.name, "accept_invitation", f"user/{user.id}", {"purpose": row.purpose}, now)
    return Welcomed(user.id, codes)
