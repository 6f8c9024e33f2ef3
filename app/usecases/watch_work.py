"""Tell staff when what should happen does not: nothing taken of a critical update, a part of the service silent,
a banner about to lapse.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection

from app.clock import to_ms
from app.domain.crisis import REACHED, CrisisState, Severity, UpdateState
from app.domain.life import SILENT_AFTER, TAKEN_WITHIN, WARN_BEFORE_EXPIRY, Signs, Silent, silent
from app.domain.reading import iso, parse_instant
from app.domain.staff_notices import Notice, NoticeKind
from app.store import crises, duties, ledger, schedules, updates, watching
from app.store.database import Database
from app.usecases.tell_staff import keep_told

ATTENDANT: Final = "attend"
KINDS: Final = (NoticeKind.NOTHING_TAKEN, NoticeKind.WORK_STANDS_STILL, NoticeKind.BANNER_EXPIRES)


def watch_work(db: Database, now: datetime) -> tuple[Notice, ...]:
    """What was told now, each once a spell; what is well again is cleared. Harmless to repeat in any process."""
    with db.writing() as tx:
        gap_ms = int(SILENT_AFTER.total_seconds() * 1000)
        since = _moment(watching.watched_since(tx, to_ms(now), gap_ms))
    return keep_told(db, KINDS, lambda connection, at: _wrong(connection, at, since), now)


def note_attended(db: Database, now: datetime) -> None:
    """Somebody has looked around: seen by the scheduler and by the dead-man's switch."""
    with db.writing() as tx:
        watching.alive(tx, ATTENDANT, to_ms(now))


def standing_still(connection: Connection, now: datetime, watched_since: datetime | None = None) -> list[Silent]:
    """Which parts of the service are silent; see `domain.life.silent`."""
    scheduler = schedules.scheduler_state(connection)
    attended = duties.last_done(connection, ATTENDANT)
    workers = duties.workers(connection)
    live = ledger.live_broadcasts(connection) or updates.page(connection, states=[UpdateState.STAGING], limit=1).items
    signs = Signs(
        scheduler=scheduler.ticked_at if scheduler and scheduler.paused_at is None else None,
        attendant=_moment(attended),
        engine=_moment(workers[0].seen_ms if workers else None),
        work_waits=bool(live),
        site_behind_since=watching.oldest_request(connection),
    )
    return list(silent(signs, now, watched_since))


def _wrong(connection: Connection, now: datetime, watched_since: datetime | None) -> Iterator[Notice]:
    for one in standing_still(connection, now, watched_since):
        details = {"reason": f"since {iso(one.since)}", "since": iso(one.since)}
        yield Notice(NoticeKind.WORK_STANDS_STILL, one.part.value, iso(one.since), Severity.EMERGENCY, details)
    for severity, within in TAKEN_WITHIN.items():
        for sent in watching.unheard(connection, [severity], now - within, now):
            details = {"crisis": sent.crisis, "since": iso(sent.sent_at)}
            yield Notice(NoticeKind.NOTHING_TAKEN, str(sent.update_id), str(sent.revision), severity, details)
    yield from _expiring(connection, now)


def _expiring(connection: Connection, now: datetime) -> Iterator[Notice]:
    """The newest words of each open crisis that stand on the website."""
    for crisis in crises.page(connection, state=CrisisState.OPEN, limit=200).items:
        newest = updates.page(connection, crisis_slug=crisis.slug, states=REACHED, limit=1).items
        expires = parse_instant(str(newest[0].document.get("expires_at") or "")) if newest else None
        if expires is None or newest[0].document.get("drill") or not now < expires <= now + WARN_BEFORE_EXPIRY:
            continue
        details = {"at": iso(expires), "update": str(newest[0].id)}
        severity = min(crisis.severity, Severity.MAJOR, key=lambda one: one.rank)
        yield Notice(NoticeKind.BANNER_EXPIRES, crisis.slug, str(newest[0].id), severity, details)


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)
