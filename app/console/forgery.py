"""Nobody else's page may send our forms: where a request comes from, and a token bound to the session's cookie."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from app.keyring import Keyring


def form_token(keyring: Keyring, bound_to: str) -> str:
    """For the hidden field of every form; worth nothing with another cookie."""
    digest = hmac.digest(keyring.key("csrf"), bound_to.encode("utf-8", "replace"), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:18]).decode()


def right_token(keyring: Keyring, bound_to: str, token: str) -> bool:
    expected = form_token(keyring, bound_to)
    return bool(bound_to) and hmac.compare_digest(expected.encode(), token.encode("utf-8", "replace"))


def from_our_own_page(headers: Headers, public_base: str) -> bool | None:
    """By what browsers say and pages cannot (Sec-Fetch-Site, Origin); None when this one says nothing."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return None
    return urlsplit(origin).netloc in {headers.get("host", ""), urlsplit(public_base).netloc}
