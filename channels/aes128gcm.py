"""Messages only one device can read: RFC 8291 on RFC 8188 (`aes128gcm`), one record, no padding."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD: Final = 4096
"""Bytes of the whole body, which every push service must take (RFC 8030 7.2)."""
SALT_BYTES: Final = 16
LONGEST_PLAIN: Final = RECORD - (SALT_BYTES + 4 + 1 + 65) - 1 - 16
"""3993: less the header with our key, the delimiter and the tag (RFC 8291 4)."""
CURVE: Final = ec.SECP256R1()
_LAST: Final = b"\x02"


@dataclass(frozen=True, slots=True)
class Device:
    key: ec.EllipticCurvePublicKey
    raw: bytes
    """The same, as 65 bytes."""
    secret: bytes


def device(raw: bytes, secret: bytes) -> Device:
    """Raise ValueError for bytes that are no point of the curve."""
    return Device(ec.EllipticCurvePublicKey.from_encoded_point(CURVE, raw), raw, secret)


def encrypt(plain: bytes, to: Device, own: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """The body of the request. `own` and `salt` are new for each message; `plain` at most LONGEST_PLAIN bytes."""
    mine = point(own.public_key())
    key, nonce = keys(own.exchange(ec.ECDH(), to.key), to.secret, salt, device_key=to.raw, our_key=mine)
    sealed = AESGCM(key).encrypt(nonce, plain + _LAST, None)
    return salt + RECORD.to_bytes(4, "big") + bytes([len(mine)]) + mine + sealed


def keys(shared: bytes, secret: bytes, salt: bytes, *, device_key: bytes, our_key: bytes) -> tuple[bytes, bytes]:
    """Key and nonce of the record (RFC 8291 3.4); `shared`: what ECDH gives."""
    ikm = _expand(_mac(secret, shared), b"WebPush: info\0" + device_key + our_key, 32)
    start = _mac(salt, ikm)
    return _expand(start, b"Content-Encoding: aes128gcm\0", 16), _expand(start, b"Content-Encoding: nonce\0", 12)


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _expand(key: bytes, info: bytes, size: int) -> bytes:
    """The first block of HKDF (RFC 5869 2.3), which is as much as is needed."""
    return _mac(key, info + b"\x01")[:size]


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, hashlib.sha256)
