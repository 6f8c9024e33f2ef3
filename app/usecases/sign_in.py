"""Sign in: name and password, then a code; slower with every wrong guess, never shut to the one it belongs to."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.domain.signing_in import HALF_WAY, SessionPolicy
from app.errors import ClarionError, Problem, Unauthenticated
from app.keyring import Keyring
from app.store import accounts, audit, sessions, users
from app.store.database import Database
from app.usecases.authenticator import recovery_hash, use_totp, wrong_code
from app.usecases.passwords import right_password
from app.usecases.slowing_guesses import buckets, device_hash, forgive, note_failure, refuse_while_waiting


@dataclass(frozen=True, slots=True)
class Browser:
    """What a request tells of where it comes from."""

    network: str
    """The address, as far as the server can tell."""
    agent: str = ""
    device: str = ""
    """What the browser kept from an earlier sign-in, "" for nothing."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    secret: str
    """For the browser's cookie; only its hash is stored."""
    session_id: int
    user_id: int
    whole: bool
    """False: the code is still missing (`complete_sign_in`)."""
    device: str = ""
    """By which this browser is known from now on; "" until the sign-in is whole."""


def sign_in(
    db: Database,
    keyring: Keyring,
    login: str,
    password: str,
    browser: Browser,
    policy: SessionPolicy,
    now: datetime,
    *,
    recovery: str = "",
) -> SignedIn:
    """`login` is the account's name or e-mail address; a right `recovery` code stands for the authenticator's code and
    is never kept waiting, because nobody can guess one.

    Raise Unauthenticated (`sign_in_refused`, the same words for every cause), Unavailable while one has to wait.
    """
    with db.reading() as connection:
        user_id = accounts.by_login(connection, login)
        kept = None if user_id is None else accounts.credentials(connection, user_id)
        code = recovery_hash(recovery)
        rescued = bool(recovery) and user_id is not None and accounts.knows_code(connection, user_id, code)
        counted = buckets(
            connection,
            keyring,
            "password",
            login=login,
            user_id=user_id,
            network=browser.network,
            device=browser.device,
        )
        if not rescued:
            refuse_while_waiting(connection, counted, now)
    usable = kept is not None and kept.complete and not kept.local
    right = right_password(kept.password_hash if kept is not None and usable else None, password)
    with db.writing() as tx:
        user = None if user_id is None else users.get(tx, user_id)
        if right and user is not None and not user.disabled:
            if not recovery:
                forgive(tx, counted[:1])
                return _begin(tx, user.id, browser, policy, now)
            if accounts.use_code(tx, user.id, code, now):
                return _enter(tx, user.id, user.name, browser, policy, now, by="recovery code")
        note_failure(tx, counted, now)
    raise _refused()


def complete_sign_in(
    db: Database, keyring: Keyring, secret: str, code: str, browser: Browser, policy: SessionPolicy, now: datetime
) -> SignedIn:
    """The second half, with a code of the authenticator or a recovery code. The session gets a new secret.

    Raise Invalid for a wrong code, Unavailable while one has to wait, Unauthenticated when the first half is over.
    """
    refusal: ClarionError
    with db.writing() as tx:
        row = sessions.presented(tx, session_hash(secret))
        if row is None or row.ended_at is not None or row.confirmed_at is not None or now - row.created_at > HALF_WAY:
            raise _half_is_over()
        user = users.get(tx, row.user_id)
        kept = accounts.credentials(tx, row.user_id, lock=True)
        counted = buckets(
            tx, keyring, "code", login="", user_id=row.user_id, network=browser.network, device=browser.device
        )
        rescued = accounts.use_code(tx, row.user_id, recovery_hash(code), now)
        if not rescued:
            refuse_while_waiting(tx, counted, now)
        if not user.disabled and (rescued or use_totp(tx, keyring, kept, code, now)):
            forgive(tx, counted[:1])
            sessions.end(tx, row.id, now)
            by = "recovery code" if rescued else "code"
            return _enter(tx, user.id, user.name, browser, policy, now, by=by)
        note_failure(tx, counted, now)
        refusal = wrong_code()
    raise refusal


def enter_as(db: Database, user_id: int, browser: Browser, policy: SessionPolicy, now: datetime) -> SignedIn:
    """A session for somebody who has just proved who they are by an invitation."""
    with db.writing() as tx:
        return _enter(tx, user_id, users.get(tx, user_id).name, browser, policy, now, by="invitation")


def session_hash(secret: str) -> bytes:
    """SHA-256 is enough: the secret has 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


def _begin(tx: Connection, user_id: int, browser: Browser, policy: SessionPolicy, now: datetime) -> SignedIn:
    secret = secrets.token_urlsafe(32)
    row = sessions.add(tx, user_id, session_hash(secret), browser.agent, now, now + policy.longest, None)
    return SignedIn(secret, row.id, user_id, whole=False)


def _enter(
    tx: Connection, user_id: int, name: str, browser: Browser, policy: SessionPolicy, now: datetime, *, by: str
) -> SignedIn:
    entered = enter(tx, user_id, browser, policy, now)
    audit.append(tx, name, "sign_in", f"user/{user_id}", {"session": entered.session_id, "by": by}, now)
    return entered


def enter(tx: Connection, user_id: int, browser: Browser, policy: SessionPolicy, now: datetime) -> SignedIn:
    """A whole session, and a browser that is known from now on."""
    secret, device = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    row = sessions.add(tx, user_id, session_hash(secret), browser.agent, now, now + policy.longest, now)
    sessions.know_device(tx, user_id, device_hash(device), now)
    return SignedIn(secret, row.id, user_id, whole=True, device=device)


def _refused() -> Unauthenticated:
    return Unauthenticated(
        Problem(
            "sign_in_refused",
            "Name and password do not fit together.",
            "password",
            "Try again, or ask an admin for a new link: clarion user reset NAME.",
        )
    )


def _half_is_over() -> Unauthenticated:
    return Unauthenticated(
        Problem("sign_in_over", "This sign-in took too long.", "code", "Begin again with name and password.")
    )
