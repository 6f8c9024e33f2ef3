"""Signed links that open knowledge which usually needs a login, for the time of a crisis.

A pass names an address pattern and an end, and is signed. Whoever holds it may read those addresses until then;
nobody is asked who they are. docs/open-links.md says how a website checks it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from app.domain.content import is_public_link
from app.domain.help_library import OpenResource
from app.errors import Problem

PURPOSE: Final = "open-links"
"""`Keyring.key(PURPOSE)` signs and checks; it opens nothing else."""
PARAMETER: Final = "clarion_pass"
"""The query parameter in which a link carries its pass."""
LONGEST: Final = timedelta(days=90)
"""A site that checks passes by itself may not hear of one that was taken back, so none lives longer."""

_TIME: Final = struct.Struct(">Q")
_MAC_BYTES: Final = 32
_LONGEST_TOKEN: Final = 4_096
_HIDDEN: Final = re.compile(r"%(?:2e|2f|5c|25|00)", re.IGNORECASE)
"""Escapes that servers resolve in different ways: a dot, a slash, a backslash, a second escape, an end of text."""


class Verdict(StrEnum):
    """`OPEN`, or the one reason why not."""

    OPEN = "open"
    MISSING = "pass_missing"
    NOT_GENUINE = "pass_not_genuine"
    """Cut off, changed, or signed by somebody else."""
    EXPIRED = "pass_expired"
    REVOKED = "pass_revoked"
    """Taken back by staff before its end."""
    OTHER_ADDRESS = "pass_for_another_address"


@dataclass(frozen=True, slots=True)
class Checked:
    verdict: Verdict
    until: datetime | None = None
    """The end of a genuine pass; None when it is missing or not genuine."""


def faults(opens: OpenResource, now: datetime) -> tuple[Problem, ...]:
    """Why no pass can be made for this."""
    found = []
    pattern = opens.url_pattern
    if not is_public_link(pattern.replace("*", "x")) or "*" in _host(pattern):
        found.append(
            Problem(
                "bad_link",
                "The pattern is not an https address on one host.",
                "url_pattern",
                "Write https://learn.example.org/courses/* with the host in full.",
            )
        )
    elif "?" in pattern or "#" in pattern or _plain(pattern.replace("*", "x")) is None:
        found.append(
            Problem(
                "bad_link",
                "The pattern has a query, a fragment, dots or escapes that mean another folder.",
                "url_pattern",
                "Name the path alone: https://learn.example.org/courses/*",
            )
        )
    if opens.until <= now:
        found.append(Problem("expired", "The end is past.", "until", "Choose a later time."))
    elif opens.until > now + LONGEST:
        remedy = "Choose an earlier end and make a new one then."
        found.append(Problem("too_long", f"It would be open for more than {LONGEST.days} days.", "until", remedy))
    return tuple(found)


def make_pass(key: bytes, opens: OpenResource) -> str:
    """URL-safe text; the same pattern and end give the same one. `until` counts in whole seconds."""
    body = _TIME.pack(int(opens.until.timestamp())) + opens.url_pattern.encode()
    return f"{_text(body)}.{_text(_mac(key, body))}"


def pass_hash(token: str) -> bytes:
    """What is kept of a pass that was taken back: it opens nothing."""
    return hashlib.sha256(token.encode()).digest()


def check_pass(key: bytes, token: str, url: str, now: datetime, revoked: frozenset[bytes] = frozenset()) -> Checked:
    """Whether this pass opens this address now; `revoked`: `pass_hash` of those taken back. Its time does not depend on
    what is wrong with the pass.

    Of the reasons the first counts, in the order of Verdict, so that only who holds a genuine pass learns about it.
    """
    body, mac = _parts(token)
    genuine = hmac.compare_digest(mac, _mac(key, body))
    until = datetime.fromtimestamp(min(_TIME.unpack(body[:8])[0], _LAST), UTC)
    fits = matches(body[8:].decode("utf-8", "replace"), url)
    if not token:
        return Checked(Verdict.MISSING)
    if not genuine:
        return Checked(Verdict.NOT_GENUINE)
    if until <= now:
        return Checked(Verdict.EXPIRED, until)
    if pass_hash(token) in revoked:
        return Checked(Verdict.REVOKED, until)
    return Checked(Verdict.OPEN if fits else Verdict.OTHER_ADDRESS, until)


def matches(pattern: str, url: str) -> bool:
    """Whether the address without its query and fragment is one of the pattern's; `*` is any text, also none.

    An address that another server could read as another path (`..`, `//`, escaped dots and slashes) is none.
    """
    plain = _plain(url)
    if plain is None:
        return False
    parts = urlsplit(pattern)
    whole = f"https://{parts.netloc.lower()}{parts.path or '/'}"
    return re.fullmatch(".*".join(map(re.escape, whole.split("*"))), plain) is not None


def signed_url(key: bytes, opens: OpenResource, url: str) -> str:
    """`url` with a pass in its query, in place of one it may have had."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != PARAMETER]
    return urlunsplit(parts._replace(query=urlencode([*query, (PARAMETER, make_pass(key, opens))])))


def pass_in(url: str) -> str:
    """The pass an address carries, "" without one."""
    parts = _split(url)
    return dict(parse_qsl(parts.query)).get(PARAMETER, "") if parts else ""


_LAST: Final = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
_NOBODY: Final = bytes(_TIME.size)


def _parts(token: str) -> tuple[bytes, bytes]:
    """Body and signature; of anything that cannot be a pass, ones that nobody signed."""
    body, _, mac = token.partition(".")
    try:
        found = _bytes(body), _bytes(mac)
    except (ValueError, binascii.Error):
        return _NOBODY, bytes(_MAC_BYTES)
    if len(token) > _LONGEST_TOKEN or len(found[0]) <= _TIME.size or len(found[1]) != _MAC_BYTES:
        return _NOBODY, bytes(_MAC_BYTES)
    # One pass has one spelling: base64 has spare bits at its end.
    return found if _text(found[0]) == body and _text(found[1]) == mac else (_NOBODY, bytes(_MAC_BYTES))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"open-link" + body, hashlib.sha256)


def _host(url: str) -> str:
    return url.removeprefix("https://").split("/", maxsplit=1)[0]


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _plain(url: str) -> str | None:
    """The address without query and fragment, its host in small letters; None when its path could mean another one."""
    parts = _split(url)
    if (
        parts is None
        or not parts.path.isprintable()
        or not is_public_link(f"https://{parts.netloc}{parts.path}")
        or parts.scheme != "https"
    ):
        return None
    folders = parts.path.split("/")[1:]
    if any(folder in {".", ".."} for folder in folders) or "" in folders[:-1] or _HIDDEN.search(parts.path):
        return None
    return f"https://{parts.netloc.lower()}{parts.path or '/'}"
