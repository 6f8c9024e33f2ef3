"""Which pages must carry the banner's script tag, and what a look at them found; staff hear of those without."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection

from app.domain.crisis import Severity
from app.domain.page_checks import PageCheck, PageSeen, judged
from app.domain.reading import iso
from app.domain.sites import Site
from app.domain.staff_notices import Notice, NoticeKind
from app.errors import Invalid
from app.store import documents, page_checks
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.tell_staff import staff_notice_is_over, tell_staff

Page = tuple[str, str]
"""Site and address."""


def pages_to_check(connection: Connection) -> tuple[Page, ...]:
    """Of every site, in the order they were given. A site that cannot be read has none."""
    found: list[Page] = []
    for row in documents.everything(connection, Kind.SITE):
        with suppress(Invalid):
            site = Site.from_document(row.document)
            found += [(site.slug, url) for url in site.pages_to_check]
    return tuple(dict.fromkeys(found))


def record_pages(db: Database, seen: Mapping[Page, PageSeen], now: datetime) -> dict[Page, PageCheck]:
    """Judge what was seen; all pages as they are known now. Told once until it shows again; nobody asks for a page
    any more: forgotten.
    """
    with db.writing() as tx:
        before = page_checks.everything(tx)
        wanted = set(pages_to_check(tx))
        checks = {page: judged(*page, one, before.get(page), now) for page, one in seen.items() if page in wanted}
        page_checks.record(tx, checks.values())
        gone = before.keys() - wanted
        page_checks.forget(tx, gone)
        for page, check in checks.items():
            if not check.looks:
                staff_notice_is_over(tx, NoticeKind.BANNER_MISSING, _subject(page), now)
            elif check.lasts:
                tell_staff(tx, _notice(check), now)
        for page in gone:
            staff_notice_is_over(tx, NoticeKind.BANNER_MISSING, _subject(page), now)
        return page_checks.everything(tx)


def _subject(page: Page) -> str:
    return page[1][:200]


def _notice(check: PageCheck) -> Notice:
    words = check.verdict.value.replace("_", " ")
    reason = f"{words} ({check.detail})" if check.detail else words
    subject = _subject((check.site, check.url))
    spell = iso(check.since or check.checked_at)
    return Notice(NoticeKind.BANNER_MISSING, subject, spell, Severity.MINOR, {"reason": reason})
