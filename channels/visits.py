"""Open an address as a reader would, and follow it to where it leads: without reading it (HEAD, else GET), or whole.

Every hop is resolved and checked anew, so that no redirect leads inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from app.domain.message import Failure, FailureKind
from channels.http import Http, Reply

MOST_HOPS: Final = 5
_ELSEWHERE: Final = frozenset({301, 302, 303, 307, 308})
_HEADERS: Final = {"accept": "text/html,*/*;q=0.8"}
TOO_MANY: Final = Failure(FailureKind.RECIPIENT, "too_many_redirects", "It leads on and on.")


@dataclass(frozen=True, slots=True)
class Visited:
    status: int
    url: str
    """Where the redirects ended."""


async def visit(http: Http, url: str, most_hops: int = MOST_HOPS) -> Visited | Failure:
    """The last answer, whatever its status; a Failure as `Http.visit_public` gives it, or TOO_MANY."""
    for _ in range(most_hops + 1):
        reply = await _open(http, url)
        if isinstance(reply, Failure):
            return reply
        target = reply.header("location") if reply.status in _ELSEWHERE else ""
        if not target:
            return Visited(reply.status, url)
        try:
            url = urljoin(url, target).partition("#")[0]
        except ValueError:
            return Visited(reply.status, url)
    return TOO_MANY


@dataclass(frozen=True, slots=True)
class Fetched:
    status: int
    text: str
    policies: tuple[str, ...]
    """Every Content-Security-Policy header of the last answer."""
    url: str
    """Where the redirects ended."""


async def fetch(http: Http, url: str, most_hops: int = MOST_HOPS) -> Fetched | Failure:
    """A page as a browser gets it, its body bounded by `channels.http.LONGEST_BODY`."""
    for _ in range(most_hops + 1):
        async with http.line(url) as line:
            reply = line if isinstance(line, Failure) else await line.ask("GET", url, _HEADERS)
        if isinstance(reply, Failure):
            return reply
        target = reply.header("location") if reply.status in _ELSEWHERE else ""
        if not target:
            text = bytes(reply.body).decode("utf-8", "replace")
            return Fetched(reply.status, text, tuple(reply.each("content-security-policy")), url)
        try:
            url = urljoin(url, target).partition("#")[0]
        except ValueError:
            break
    return TOO_MANY


async def _open(http: Http, url: str) -> Reply | Failure:
    """Many servers answer HEAD with a refusal they do not mean, or hang up."""
    reply = await http.visit_public("HEAD", url, _HEADERS)
    if isinstance(reply, Reply) and reply.status < 400:
        return reply
    if isinstance(reply, Failure) and reply.kind is not FailureKind.AMBIGUOUS:
        return reply
    return await http.visit_public("GET", url, _HEADERS)
