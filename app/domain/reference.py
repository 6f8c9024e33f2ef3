"""The delivery reference: names one attempt to a provider and back, holds no address, cannot be guessed.

One is made for every message that leaves, so what all of a broadcast share is worked out once.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.domain.bulk import Signer, base32

_BODY = struct.Struct(">QBQH")
_SHARED = struct.Struct(">QBx")
_MAC_BYTES = 11
_SIGNS = "abcdefghijklmnopqrstuvwxyz234567"
_DIGITS = bytearray(b"!" * 256)
"""From our signs to the digits of a number to base 32; everything else is no digit."""
for _sign, _digit in zip(_SIGNS, b"0123456789abcdefghijklmnopqrstuv", strict=True):
    _DIGITS[ord(_sign)] = _DIGITS[ord(_sign.upper())] = _digit
_OWN_LENGTH = (_BODY.size - _SHARED.size + _MAC_BYTES) * 8 // 5
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

    __slots__ = ("_head", "_signer")

    def __init__(self, broadcast: int, medium: int, secret: bytes) -> None:
        shared = _SHARED.pack(broadcast, medium)
        self._signer = Signer(secret, shared)
        self._head = base32(shared)

    def encode(self, address_ids: Sequence[int], attempt: int) -> list[str]:
        """For each 48 characters of base32, lower case: fit for URLs, custom args and a Message-ID's left side.

        Raises OverflowError for an address id above 2**56, so that its first byte is shared by all as well.
        """
        tail, head = min(attempt, LAST_ATTEMPT).to_bytes(2, "big"), self._head
        own = [address_id.to_bytes(7, "big") + tail for address_id in address_ids]
        signatures = self._signer.sign(own, _MAC_BYTES)
        text = base32(b"".join([part for pair in zip(own, signatures, strict=True) for part in pair]))
        return [head + text[at : at + _OWN_LENGTH] for at in range(0, len(text), _OWN_LENGTH)]


def encode(key: DeliveryKey, secret: bytes) -> str:
    """The reference of one attempt; for many of one broadcast keep a `References`."""
    return References(key.broadcast, key.medium, secret).encode([key.address_id], key.attempt)[0]


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
    if not hmac.compare_digest(mac, _signer(secret).sign([body], _MAC_BYTES)[0]):
        return None
    return DeliveryKey(*_BODY.unpack(body))


_signer = lru_cache(maxsize=8)(Signer)
