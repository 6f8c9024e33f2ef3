"""The delivery reference: names one attempt to a provider and back, holds no address, cannot be guessed.

One is made for every message that leaves, so what all of a broadcast share is worked out once. References that were
signed by HMAC, before they were by BLAKE2s, are read for ever.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.domain.bulk import Signer, base32, fits_hmac

_BODY = struct.Struct(">QBQH")
_SHARED = struct.Struct(">QBx")
_OWN = struct.Struct(">QH")
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
        self._signer = Signer(secret, shared, _MAC_BYTES)
        self._head = base32(shared)

    def encode(self, address_ids: Sequence[int], attempt: int) -> list[str]:
        """For each 48 characters of base32, lower case: fit for URLs, custom args and a Message-ID's left side.

        Raises OverflowError for an address id of 2**56 and above, so that its first byte is shared by all as well.
        """
        if max(address_ids, default=0) >> 56:
            raise OverflowError("an address id too great to be named")
        head, pack, attempt = self._head, _OWN.pack, min(attempt, LAST_ATTEMPT)
        text = base32(self._signer.signed([pack(address_id, attempt)[1:] for address_id in address_ids]))
        return [f"{head}{text[at : at + _OWN_LENGTH]}" for at in range(0, len(text), _OWN_LENGTH)]


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
    if not _signer(secret).fits(body, mac) and not fits_hmac(secret, body, mac):
        return None
    return DeliveryKey(*_BODY.unpack(body))


@lru_cache(maxsize=8)
def _signer(secret: bytes) -> Signer:
    return Signer(secret, b"", _MAC_BYTES)
