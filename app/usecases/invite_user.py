"""Let somebody in: an account with a link by which they choose their password and set up their authenticator."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Connection

from app.domain.principals import Actor, Role, permit
from app.errors import Conflict, Invalid, NotFound, Problem
from app.keyring import Keyring
from app.store import accounts, audit, sessions, users
from app.store.accounts import InvitationRow
from app.store.database import Database
from app.store.users import UserRow
from app.usecases.create_user import usable_name

GOOD_FOR: Final = timedelta(hours=72)
EMAIL_CODE: Final = 900
"""Keeps the hash of a staff address apart from those of customers (`Keyring.address_hash`)."""
_CODE: Final = re.compile(r"([0-9]{1,15})\.([A-Za-z0-9_-]{24})\.([A-Za-z0-9_-]{22})", re.ASCII)


class Purpose(StrEnum):
    JOIN = "join"
    RESET = "reset"
    """A new password and authenticator for an account that has them."""
    BREAK_GLASS = "break_glass"


@dataclass(frozen=True, slots=True)
class Invited:
    user: UserRow
    code: str
    """The last part of the link; shown once, only its hash is stored."""
    expires_at: datetime


def invite_user(
    db: Database,
    keyring: Keyring,
    actor: Actor,
    name: str,
    role: Role,
    now: datetime,
    *,
    email: str = "",
    again_of: str | None = None,
) -> Invited:
    """A new account. Whoever had this address before, or is `again_of` another account, stays the same person.

    Raise Invalid for an unusable name or address, Conflict `user_exists` and `email_taken`, NotFound for `again_of`.
    """
    permit(actor, "invite_user")
    clean, address = usable_name(name), usable_email(email)
    with db.writing() as tx:
        if address and accounts.by_login(tx, address) is not None:
            raise Conflict(
                Problem(
                    "email_taken", "Another account has this address.", "email", "Use that account, or another address."
                )
            )
        person = users.by_name(tx, again_of).id if again_of else None
        if address and person is None:
            person = accounts.owner_of(tx, email_hash(keyring, address))
        user = users.add(tx, clean, role, now)
        first = None if person is None else _first(tx, person)
        accounts.change(tx, user.id, email=address, person=first)
        if address:
            accounts.own(tx, email_hash(keyring, address), first or user.id)
        code, row = new_invitation(tx, keyring, user.id, Purpose.JOIN, actor.name, now, now + GOOD_FOR)
        body = {"name": clean, "role": role.value, "same_person_as": first}
        audit.append(tx, actor.name, "invite_user", f"user/{user.id}", body, now)
    return Invited(user, code, row.expires_at)


def renew_access(db: Database, keyring: Keyring, actor: Actor, user_id: int, now: datetime) -> Invited:
    """A link for somebody who lost what they sign in with, or whose first link expired.

    Ends their sessions; what they had goes on working until the link is used.
    """
    permit(actor, "invite_user")
    with db.writing() as tx:
        user = users.get(tx, user_id)
        kept = accounts.credentials(tx, user_id)
        if kept.local:
            raise Conflict(
                Problem(
                    "user_local",
                    f"{user.name} is for emergencies on the host.",
                    "user",
                    "Use clarion user break-glass.",
                )
            )
        if user.disabled:
            raise Conflict(Problem("user_disabled", f"{user.name} is shut out.", "user", "Let them in again first."))
        purpose = Purpose.RESET if kept.complete else Purpose.JOIN
        code, row = new_invitation(tx, keyring, user_id, purpose, actor.name, now, now + GOOD_FOR)
        ended = sessions.end_all(tx, user_id, now)
        audit.append(tx, actor.name, "renew_access", f"user/{user_id}", {"purpose": purpose.value, "ended": ended}, now)
    return Invited(user, code, row.expires_at)


def new_invitation(
    tx: Connection, keyring: Keyring, user_id: int, purpose: Purpose, by: str, now: datetime, until: datetime
) -> tuple[str, InvitationRow]:
    """The code and its row; earlier ones of this user are worth nothing any more."""
    random = secrets.token_urlsafe(18)
    row = accounts.invite(tx, user_id, purpose.value, _hash(random), by, now, until)
    return f"{row.id}.{random}.{_signature(keyring, row.id, random)}", row


def open_invitation(tx: Connection, keyring: Keyring, code: str, now: datetime, *, lock: bool = False) -> InvitationRow:
    """Raise NotFound with one sentence for whatever is wrong with it; a forged one costs no look at the database."""
    found = _CODE.fullmatch(code)
    if found is None or not hmac.compare_digest(_signature(keyring, int(found[1]), found[2]), found[3]):
        raise _unknown()
    row = accounts.get_invitation(tx, int(found[1]), lock=lock)
    if (
        row is None
        or row.used_at is not None
        or row.expires_at <= now
        or not hmac.compare_digest(row.secret_hash, _hash(found[2]))
    ):
        raise _unknown()
    return row


def usable_email(email: str) -> str:
    """Tidied, "" for none. Raise Invalid (code `bad_email`)."""
    if not email.strip():
        return ""
    try:
        return validate_email(email.strip(), check_deliverability=False).normalized
    except EmailNotValidError:
        raise Invalid(
            Problem("bad_email", "This is not an e-mail address.", "email", "Write it like mira@example.org.")
        ) from None


def email_hash(keyring: Keyring, email: str) -> bytes:
    return keyring.address_hash(EMAIL_CODE, email.lower())


def _first(tx: Connection, user_id: int) -> int:
    return accounts.credentials(tx, user_id).person or user_id


def _hash(random: str) -> bytes:
    return hashlib.sha256(random.encode()).digest()


def _signature(keyring: Keyring, number: int, random: str) -> str:
    digest = hmac.digest(keyring.key("invitation"), f"{number}:{random}".encode(), hashlib.sha256)[:16]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _unknown() -> NotFound:
    return NotFound(
        Problem(
            "invitation_unknown",
            "This link was used already, has expired, or was replaced by a newer one.",
            "link",
            "Ask an admin for a new one.",
        )
    )
