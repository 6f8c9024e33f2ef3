"""Tell staff when the website cannot be written, or shows something else than was published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.domain.crisis import Severity
from app.domain.reading import iso
from app.domain.reading_back import GRACE, Seen
from app.domain.staff_notices import Notice, NoticeKind
from app.store import targets
from app.store.database import Database
from app.usecases.tell_staff import keep_told

KINDS: Final = (NoticeKind.TARGET_FAILS, NoticeKind.SITE_DIFFERS, NoticeKind.SITE_CLOCK_WRONG)


def tell_site_differs(db: Database, now: datetime) -> tuple[Notice, ...]:
    """What was told now, each once a spell, after it has lasted a minute. What has healed is cleared.

    Harmless to repeat and to run in several processes: the unique row of the notice decides.
    """
    return keep_told(db, KINDS, _wrong, now)


def _wrong(connection: Connection, now: datetime) -> Iterator[Notice]:
    for slug, state in targets.states(connection).items():
        if state.failing_since is not None and now - state.failing_since > GRACE:
            yield Notice(
                NoticeKind.TARGET_FAILS, slug, iso(state.failing_since), Severity.MAJOR, {"reason": state.error}
            )
    for slug, seen in targets.seen(connection).items():
        yield from _seen(slug, seen, now)


def _seen(slug: str, seen: Seen, now: datetime) -> Iterator[Notice]:
    if seen.since is not None and seen.lasts(now):
        words = seen.verdict.value.replace("_", " ")
        reason = f"{words} ({seen.detail})" if seen.detail else words
        yield Notice(NoticeKind.SITE_DIFFERS, slug, iso(seen.since), Severity.MAJOR, {"reason": reason})
    if seen.clock_is_wrong and seen.skew is not None:
        reason = f"{abs(seen.skew):.0f} s {'ahead' if seen.skew > 0 else 'behind'}"
        spell = f"{seen.looked_at:%Y-%m-%d}"  # it has no beginning: once a day
        yield Notice(NoticeKind.SITE_CLOCK_WRONG, slug, spell, Severity.MINOR, {"reason": reason})
