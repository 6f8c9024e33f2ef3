"""Links by which one person answers “still true?” with one tap: they name the question and the person, nothing else."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

PURPOSE: Final = "question-links"
"""`Keyring.key(PURPOSE)` signs and checks; it opens nothing else."""
AFTER: Final = timedelta(hours=1)
"""How long past its time a question can still be answered by its link, if nobody has: a late slot waits so long."""

_BODY: Final = struct.Struct(">QII")
_MAC_BYTES: Final = 14
_TOKEN_LENGTH: Final = (_BODY.size + _MAC_BYTES) * 4 // 3


@dataclass(frozen=True, slots=True)
class QuestionLink:
    plan: int
    user: int
    until: datetime
    """In whole seconds."""


def question_token(key: bytes, link: QuestionLink) -> str:
    """40 URL-safe characters: a text message has no room for more. The same link gives the same one."""
    body = _BODY.pack(link.plan, link.user, int(link.until.timestamp()))
    return base64.urlsafe_b64encode(body + _mac(key, body)).decode("ascii")


def read_question_token(key: bytes, token: str) -> QuestionLink | None:
    """None when it is malformed, cut off, changed, or was not made with this key; its time may be over."""
    if len(token) != _TOKEN_LENGTH:
        return None
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(mac, _mac(key, body)):
        return None
    plan, user, until = _BODY.unpack(body)
    return QuestionLink(plan, user, datetime.fromtimestamp(until, UTC))


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"question" + body, hashlib.sha256)[:_MAC_BYTES]
