"""The delivery reference: names one attempt to a provider and back, holds no address, cannot be guessed.

One is made for every message that leaves, so what all of a broadcast share is worked out once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass
from functools import lru_cache

_BODY = struct.Struct(">QBQH")
_SHARED = struct.Struct(">QBx")
_MAC_BYTES = 11
_SIGNS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _SIGNS for second in _SIGNS]
_DIGITS = bytearray(b"!" * 256)
"""From our signs to the digits of a number to base 32; everything else is no digit."""
for _sign, _digit in zip(_SIGNS, b"0123456789abcdefghijklmnopqrstuv", strict=True):
    _DIGITS[ord(_sign)] = _DIGITS[ord(_sign.upper())] = _digit
_SHIFTS = range(20 * 8 - 10, -1, -10)
_TEXT_LENGTH = (_BODY.size + _MAC_BYTES) * 8 // 5
LAST_ATTEMPT = 0xFFFF


@dataclass(frozen=True, slots=True)
class DeliveryKey:
    """One attempt at one delivery; `medium` is the ledger's code."""

    broadcast: int
    medium: int
    address_id: int
    attempt: int


class References:
    """The references of one broadcast and medium."""

    __slots__ = ("_begun", "_head")

    def __init__(self, broadcast: int, medium: int, secret: bytes) -> None:
        shared = _SHARED.pack(broadcast, medium)
        self._begun = hmac.new(secret, shared, hashlib.sha256)
        self._head = base64.b32encode(shared).decode().lower()

    def encode(self, address_id: int, attempt: int) -> str:
        """48 characters of base32, lower case: fit for URLs, custom args and a Message-ID's left side.

        Raises OverflowError for an address id above 2**56, so that its first byte is shared by all as well.
        """
        own = address_id.to_bytes(7, "big") + min(attempt, LAST_ATTEMPT).to_bytes(2, "big")
        mac = self._begun.copy()
        mac.update(own)
        # The 20 bytes that differ, ten bits at a time: half the time of base64.b32encode.
        bits = int.from_bytes(own + mac.digest()[:_MAC_BYTES], "big")
        return self._head + "".join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])


def encode(key: DeliveryKey, secret: bytes) -> str:
    """The reference of one attempt; for many of one broadcast keep a `References`."""
    return References(key.broadcast, key.medium, secret).encode(key.address_id, key.attempt)


def decode(text: str, secret: bytes) -> DeliveryKey | None:
    """The key, or None when the reference is malformed or was not made with this secret."""
    if len(text) != _TEXT_LENGTH:
        return None
    try:
        # As digits of base 32: a tenth of the time of base64.b32decode.
        raw = int(text.encode("ascii").translate(_DIGITS), 32).to_bytes(_BODY.size + _MAC_BYTES, "big")
    except ValueError:
        return None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(mac, _mac(body, secret)):
        return None
    return DeliveryKey(*_BODY.unpack(body))


def _mac(body: bytes, secret: bytes) -> bytes:
    # Not hmac.digest: it lets go of the interpreter's lock, and getting it back beside busy threads takes milliseconds.
    mac = _begun(secret).copy()
    mac.update(body)
    return mac.digest()[:_MAC_BYTES]


@lru_cache(maxsize=8)
def _begun(secret: bytes) -> hmac.HMAC:
    return hmac.new(secret, digestmod=hashlib.sha256)
