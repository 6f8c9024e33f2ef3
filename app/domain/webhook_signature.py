"""Proof that a webhook comes from who it says: Standard Webhooks 1.0.0.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

TOLERANCE: Final = timedelta(minutes=5)
"""How far the sender's clock may be off, and how old a webhook may be."""

PREFIX: Final = "whsec_"


class Doubt(StrEnum):
    """Why a webhook is not believed."""

    UNSIGNED = "unsigned"
    STALE = "stale"
    """Its timestamp is more than five minutes off."""
    FORGED = "forged"


def read_secret(text: str) -> bytes | None:
    """The key of a secret such as whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw; None when it is not one (24 to 64 bytes)."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):  # not base64, not ASCII
        return None
    return key if text.startswith(PREFIX) and 24 <= len(key) <= 64 else None


def sent_at(key: bytes, headers: Mapping[str, str], body: bytes, now: datetime) -> datetime | Doubt:
    """When the sender signed it, in whole seconds, or why nobody should believe it. Header names in lower case."""
    message_id, stamp, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (message_id and signatures and stamp.isascii() and stamp.isdecimal() and len(stamp) < 12):
        return Doubt.UNSIGNED
    if not any(_matches(key, message_id, stamp, body, one) for one in signatures.split(" ")):
        return Doubt.FORGED
    signed = datetime.fromtimestamp(int(stamp), UTC)
    return signed if abs(now - signed) <= TOLERANCE else Doubt.STALE


def _matches(key: bytes, message_id: str, stamp: str, body: bytes, signature: str) -> bool:
    version, _, text = signature.partition(",")
    if version != "v1":
        return False
    try:
        given = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(given, _digest(key, message_id, stamp, body))


def _digest(key: bytes, message_id: str, stamp: str, body: bytes) -> bytes:
    return hmac.digest(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256)
