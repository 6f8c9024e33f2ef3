"""Codes of an authenticator app (TOTP, RFC 6238: SHA-1, six digits, 30 seconds) and recovery codes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final

import pyotp
from sqlalchemy import Connection

from app.errors import Invalid, Problem
from app.keyring import Keyring
from app.store import accounts
from app.store.accounts import CredentialRow

STEP_SECONDS: Final = 30
DRIFT: Final = 1
"""Steps a phone's clock may be off, either way."""
RECOVERY_CODES: Final = 10
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters and digits that look alike on paper."""


def new_secret() -> str:
    """160 bits in base 32, as apps and people take them."""
    return pyotp.random_base32()


def address_of(secret: str, name: str) -> str:
    """The `otpauth:` address a QR code hands to the app."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Clarion")


def matching_step(secret: str, code: str, now: datetime, last: int) -> int | None:
    """The step this code belongs to; None when it is wrong, too old or was used before (`last`)."""
    typed = "".join(code.split())
    current = int(now.timestamp()) // STEP_SECONDS
    generator = pyotp.TOTP(secret)
    for step in range(current - DRIFT, current + DRIFT + 1):
        if hmac.compare_digest(generator.generate_otp(step), typed.encode("ascii", "replace").decode()) and step > last:
            return step
    return None


def use_totp(tx: Connection, keyring: Keyring, kept: CredentialRow, code: str, now: datetime) -> bool:
    """Whether this is a code of theirs; once used it is worth nothing. `kept` was read under a lock in `tx`."""
    if kept.totp_secret is None:
        return False
    step = matching_step(keyring.unseal(kept.totp_secret).decode(), code, now, kept.totp_step)
    if step is not None:
        accounts.change(tx, kept.user_id, totp_step=step)
    return step is not None


def new_recovery_codes(tx: Connection, user_id: int) -> tuple[str, ...]:
    """Ten, shown this once; the ones before are worth nothing any more. 59 bits each."""
    codes = tuple("-".join(_group() for _ in range(2)) for _ in range(RECOVERY_CODES))
    accounts.replace_codes(tx, user_id, [recovery_hash(each) for each in codes])
    return codes


def recovery_hash(code: str) -> bytes:
    """Of what somebody typed, with or without blanks and hyphens, in any letter case."""
    return hashlib.sha256("".join(each for each in code.lower() if each.isalnum()).encode()).digest()


def wrong_code() -> Invalid:
    return Invalid(
        Problem(
            "wrong_code",
            "This code is not right, or it was used already.",
            "code",
            "Wait for the next one; look whether the clock of your phone is right.",
        )
    )


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(6))
