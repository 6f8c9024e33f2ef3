"""Wrong guesses make the next one wait: for the account and for where they come from, never for a browser known."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from app.domain.signing_in import FORGOTTEN_AFTER, FREE_GUESSES, FREE_GUESSES_FROM_ONE_PLACE, wait_left
from app.errors import Problem, Unavailable
from app.keyring import Keyring
from app.store import sessions

_MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Bucket:
    key: bytes
    free: int


def buckets(
    connection: Connection, keyring: Keyring, kind: str, *, login: str, user_id: int | None, network: str, device: str
) -> list[Bucket]:
    """Where guesses at this login are counted; what a stranger guesses counts apart from a browser the owner used."""
    if device and user_id is not None and sessions.knows_device(connection, user_id, device_hash(device)):
        return [Bucket(_key(keyring, kind, "device", f"{user_id}:{device}"), FREE_GUESSES)]
    account = login.strip().lower() if user_id is None else str(user_id)
    return [
        Bucket(_key(keyring, kind, "account", account), FREE_GUESSES),
        Bucket(_key(keyring, kind, "network", network), FREE_GUESSES_FROM_ONE_PLACE),
    ]


def refuse_while_waiting(connection: Connection, counted: Iterable[Bucket], now: datetime) -> None:
    """Raise Unavailable (code `wait_before_guessing`)."""
    longest = timedelta()
    for bucket in counted:
        known = sessions.failures(connection, bucket.key)
        if known is not None:
            longest = max(longest, wait_left(*known, now, bucket.free))
    if longest:
        seconds = max(1, round(longest.total_seconds()))
        raise Unavailable(
            Problem(
                "wait_before_guessing",
                f"There were many wrong attempts. The next one is looked at in {seconds} seconds.",
                "password",
                "A recovery code gets in at once, and so does a browser you signed in with before.",
            ),
            float(seconds),
        )


def note_failure(tx: Connection, counted: Iterable[Bucket], now: datetime) -> None:
    for bucket in counted:
        known = sessions.failures(tx, bucket.key)
        count = known[0] if known is not None and now - known[1] < FORGOTTEN_AFTER else 0
        sessions.note_failure(tx, bucket.key, min(count + 1, _MOST), now)


def forgive(tx: Connection, counted: Iterable[Bucket]) -> None:
    for bucket in counted:
        sessions.forgive(tx, bucket.key)


def device_hash(device: str) -> bytes:
    return hashlib.sha256(device.encode()).digest()


def _key(keyring: Keyring, *parts: str) -> bytes:
    return hmac.digest(keyring.key("sign-in"), "\n".join(parts).encode("utf-8", "replace"), hashlib.sha256)[:16]
