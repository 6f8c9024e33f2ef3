"""Keep what was found about the links readers are sent to, and tell staff about dead ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from app.domain.contacts import ContactChannel
from app.domain.crisis import Severity
from app.domain.help_library import FaqEntry, HelpLink
from app.domain.link_checks import LinkCheck, LinkState, Place, Seen, judge, links_of, urls_below
from app.domain.playbooks import Playbook
from app.domain.reading import iso
from app.domain.staff_notices import Notice, NoticeKind
from app.errors import Invalid
from app.store import documents, links, publishing, updates
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.tell_staff import staff_notice_is_over, tell_staff

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KnownLink:
    url: str
    places: tuple[Place, ...]
    check: LinkCheck | None
    """None = not looked at yet."""


def known_links(connection: Connection) -> tuple[KnownLink, ...]:
    """Every link readers may be sent to, drafts included, with its last check. A document that cannot be read is left
    out.
    """
    found = links_of(
        _readable(connection, Kind.HELP_LINK, HelpLink.from_document),
        _readable(connection, Kind.FAQ, FaqEntry.from_document),
        _readable(connection, Kind.PLAYBOOK, Playbook.from_document),
        _readable(connection, Kind.CONTACT_CHANNEL, ContactChannel.from_document),
        ((f"{row.id}", url) for row in updates.open_drafts(connection) for url in urls_below(row.document["content"])),
    )
    checks = links.everything(connection)
    return tuple(KnownLink(url, places, checks.get(url)) for url, places in found.items())


def record_links(db: Database, seen: Mapping[str, Seen], now: datetime) -> tuple[KnownLink, ...]:
    """Judge what was seen; the links as they are known now.

    Staff are told of each dead link once until it lives again; the website is published anew when another set is
    dead, because it shows none. Links nobody uses any more are forgotten.
    """
    with db.writing() as tx:
        before, dead = links.everything(tx), links.dead(tx)
        links.record(tx, [judge(url, one, before.get(url), now) for url, one in seen.items()])
        known = known_links(tx)
        links.forget(tx, before.keys() - {one.url for one in known})
        if links.dead(tx) != dead:
            publishing.request(tx, "links_checked", now)
        for one in known:
            if one.check is not None and one.url in seen:
                _tell(tx, one, one.check, now)
    return known


def _tell(tx: Connection, link: KnownLink, check: LinkCheck, now: datetime) -> None:
    subject = link.url[:200]
    if check.state is LinkState.ALIVE:
        staff_notice_is_over(tx, NoticeKind.LINK_DEAD, subject, now)
    elif check.state is LinkState.DEAD:
        details = {"places": ", ".join(map(str, link.places))[:300], "reason": check.reason.value}
        spell = iso(check.failing_since or now)
        tell_staff(tx, Notice(NoticeKind.LINK_DEAD, subject, spell, Severity.MINOR, details), now)


def _readable(connection: Connection, kind: Kind, read: Callable[[dict[str, object]], T]) -> Iterable[T]:
    for row in documents.everything(connection, kind):
        with suppress(Invalid):
            yield read(row.document)
