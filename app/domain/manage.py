"""The personal link in every e-mail: it names one address without showing it, and opens nothing else."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import Final

PURPOSE: Final = "manage"
"""`Keyring.key(PURPOSE)` is the key of these links; it outlives rotations, as old mails must keep working."""

_BODY = struct.Struct(">QB")
_MAC_BYTES: Final = 15
_TOKEN_LENGTH: Final = (_BODY.size + _MAC_BYTES) * 4 // 3


@dataclass(frozen=True, slots=True)
class Managed:
    """Whose link it is; `medium` is the ledger's code."""

    address_id: int
    medium: int


def manage_token(key: bytes, address_id: int, medium_code: int) -> str:
    """32 URL-safe characters."""
    body = _BODY.pack(address_id, medium_code)
    return base64.urlsafe_b64encode(body + _mac(key, body)).decode()


def read_manage_token(key: bytes, token: str) -> Managed | None:
    """None when it is malformed, cut off, or was not made with this key."""
    if len(token) != _TOKEN_LENGTH:
        return None
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(mac, _mac(key, body)):
        return None
    return Managed(*_BODY.unpack(body))


def manage_url(key: bytes, public_base: str, address_id: int, medium_code: int) -> str:
    """What stands behind `-manage_url-` in a message and in its List-Unsubscribe header (RFC 8058)."""
    return f"{public_base}/u/{manage_token(key, address_id, medium_code)}"


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"manage" + body, hashlib.sha256)[:_MAC_BYTES]
