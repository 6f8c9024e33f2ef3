"""A browser's push subscription as an address: one line of text, checked without asking anybody.

The line is `endpoint p256dh auth`: the https address at which the device's push service takes messages (RFC 8030), the
device's public key and the secret it shares with us (RFC 8291 2 and 3.2), both base64url without padding. Which push
services are called at all is a setting of the channel.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Final
from urllib.parse import urlsplit

from app.errors import Invalid, Problem

LONGEST_ENDPOINT: Final = 900
"""Characters; those of Windows are the longest, some 700."""
_KEY_BYTES: Final = 65
_SECRET_BYTES: Final = 16

# The curve P-256, FIPS 186-5 and SP 800-186 3.2.1.3: y^2 = x^3 - 3x + b.
_P: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B: Final = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


def read_device(text: str) -> str:
    """The one form of a subscription: from what `JSON.stringify(subscription)` gives, or from the line itself.

    Raise Invalid `bad_push`; no sentence quotes the address.
    """
    endpoint, key, secret = _parts(text.strip())
    if not _is_endpoint(endpoint):
        raise _refused("names no https address of a push service")
    point, shared = _bytes(key), _bytes(secret)
    if not _on_curve(point):
        raise _refused("has no public key of a device (p256dh)")
    if len(shared) != _SECRET_BYTES:
        raise _refused("has no secret of a device (auth)")
    return f"{endpoint} {_text(point)} {_text(shared)}"


def endpoint_of(value: str) -> str:
    """What tells one device from another; keys come and go with it."""
    return value.partition(" ")[0]


def mask_device(value: str) -> str:
    """`fcm.googleapis.com •••x7Q`: which push service, and the end of the address there."""
    endpoint = endpoint_of(value)
    return f"{endpoint.partition('//')[2].partition('/')[0]} •••{endpoint[-3:]}"


def _parts(text: str) -> tuple[str, str, str]:
    if not text.startswith("{"):
        parts = text.split(" ")
        if len(parts) != 3:
            raise _refused("is no subscription of a browser")
        return parts[0], parts[1], parts[2]
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(keys, dict):
        raise _refused("is no subscription of a browser")
    found = [document.get("endpoint"), keys.get("p256dh"), keys.get("auth")]
    if not all(isinstance(one, str) for one in found):
        raise _refused("is no subscription of a browser")
    return str(found[0]), str(found[1]), str(found[2])


def _is_endpoint(text: str) -> bool:
    plain = text.isascii() and text.isprintable() and not any(sign in text for sign in ' "<>\\^`{|}#@')
    if not plain or not text.startswith("https://") or len(text) > LONGEST_ENDPOINT:
        return False
    try:
        split = urlsplit(text)
        port = split.port
    except ValueError:
        return False
    host = split.hostname or ""
    return "." in host and split.netloc == host and port is None and len(split.path) > 1


def _bytes(text: str) -> bytes:
    """b"" for what is no base64url."""
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _on_curve(point: bytes) -> bool:
    """Whether it is an uncompressed point of P-256 (SEC 1 2.3.4): with any other the channel could only fail."""
    if len(point) != _KEY_BYTES or point[0] != 4:
        return False
    x, y = int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")
    return x < _P and y < _P and (y * y - (x * x * x - 3 * x + _B)) % _P == 0


def _refused(why: str) -> Invalid:
    sentence = f"The address {why}."
    return Invalid(Problem("bad_push", sentence, "address", "Let the person press “Tell me on this device”."))
