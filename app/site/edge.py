"""The first thing a request meets: addresses of the site are answered here, from memory.

No session, cookie, database, template or framework is on this path, so it stays up when they do not.
Conditional requests and negotiation follow RFC 9110; Range is ignored, as its section 14.2 allows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from app.site.asgi import ASGIApp, Receive, Scope, Send
from app.site.following import follow
from app.site.live import Hub
from app.site.shelf import Ready, Shelf, Variant

ALLOW: Final = b"GET, HEAD, OPTIONS"
PREFLIGHT_HEADERS: Final = [
    (b"allow", ALLOW),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", ALLOW),
    (b"access-control-allow-headers", b"if-none-match, cache-control"),
    (b"access-control-max-age", b"86400"),
]
REFUSAL_HEADERS: Final = [(b"allow", ALLOW), (b"content-length", b"0"), (b"access-control-allow-origin", b"*")]


def edge(shelf: Shelf, hub: Hub | None = None) -> Callable[[ASGIApp], ASGIApp]:
    """Middleware that answers what lies on the shelf, live push included, and hands everything else on."""

    def around(app: ASGIApp) -> ASGIApp:
        async def answer_or_pass(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                path: str = scope["path"]
                found = shelf.get(path)
                if found is not None:
                    await _answer(found, 200, scope, send)
                    return
                room = hub.room(path) if hub is not None else None
                if hub is not None and room is not None:
                    await follow(hub, room, scope, receive, send, gzip=takes_gzip(_accepted(scope)))
                    return
                absent = shelf.missing(path)
                if absent is not None:
                    await _answer(absent, 404, scope, send)
                    return
            await app(scope, receive, send)

        return answer_or_pass

    return around


async def _answer(found: Ready, status: int, scope: Scope, send: Send) -> None:
    method = scope["method"]
    if method not in ("GET", "HEAD"):
        await _refuse_or_preflight(method, send)
        return
    wanted = b""
    known = b""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            wanted = wanted + b"," + value if wanted else value
        elif name == b"if-none-match":
            known = known + b"," + value if known else value
    variant, held = negotiate(found, wanted, known if status == 200 else b"")
    if held:
        await send({"type": "http.response.start", "status": 304, "headers": variant.not_modified})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": status, "headers": variant.headers})
    await send({"type": "http.response.body", "body": variant.body if method == "GET" else b""})


def negotiate(found: Ready, accept_encoding: bytes, if_none_match: bytes) -> tuple[Variant, bool]:
    """The representation to speak of, and whether the client holds it already: 304 instead of its bytes.

    Several header lines of one name come joined by commas (RFC 9110 section 5.3); absent ones are empty.
    """
    packed = found.gzip
    variant = packed if packed is not None and accept_encoding and takes_gzip(accept_encoding) else found.plain
    if if_none_match:
        held = held_variant(if_none_match, found, variant)
        if held is not None:
            return held, True
    return variant, False


def _accepted(scope: Scope) -> bytes:
    return b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")


async def _refuse_or_preflight(method: str, send: Send) -> None:
    if method == "OPTIONS":
        await send({"type": "http.response.start", "status": 204, "headers": PREFLIGHT_HEADERS})
    else:
        await send({"type": "http.response.start", "status": 405, "headers": REFUSAL_HEADERS})
    await send({"type": "http.response.body", "body": b""})


@lru_cache(maxsize=512)
def takes_gzip(accept_encoding: bytes) -> bool:
    """Whether this Accept-Encoding allows gzip (RFC 9110 section 12.5.3); without the header we send plain."""
    star = False
    for part in accept_encoding.decode("latin-1").lower().split(","):
        coding, _, parameters = part.partition(";")
        name = coding.strip()
        if name in ("gzip", "x-gzip"):
            return _weight(parameters) > 0
        if name == "*":
            star = _weight(parameters) > 0
    return star


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value.strip())
            except ValueError:
                return 0.0
    return 1.0


def held_variant(if_none_match: bytes, found: Ready, selected: Variant) -> Variant | None:
    """The representation the client already holds, by weak comparison (RFC 9110 section 13.1.2), or None.

    Either representation counts: they are the same words, and the 304 names the one that is held.
    """
    if if_none_match == selected.etag:
        return selected
    if if_none_match.strip() == b"*":
        return selected
    held = {tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")}
    for variant in (selected, found.plain, found.gzip):
        if variant is not None and variant.etag in held:
            return variant
    return None
