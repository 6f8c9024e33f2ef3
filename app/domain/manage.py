"""The personal link in every e-mail: it names one address without showing it, and opens nothing else.

Links that were signed by HMAC, before they were by BLAKE2s, work for ever.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.domain.bulk import Signer, fits_hmac

PURPOSE: Final = "manage"
"""`Keyring.key(PURPOSE)` is the key of these links; it outlives rotations, as old mails must keep working."""

_SHARED: Final = b"manage"
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
    return _tokens(key, [address_id], medium_code)[0]


def read_manage_token(key: bytes, token: str) -> Managed | None:
    """None when it is malformed, cut off, or was not made with this key."""
    if len(token) != _TOKEN_LENGTH:
        return None
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    if not _signer(key).fits(body, mac) and not fits_hmac(key, _SHARED + body, mac):
        return None
    return Managed(*_BODY.unpack(body))


def manage_url(key: bytes, public_base: str, address_id: int, medium_code: int) -> str:
    """What stands behind `-manage_url-` in a message and in its List-Unsubscribe header (RFC 8058)."""
    return manage_urls(key, public_base, [address_id], medium_code)[0]


def manage_urls(key: bytes, public_base: str, address_ids: Sequence[int], medium_code: int) -> list[str]:
    """The same for many at once."""
    folder = f"{public_base}/u/"
    return [f"{folder}{token}" for token in _tokens(key, address_ids, medium_code)]


def _tokens(key: bytes, address_ids: Sequence[int], medium_code: int) -> list[str]:
    pack = _BODY.pack
    raw = _signer(key).signed([pack(address_id, medium_code) for address_id in address_ids])
    text = base64.urlsafe_b64encode(raw).decode("ascii")
    return [text[at : at + _TOKEN_LENGTH] for at in range(0, len(text), _TOKEN_LENGTH)]


@lru_cache(maxsize=8)
def _signer(key: bytes) -> Signer:
    return Signer(key, _SHARED, _MAC_BYTES)
