"""Change what one signs in with: password, authenticator, recovery codes."""

from __future__ import annotations

from datetime import datetime

from app.domain.principals import Actor
from app.errors import Forbidden, Invalid, Problem
from app.keyring import Keyring
from app.store import accounts, audit, sessions
from app.store.database import Database
from app.usecases.authenticator import matching_step, new_recovery_codes, wrong_code
from app.usecases.passwords import hash_password, right_password, usable_password


def change_password(db: Database, actor: Actor, old: str, new: str, now: datetime) -> None:
    """Ends their other sessions. Raise Invalid, naming the field that is wrong (`old`, `password`)."""
    user_id = _person(actor)
    usable_password(new, actor.name)
    with db.reading() as connection:
        before = accounts.credentials(connection, user_id)
    if not right_password(before.password_hash, old):
        raise Invalid(
            Problem("wrong_password", "This is not your password.", "old", "Type the one you signed in with.")
        )
    kept = hash_password(new)
    with db.writing() as tx:
        accounts.change(tx, user_id, password_hash=kept, password_at=now)
        ended = sessions.end_all(tx, user_id, now, but=actor.session_id)
        audit.append(tx, actor.name, "change_password", f"user/{user_id}", {"ended": ended}, now)


def change_authenticator(db: Database, keyring: Keyring, actor: Actor, secret: str, code: str, now: datetime) -> None:
    """From now on codes come from the app that was given `secret`; ends their other sessions.

    Raise Invalid when `code` does not fit it. The caller has asked for a code of the old one (`confirm_code`).
    """
    user_id = _person(actor)
    step = matching_step(secret, code, now, 0)
    if step is None:
        raise wrong_code()
    with db.writing() as tx:
        accounts.change(tx, user_id, totp_secret=keyring.seal(secret.encode()), totp_at=now, totp_step=step)
        ended = sessions.end_all(tx, user_id, now, but=actor.session_id)
        audit.append(tx, actor.name, "change_authenticator", f"user/{user_id}", {"ended": ended}, now)


def renew_recovery_codes(db: Database, actor: Actor, now: datetime) -> tuple[str, ...]:
    """Ten new ones, shown this once; those before are worth nothing any more."""
    user_id = _person(actor)
    with db.writing() as tx:
        codes = new_recovery_codes(tx, user_id)
        audit.append(tx, actor.name, "renew_recovery_codes", f"user/{user_id}", {}, now)
    return codes


def _person(actor: Actor) -> int:
    if actor.user_id is None or actor.session_id is None:
        raise Forbidden(Problem("no_account", f"{actor.name} has nothing to sign in with.", "", "Sign in as a person."))
    return actor.user_id
