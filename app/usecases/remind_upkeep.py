"""Remind staff of contact channels to look through or to call for a test, and of prepared words that lapse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from app.domain.contacts import ContactChannel
from app.domain.crisis import Severity
from app.domain.holding import lapse
from app.domain.playbooks import Playbook
from app.domain.staff_notices import Notice, NoticeKind
from app.store import approvals, documents, staff
from app.store.database import Database
from app.store.documents import Kind
from app.usecases.tell_staff import staff_notice_is_over, tell_staff

AGAIN_AFTER: Final = timedelta(days=7)
"""What is still overdue is told again so long after the last time."""
KINDS: Final = MappingProxyType(
    {"check": NoticeKind.CONTACT_CHANNEL_CHECK_DUE, "test_call": NoticeKind.CONTACT_CHANNEL_TEST_CALL_DUE}
)


def remind_upkeep(db: Database, now: datetime) -> tuple[Notice, ...]:
    """What was told now: each duty once when it is due, and again every seven days until it is done.

    Harmless to repeat and to run in several processes. A duty that is done clears its notices.
    """
    with db.reading() as connection:
        if not any(_differences(connection, now)):
            return ()
    with db.writing() as tx:
        news, over = _differences(tx, now)
        for kind, slug in over:
            staff_notice_is_over(tx, kind, slug, now)
        return tuple(notice for notice in news if tell_staff(tx, notice, now) is not None)


def _differences(connection: Connection, now: datetime) -> tuple[list[Notice], list[tuple[NoticeKind, str]]]:
    """(to be told, to be cleared)"""
    due = {(notice.kind, notice.subject): notice for notice in _first_words(connection, now)}
    for row in documents.everything(connection, Kind.CONTACT_CHANNEL):
        channel = ContactChannel.from_document(row.document)
        today = now.astimezone(ZoneInfo(channel.timezone)).date()
        for duty in channel.upkeep.due(today):
            kind = KINDS[duty]
            day = channel.upkeep.check_on if duty == "check" else channel.upkeep.next_test_call
            details = {"day": day.isoformat() if day else "never"}
            due[kind, channel.slug] = Notice(kind, channel.slug, today.isoformat(), Severity.MAJOR, details)
    standing = [
        row for kind in (*KINDS.values(), NoticeKind.FIRST_WORDS_DUE) for row in staff.standing(connection, kind)
    ]
    lately = {(row.notice.kind, row.notice.subject) for row in standing if now - row.raised_at < AGAIN_AFTER}
    told = {(row.notice.kind, row.notice.subject) for row in standing}
    return [notice for key, notice in due.items() if key not in lately], sorted(told - due.keys())


def _first_words(connection: Connection, now: datetime) -> Iterator[Notice]:
    for slug in approvals.prepared(connection):
        row = documents.find(connection, Kind.PLAYBOOK, slug)
        if row is None:
            continue
        found = lapse(Playbook.from_document(row.document), approvals.in_advance(connection, slug), now.date())
        if found is not None:
            details = {"day": found.day.isoformat(), "reason": found.reason.value}
            yield Notice(NoticeKind.FIRST_WORDS_DUE, slug, now.date().isoformat(), Severity.MAJOR, details)
