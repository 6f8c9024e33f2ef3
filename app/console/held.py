"""What somebody wrote while their session ended: sealed into the sign-in form, given back behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson

from app.console.entered import Entered
from app.errors import ClarionError
from app.keyring import Keyring

KEPT_FOR: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Held:
    path: str
    """Where the form was going, below /console."""
    words: list[tuple[str, str]]


def hold(keyring: Keyring, path: str, entered: Entered, now: datetime) -> str:
    """Text for a hidden field; nobody else can read or make one."""
    document = {"path": path, "words": entered.words, "at": now.timestamp()}
    return keyring.seal(orjson.dumps(document)).decode()


def take(keyring: Keyring, sealed: str, now: datetime) -> Held | None:
    """None for what we did not make, or made too long ago."""
    if not sealed:
        return None
    try:
        document = orjson.loads(keyring.unseal(sealed.encode("ascii", "replace")))
    except (ClarionError, orjson.JSONDecodeError):
        return None
    if now.timestamp() - document["at"] > KEPT_FOR.total_seconds():
        return None
    return Held(document["path"], [(name, value) for name, value in document["words"]])
