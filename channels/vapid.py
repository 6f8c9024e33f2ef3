"""Who we are to a push service: a key pair of our own and a token signed by it (RFC 8292)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from channels.aes128gcm import CURVE, point

LASTS: Final = timedelta(hours=12)
"""Of a token; a push service refuses more than 24 hours (RFC 8292 2)."""
RENEWED: Final = timedelta(hours=1)
"""Before it runs out, for clocks that differ."""
_HEAD: Final = orjson.dumps({"typ": "JWT", "alg": "ES256"})


def text_of(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    """Raise ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("this is no base64url") from error


def new_pair() -> tuple[str, str]:
    """Public and private key, as every tool for Web Push writes them: the point, and the 32 bytes of the number."""
    key = ec.generate_private_key(CURVE)
    return public_of(key), text_of(key.private_numbers().private_value.to_bytes(32, "big"))


def read_private(text: str) -> ec.EllipticCurvePrivateKey:
    """Raise ValueError."""
    raw = bytes_of(text)
    if len(raw) != 32:
        raise ValueError("a private key has 32 bytes")
    return ec.derive_private_key(int.from_bytes(raw, "big"), CURVE)


def public_of(key: ec.EllipticCurvePrivateKey) -> str:
    return text_of(point(key.public_key()))


class Vapid:
    """Makes the `Authorization` header, one for each push service while it lasts."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, contact: str, now: Callable[[], datetime]) -> None:
        """`contact`: mailto: or https:, where whoever runs a push service reaches us."""
        self._key = key
        self._contact = contact
        self._now = now
        self._public = public_of(key)
        self._kept: dict[str, tuple[datetime, str]] = {}

    def header(self, origin: str) -> str:
        """`origin`: `https://host` of the subscription's endpoint."""
        now = self._now()
        kept = self._kept.get(origin)
        if kept is None or kept[0] - now < RENEWED or kept[0] - now > LASTS:
            expires = now + LASTS
            kept = self._kept[origin] = (expires, f"vapid t={self._token(origin, expires)}, k={self._public}")
        return kept[1]

    def _token(self, origin: str, expires: datetime) -> str:
        claims = {"aud": origin, "exp": int(expires.timestamp()), "sub": self._contact}
        body = f"{text_of(_HEAD)}.{text_of(orjson.dumps(claims))}"
        r, s = decode_dss_signature(self._key.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{body}.{text_of(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
