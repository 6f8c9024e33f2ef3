"""People of staff with a password and an authenticator, as the tests of accounts and of the console need them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final

import pyotp

from app.domain.principals import HOST, Role
from app.domain.signing_in import SessionPolicy
from app.keyring import Keyring
from app.store import accounts, users
from app.store.database import Database
from app.usecases.authenticator import STEP_SECONDS, new_recovery_codes, new_secret
from app.usecases.create_user import create_user
from app.usecases.passwords import hash_password
from app.usecases.sign_in import Browser, SignedIn, complete_sign_in, sign_in

PASSWORD: Final = "kettle violin harbour moss"
HOME: Final = Browser("192.0.2.1", "the phone of a test")
POLICY: Final = SessionPolicy()


@cache
def kept_password() -> str:
    return hash_password(PASSWORD)  # a fifth of a second each: once is enough


@dataclass
class Person:
    id: int
    name: str
    secret: str
    recovery: list[str]
    _used: int = field(default=0)

    def code(self, now: datetime) -> str:
        """The next one their authenticator has not shown yet; at most one step ahead of the clock."""
        step = max(int(now.timestamp()) // STEP_SECONDS - 1, self._used + 1)
        self._used = step
        return str(pyotp.TOTP(self.secret).generate_otp(step))


def enrol(db: Database, keyring: Keyring, name: str, role: Role, now: datetime) -> Person:
    """Somebody who has done everything an invitation asks for; an account of that name is used where there is one."""
    with db.reading() as connection:
        known = accounts.by_login(connection, name)
    user_id = known if known is not None else create_user(db, HOST, name, role, now).id
    secret = new_secret()
    with db.writing() as tx:
        accounts.change(
            tx, user_id, password_hash=kept_password(), password_at=now, totp_secret=keyring.seal(secret.encode()),
            totp_at=now,
        )  # fmt: skip
        codes = new_recovery_codes(tx, user_id)
        assert users.get(tx, user_id).role is role
    return Person(user_id, name, secret, list(codes))


def come_in(db: Database, keyring: Keyring, person: Person, now: datetime, browser: Browser = HOME) -> SignedIn:
    half = sign_in(db, keyring, person.name, PASSWORD, browser, POLICY, now)
    return complete_sign_in(db, keyring, half.secret, person.code(now), browser, POLICY, now)
