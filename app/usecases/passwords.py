"""Passwords of staff: what is good enough, and how they are kept (argon2id, RFC 9106)."""

from __future__ import annotations

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.domain.texts import forbidden_character
from app.errors import Invalid, Problem, Unavailable

SHORTEST: Final = 12
LONGEST: Final = 200
AT_ONCE: Final = 2
"""Each takes 64 MiB and a core for a tenth of a second: more at once would starve what answers."""
PATIENCE_SECONDS: Final = 10.0

_hasher: Final = PasswordHasher()
_turns: Final = threading.BoundedSemaphore(AT_ONCE)
_NOBODYS: Final = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRmb3Jub2JvZHk$7gkA9ASiKjPeT6FrIYYeGDW8YrmMq6ZlbqXQzUBXpcc"
"""Costs whoever asks for a name that does not exist as much time as a real one."""


def usable_password(password: str, *names: str) -> str:
    """The password itself; raise Invalid (code `bad_password`). Length is what counts, not odd characters."""
    plain = password.lower()
    if not SHORTEST <= len(password) <= LONGEST or forbidden_character(password, lines=False):
        raise _bad(
            f"A password has {SHORTEST} to {LONGEST} characters.",
            "Four or five words that do not belong together are good.",
        )
    if len(set(plain)) < 5 or any(
        name and plain.replace(name.lower(), "").strip("0123456789!.- ") == "" for name in names
    ):
        raise _bad("This password is too easy to guess.", "Four or five words that do not belong together are good.")
    return password


def hash_password(password: str) -> str:
    with _turn():
        return _hasher.hash(password)


def right_password(kept: str | None, password: str) -> bool:
    """Takes as long for somebody who has none. Raise Unavailable when too many ask at once."""
    with _turn():
        try:
            _hasher.verify(kept or _NOBODYS, password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


class _turn:  # noqa: N801 - reads as a verb where it is used
    def __enter__(self) -> None:
        if not _turns.acquire(timeout=PATIENCE_SECONDS):
            raise Unavailable(
                Problem("too_many_sign_ins", "Too many people sign in at once.", "", "Try again in a moment."), 5.0
            )

    def __exit__(self, *_: object) -> None:
        _turns.release()


def _bad(sentence: str, remedy: str) -> Invalid:
    return Invalid(Problem("bad_password", sentence, "password", remedy))
