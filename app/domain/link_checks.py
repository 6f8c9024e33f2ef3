"""The links readers are sent to: where they stand, and what an answer means for whoever opens one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Final

from app.domain.contacts import ContactChannel
from app.domain.content import is_public_link
from app.domain.help_library import LANGUAGE_MARK, FaqEntry, HelpLink
from app.domain.playbooks import Playbook

EVERY: Final = timedelta(hours=6)
"""Between two looks at all links."""

_IN_WORDS: Final = re.compile(r"https://[^\s<>\"'`\\]+")
_TRAILING: Final = ".,;:!?)]}”’»"


class LinkState(StrEnum):
    ALIVE = "alive"
    UNSURE = "unsure"
    """It did not answer like a page, but readers may have more luck."""
    DEAD = "dead"


class LinkReason(StrEnum):
    ANSWERED = "answered"
    NOT_FOUND = "not_found"
    GUARDED = "guarded"
    """Log-in, payment, too many questions, not for programs: 401, 402, 403, 407, 429, 451."""
    REFUSED = "refused"
    SERVER_FAILED = "server_failed"
    NO_NAME = "no_name"
    NO_CONNECTION = "no_connection"
    NO_SECURE_CONNECTION = "no_secure_connection"
    NO_ANSWER = "no_answer"
    PRIVATE_ADDRESS = "private_address"
    """It, or where it leads on to, is not on the public internet."""
    TOO_MANY_REDIRECTS = "too_many_redirects"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a link stands: `help_link/first-steps`."""

    kind: str
    slug: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.slug}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of opening a link: an HTTP status, or the reason why there is none."""

    status: int = 0
    trouble: LinkReason | None = None


@dataclass(frozen=True, slots=True)
class LinkCheck:
    """The last word about one address."""

    url: str
    state: LinkState
    reason: LinkReason
    status: int
    """Of the last answer; 0 = there was none."""
    checked_at: datetime
    failing_since: datetime | None = None
    """None = alive."""


_GUARDED: Final = frozenset({401, 402, 403, 407, 429, 451})
_PASSING: Final = frozenset({LinkReason.SERVER_FAILED, LinkReason.NO_ANSWER, LinkReason.NO_CONNECTION})
"""May be over in a minute: dead only when it was so at the check before."""


def judge(url: str, seen: Seen, before: LinkCheck | None, now: datetime) -> LinkCheck:
    """What is to be thought of a link after this look at it and the one before."""
    reason = seen.trouble or _reason(seen.status)
    since = before.failing_since if before is not None and before.failing_since is not None else now
    if reason is LinkReason.ANSWERED:
        return LinkCheck(url, LinkState.ALIVE, reason, seen.status, now)
    again = before is not None and before.reason in _PASSING
    unsure = reason is LinkReason.GUARDED or (reason in _PASSING and not again)
    state = LinkState.UNSURE if unsure else LinkState.DEAD
    return LinkCheck(url, state, reason, seen.status, now, since)


def _reason(status: int) -> LinkReason:
    if 200 <= status < 300:
        return LinkReason.ANSWERED
    if status in {404, 410}:
        return LinkReason.NOT_FOUND
    if status in _GUARDED:
        return LinkReason.GUARDED
    return LinkReason.SERVER_FAILED if status >= 500 else LinkReason.REFUSED


def links_of(
    help_links: Iterable[HelpLink],
    faq: Iterable[FaqEntry],
    playbooks: Iterable[Playbook],
    contact_channels: Iterable[ContactChannel],
    drafts: Iterable[tuple[str, str]] = (),
) -> Mapping[str, tuple[Place, ...]]:
    """Every https address readers may be sent to, each once, with the places where it stands.

    `drafts`: numbers of updates and the addresses in them.
    """
    found: dict[str, dict[Place, None]] = {}
    written = ((Place("update", number), url) for number, url in drafts)
    for place, url in chain(_all(help_links, faq, playbooks, contact_channels), written):
        if is_public_link(url):
            found.setdefault(url.partition("#")[0], {})[place] = None
    return {url: tuple(places) for url, places in sorted(found.items())}


def urls_in(words: str) -> tuple[str, ...]:
    """The https addresses written out in a text, without the punctuation behind them."""
    return tuple(url.rstrip(_TRAILING) for url in _IN_WORDS.findall(words))


def _all(
    help_links: Iterable[HelpLink],
    faq: Iterable[FaqEntry],
    playbooks: Iterable[Playbook],
    contact_channels: Iterable[ContactChannel],
) -> Iterator[tuple[Place, str]]:
    for link in help_links:
        yield from ((Place("help_link", link.slug), link.url_in(language)) for language in link.languages)
    for entry in faq:
        yield from ((Place("faq", entry.slug), url) for text in entry.answers.values() for url in urls_in(text))
    for book in playbooks:
        yield from ((Place("playbook", book.slug), url) for url in _of_playbook(book))
    for channel in contact_channels:
        for address in (channel.address, *(one.address for one in channel.overrides)):
            yield Place("contact_channel", channel.slug), address


def _of_playbook(book: Playbook) -> Iterator[str]:
    for by_language in book.stages.values():
        for language, content in by_language.items():
            yield from (url.replace(LANGUAGE_MARK, language) for url in urls_below(content))
    for entry in book.faq:
        yield from (url for text in entry.answers.values() for url in urls_in(text))


def urls_below(value: object) -> Iterator[str]:
    """The fields `url` of a document, however deep they stand."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "url" and isinstance(inner, str):
                yield inner
            else:
                yield from urls_below(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from urls_below(inner)
