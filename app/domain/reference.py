"""The delivery reference: names one attempt to a provider and back, holds no address, cannot be guessed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass

_BODY = struct.Struct(">QBQH")
_MAC_BYTES = 11
_TEXT_LENGTH = (_BODY.size + _MAC_BYTES) * 8 // 5
LAST_ATTEMPT = 0xFFFF


@dataclass(frozen=True, slots=True)
class DeliveryKey:
    """One attempt at one delivery; `medium` is the ledger's code."""

    broadcast: int
    medium: int
    address_id: int
    attempt: int


def encode(key: DeliveryKey, secret: bytes) -> str:
    """48 characters of base32, lower case: fit for URLs, custom args and a Message-ID's left side."""
    body = _BODY.pack(key.broadcast, key.medium, key.address_id, min(key.attempt, LAST_ATTEMPT))
    return base64.b32encode(body + _mac(body, secret)).decode().lower()


def decode(text: str, secret: bytes) -> DeliveryKey | None:
    """The key, or None when the reference is malformed or was not made with this secret."""
    if len(text) != _TEXT_LENGTH:
        return None
    try:
        raw = base64.b32decode(text.upper())
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(mac, _mac(body, secret)):
        return None
    return DeliveryKey(*_BODY.unpack(body))


def _mac(body: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, body, hashlib.sha256)[:_MAC_BYTES]
