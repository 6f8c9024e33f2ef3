"""Whether a page of the organisation still carries the banner's script tag, and whether its browser would run it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from html.parser import HTMLParser
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

SCRIPT: Final = "widget"
"""Our scripts are /site/widget.js and /site/widget.v1.js, wherever they are served."""
LOOKS: Final = 2
"""So many looks in a row must agree before staff are told: a page may be redeployed at this very moment."""


class PageVerdict(StrEnum):
    """Of one look at one page."""

    SHOWS = "shows"
    UNREACHABLE = "unreachable"
    TAG_MISSING = "tag_missing"
    """No script tag of ours."""
    WRONG_SITE = "wrong_site"
    """The tag names another site in `data-site`, or none."""
    SCRIPT_BLOCKED = "script_blocked"
    """The page's Content-Security-Policy does not let the script run."""
    CONNECT_BLOCKED = "connect_blocked"
    """The page's Content-Security-Policy does not let the script fetch the banner."""
    WRONG_HASH = "wrong_hash"
    """`integrity` names another script than the one that is published: the browser refuses it."""


@dataclass(frozen=True, slots=True)
class PageSeen:
    verdict: PageVerdict
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PageCheck:
    """The last word about one page."""

    site: str
    url: str
    verdict: PageVerdict
    detail: str
    checked_at: datetime
    since: datetime | None
    """Since when it has not shown the banner; None = it does."""
    looks: int
    """With something wrong, one after the other."""

    @property
    def lasts(self) -> bool:
        """Whether staff must hear of it."""
        return self.looks >= LOOKS


@dataclass(frozen=True, slots=True)
class Tag:
    """A script tag as the page has it."""

    src: str
    """Absolute."""
    site: str
    integrity: str
    nonce: bool


@dataclass(frozen=True, slots=True)
class Expected:
    """What a page must carry."""

    site: str
    hashes: frozenset[str]
    """`sha384-...` of every script that is published now; empty = not known."""


def examine(page_url: str, html: str, policies: Iterable[str], expected: Expected) -> PageSeen:
    """`policies`: the values of the Content-Security-Policy headers; those in the page itself are read from it."""
    reader = _Page(page_url)
    reader.feed(html)
    tags = [tag for tag in reader.tags if _is_ours(tag.src)]
    if not tags:
        return PageSeen(PageVerdict.TAG_MISSING, f"of {len(reader.tags)} scripts none is the banner's")
    mine = [tag for tag in tags if tag.site == expected.site]
    if not mine:
        named = ", ".join(sorted({tag.site or "none" for tag in tags}))
        return PageSeen(PageVerdict.WRONG_SITE, f"data-site is {named}, not {expected.site}")
    tag = mine[0]
    rules = [policy for header in (*policies, *reader.policies) for policy in _policies(header)]
    for policy in rules:
        blocked = _blocked(policy, tag, page_url)
        if blocked is not None:
            return blocked
    hashes = tag.integrity.split()
    if hashes and expected.hashes and not expected.hashes & set(hashes):
        return PageSeen(PageVerdict.WRONG_HASH, f"integrity is not that of {tag.src}")
    return PageSeen(PageVerdict.SHOWS)


def judged(site: str, url: str, seen: PageSeen, before: PageCheck | None, now: datetime) -> PageCheck:
    if seen.verdict is PageVerdict.SHOWS:
        return PageCheck(site, url, seen.verdict, seen.detail, now, None, 0)
    began = before.since if before is not None and before.since is not None else now
    looks = before.looks + 1 if before is not None else 1
    return PageCheck(site, url, seen.verdict, seen.detail[:300], now, began, looks)


def _is_ours(src: str) -> bool:
    path = urlsplit(src).path
    name = path.rpartition("/")[2]
    return "/site/" in path and name.startswith(f"{SCRIPT}.") and name.endswith(".js")


class _Page(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self._url = url
        self.tags: list[Tag] = []
        self.policies: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in reversed(attrs)}  # of a repeated name the first counts
        if tag == "base" and found.get("href"):
            self._url = _joined(self._url, found["href"])
        elif tag == "meta" and found.get("http-equiv", "").lower() == "content-security-policy":
            self.policies.append(found.get("content", ""))
        elif tag == "script" and found.get("src"):
            self.tags.append(
                Tag(
                    _joined(self._url, found["src"].strip()),
                    found.get("data-site", ""),
                    found.get("integrity", ""),
                    bool(found.get("nonce")),
                )
            )


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        return ""


def _policies(header: str) -> list[Mapping[str, Sequence[str]]]:
    """Each policy of a header as directive -> sources (CSP Level 3, section 2.2): the first of a name counts."""
    found: list[Mapping[str, Sequence[str]]] = []
    for policy in header.split(","):
        directives: dict[str, Sequence[str]] = {}
        for part in policy.split(";"):
            name, *sources = part.split()[:200] or [""]
            if name:
                directives.setdefault(name.lower(), sources)
        if directives:
            found.append(directives)
    return found


def _blocked(policy: Mapping[str, Sequence[str]], tag: Tag, page_url: str) -> PageSeen | None:
    """What this policy forbids, None = nothing. Nonces and hashes are believed: only the browser can tell them."""
    sources = _of(policy, "script-src-elem", "script-src", "default-src")
    if sources is not None and not _lets_run(sources, tag, page_url):
        return PageSeen(PageVerdict.SCRIPT_BLOCKED, f"script-src lacks {_origin(tag.src)}")
    sources = _of(policy, "connect-src", "default-src")
    if sources is not None and not _matches(sources, tag.src, page_url, path=False):
        return PageSeen(PageVerdict.CONNECT_BLOCKED, f"connect-src lacks {_origin(tag.src)}")
    return None


def _of(policy: Mapping[str, Sequence[str]], *names: str) -> Sequence[str] | None:
    return next((policy[name] for name in names if name in policy), None)


def _lets_run(sources: Sequence[str], tag: Tag, page_url: str) -> bool:
    words = [source.lower() for source in sources]
    if tag.nonce and any(word.startswith("'nonce-") for word in words):
        return True
    if tag.integrity and any(source.strip("'") in tag.integrity.split() for source in sources):
        return True
    if "'strict-dynamic'" in words:  # then addresses are ignored
        return False
    return _matches(sources, tag.src, page_url, path=True)


def _matches(sources: Sequence[str], url: str, page_url: str, *, path: bool) -> bool:
    return any(_match(source, url, page_url, path=path) for source in sources)


def _match(source: str, url: str, page_url: str, *, path: bool) -> bool:
    """CSP Level 3, section 6.7.2.8, as far as http and https addresses go."""
    wanted, page = urlsplit(url), urlsplit(page_url)
    word = source.lower()
    if word == "*":
        return wanted.scheme in {"http", "https"}
    if word == "'self'":
        return _origin(url) == _origin(page_url)
    if word.startswith("'"):
        return False
    if word.endswith(":") and "/" not in word:
        return wanted.scheme == word[:-1] or (word == "http:" and wanted.scheme == "https")
    scheme, separator, rest = word.partition("://")
    if not separator:
        scheme, rest = page.scheme, word
    host, slash, folder = rest.partition("/")
    name, _, port = host.partition(":")
    if wanted.scheme != scheme and not (scheme == "http" and wanted.scheme == "https"):
        return False
    if not _host_fits(name, wanted.hostname or "") or not _port_fits(port, _port(wanted), wanted.scheme):
        return False
    if not (path and slash and folder):
        return True
    asked = f"/{source.partition('://')[2].partition('/')[2] if separator else source.partition('/')[2]}"
    return wanted.path.startswith(asked) if asked.endswith("/") else wanted.path == asked


def _host_fits(pattern: str, host: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def _port_fits(pattern: str, port: int | None, scheme: str) -> bool:
    if pattern == "*":
        return True
    usual = {"https": 443, "http": 80}.get(scheme)
    return str(port or usual) == (pattern or str(usual))


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        return None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    port = _port(parts)
    suffix = "" if port in (None, usual) else f":{port}"
    return f"{parts.scheme}://{parts.hostname or ''}{suffix}"
