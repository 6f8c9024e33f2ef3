"""A push service with its devices: RFC 8030, 8291 and 8292. What it accepts it decrypts as the device would.

A device's keys follow from its name, so that whoever knows the name knows the address and can read what came.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.rig.behaviours import Rule
from tests.rig.exchange import Ask
from tests.rig.ledger import Ledger
from tests.rig.wire import Reply, Request

HOST: Final = "updates.push.services.mozilla.com"
FOLDER: Final = "/wpush/v2/"
MOST_BYTES: Final = 4096
CURVE: Final = ec.SECP256R1()


class Device:
    """A browser that subscribed."""

    def __init__(self, name: str) -> None:
        number = int.from_bytes(hashlib.sha256(f"key of {name}".encode()).digest(), "big")
        self.name = name
        self.key = ec.derive_private_key(number >> 1, CURVE)
        self.secret = hashlib.sha256(f"secret of {name}".encode()).digest()[:16]

    @property
    def endpoint(self) -> str:
        return f"https://{HOST}{FOLDER}{self.name}"

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def subscription(self) -> dict[str, object]:
        """As `PushSubscription.toJSON()` gives it."""
        keys = {"p256dh": to_text(self.public), "auth": to_text(self.secret)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    @property
    def address(self) -> str:
        return f"{self.endpoint} {to_text(self.public)} {to_text(self.secret)}"

    def read(self, body: bytes) -> bytes:
        """Raise ValueError for what is not meant for it."""
        return decrypt(body, self.key, self.secret)


def decrypt(body: bytes, key: ec.EllipticCurvePrivateKey, secret: bytes) -> bytes:
    """By RFC 8188 2.1 and RFC 8291 3.4, one record. Raise ValueError."""
    salt, record, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    theirs, sealed = body[21 : 21 + length], body[21 + length :]
    if length != 65 or not 17 <= len(sealed) <= record:
        raise ValueError("the header is wrong")
    own = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs))
    start = _derived(shared, secret, b"WebPush: info\0" + own + theirs, 32)
    cipher = AESGCM(_derived(start, salt, b"Content-Encoding: aes128gcm\0", 16))
    try:
        plain = cipher.decrypt(_derived(start, salt, b"Content-Encoding: nonce\0", 12), sealed, None)
    except InvalidTag as error:
        raise ValueError("it is meant for another device") from error
    text, delimiter, padding = plain.rpartition(b"\x02")
    if not delimiter or padding.strip(b"\0"):
        raise ValueError("the record is not the last one")
    return text


def _derived(key: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=size, salt=salt, info=info).derive(key)


def to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def to_bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def claims_of(authorization: str) -> dict[str, object]:
    """What the token of a `vapid` header says (RFC 8292 3). ValueError unless the key beside it signed it."""
    scheme, _, rest = authorization.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    body, _, signature = parts.get("t", "").rpartition(".")
    raw = to_bytes(signature)
    if scheme != "vapid" or len(raw) != 64:
        raise ValueError("this is no VAPID token")
    key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, to_bytes(parts["k"]))
    pair = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        key.verify(pair, body.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise ValueError("the token is signed by somebody else") from error
    found: dict[str, object] = json.loads(to_bytes(body.partition(".")[2]))
    return found


class Push:
    """Every device exists. The ledger's `to` is the device's name, `reference` the topic, the body what it shows."""

    name = "push"

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def read(self, request: Request, number: int) -> Ask | Reply:
        if request.method != "POST":
            return self._refuse(405)
        if not request.headers.get("ttl", "").isdigit() or request.headers.get("content-encoding") != "aes128gcm":
            return self._refuse(400)
        if len(request.headers.get("topic", "")) > 32:
            return self._refuse(400)
        if len(request.body) > MOST_BYTES:
            return self._refuse(413)
        name = request.path.rpartition("/")[2]
        try:
            claims = claims_of(request.headers.get("authorization", ""))
            shown = Device(name).read(request.body).decode()
        except (ValueError, KeyError, IndexError):
            return self._refuse(403)
        left = float(str(claims.get("exp"))) - time.time()
        if claims.get("aud") != f"https://{HOST}" or not 0 < left <= 86_400:
            return self._refuse(403)
        topic = request.headers.get("topic", "")
        return Ask(lambda: self._take(name, topic, shown, number), (name,), sends=True)

    def _take(self, name: str, topic: str, shown: str, number: int) -> Reply:
        self._ledger.accept(self.name, name, topic, shown, number)
        return Reply(201, headers=(("Location", f"https://{HOST}/m/{number}"),))

    def _refuse(self, status: int) -> Reply:
        self._ledger.refuse(self.name, str(status))
        return Reply(status)

    def refusal(self, status: int, rule: Rule, ask: Ask) -> Reply:
        headers = (("Retry-After", f"{rule.wait:g}"),) if status in (429, 503) else ()
        return Reply(rule.code or status, headers=headers)
