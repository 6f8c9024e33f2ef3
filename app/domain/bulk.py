"""Signing and spelling for a whole window of recipients at once, in a handful of passes over columns of bytes.

One is made for every message that leaves; a loop in Python over a message's bytes costs more than the signature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

_BLOCK: Final = 64
_SIGNS: Final = b"abcdefghijklmnopqrstuvwxyz234567"
_LETTER: Final = bytes(_SIGNS[value & 31] for value in range(256))


def _moved(shift: int) -> bytes:
    """Each byte's bits that fall into a sign of five, moved up (or, below nought, down) to their place in it."""
    return bytes((value << shift if shift >= 0 else value >> -shift) & 31 for value in range(256))


_PARTS: Final = (
    ((0, _moved(-3)),),
    ((0, _moved(2)), (1, _moved(-6))),
    ((1, _moved(-1)),),
    ((1, _moved(4)), (2, _moved(-4))),
    ((2, _moved(1)), (3, _moved(-7))),
    ((3, _moved(-2)),),
    ((3, _moved(3)), (4, _moved(-5))),
    ((4, _moved(0)),),
)
"""Of every five bytes, which ones make up each of the eight signs, and how."""


def base32(data: bytes) -> str:
    """Lower-case base32 (RFC 4648) of whole groups of five bytes, so that nothing is padded."""
    groups = len(data) // 5
    columns = [data[at::5] for at in range(5)]
    signs = bytearray(groups * 8)
    for place, (first, *more) in enumerate(_PARTS):
        column = columns[first[0]].translate(first[1])
        for at, table in more:
            low = int.from_bytes(columns[at].translate(table), "big")
            column = (int.from_bytes(column, "big") | low).to_bytes(groups, "big")
        signs[place::8] = column.translate(_LETTER)
    return signs.decode("ascii")


class Signer:
    """HMAC-SHA256 of many short texts under one key, all beginning alike: what they share is worked out once."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes, shared: bytes = b"") -> None:
        if len(key) > _BLOCK:
            key = hashlib.sha256(key).digest()
        padded = key.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + shared)
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def sign(self, texts: Iterable[bytes], size: int) -> list[bytes]:
        """The first `size` bytes of each signature."""
        # Not hmac.digest: it lets go of the interpreter's lock, and getting it back beside busy threads takes
        # milliseconds. And not hmac.HMAC, which wraps the same four steps in objects of its own.
        inner, outer, signatures = self._inner.copy, self._outer.copy, []
        for text in texts:
            first, second = inner(), outer()
            first.update(text)
            second.update(first.digest())
            signatures.append(second.digest()[:size])
        return signatures
