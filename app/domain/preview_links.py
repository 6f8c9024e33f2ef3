"""Links that show words nobody has released yet on the real website, to whoever holds one and to nobody else."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from app.domain.reading import is_slug

PURPOSE: Final = "preview-links"
"""`Keyring.key(PURPOSE)` signs and checks; it opens nothing else."""
LONGEST: Final = timedelta(days=7)
USUAL: Final = timedelta(hours=2)
FRAGMENT: Final = "clarion-preview"
"""A page opened with `#clarion-preview=TOKEN` shows the preview; a fragment never reaches a server or its log."""

_BODY: Final = struct.Struct(">QQIQ")
_MAC_BYTES: Final = 32
_LONGEST_TOKEN: Final = 256


@dataclass(frozen=True, slots=True)
class PreviewLink:
    id: int
    update: int
    revision: int
    site: str
    until: datetime
    """In whole seconds."""


def preview_token(key: bytes, link: PreviewLink) -> str:
    """URL-safe; the same link gives the same one."""
    body = _BODY.pack(link.id, link.update, link.revision, int(link.until.timestamp())) + link.site.encode()
    return f"{_text(body)}.{_text(_mac(key, body))}"


def read_preview_token(key: bytes, token: str) -> PreviewLink | None:
    """None when it is malformed, cut off, changed, or was not made with this key; its time may be over."""
    if len(token) > _LONGEST_TOKEN:
        return None
    left, _, right = token.partition(".")
    body, mac = _bytes(left), _bytes(right)
    if len(body) <= _BODY.size or not hmac.compare_digest(mac, _mac(key, body)):
        return None
    if (_text(body), _text(mac)) != (left, right):  # one link has one spelling: base64 has spare bits at its end
        return None
    link_id, update, revision, until = _BODY.unpack(body[: _BODY.size])
    site = body[_BODY.size :].decode("ascii", "replace")
    return PreviewLink(link_id, update, revision, site, datetime.fromtimestamp(until, UTC)) if is_slug(site) else None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"preview" + body, hashlib.sha256)
