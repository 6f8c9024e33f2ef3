"""The doctor's answer to “why is it not being sent?”, and what the machine itself says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from app.cli.desk import Desk
from app.cli.findings import Finding
from app.clock import from_ms, to_ms
from app.domain.crisis import LIVE, UpdateState
from app.domain.delivery import State
from app.domain.explaining import EngineFacts, Hold, explain
from app.domain.message import ReportsReceipts
from app.engine.lock import engine_lock
from app.errors import ClarionError
from app.store import deliveries, duties, endpoints, holding, updates, vitals

WAITING: Final = (*LIVE, UpdateState.STAGING, UpdateState.SUBMITTED, UpdateState.APPROVED)
"""What is on its way, in whatever sense; drafts and what has ended are explained when asked for by number."""
SILENCE: Final = timedelta(seconds=30)
"""An engine says every few seconds that it is alive."""
RECEIPTS_LATE: Final = timedelta(minutes=1)
NO_RECEIPT_YET: Final = timedelta(minutes=10)
LOOKED_AT: Final = 20
WAL_LARGE: Final = 256 << 20
DISK_LOW: Final = 1 << 30
SKEW: Final = timedelta(seconds=2)


def everything_held(desk: Desk) -> Iterator[Finding]:
    """Of all updates on their way."""
    with desk.db.reading() as connection:
        waiting = [row.id for row in updates.page(connection, states=WAITING, limit=200).items]
    for update_id in waiting:
        yield from held(desk, update_id)


def held(desk: Desk, update_id: int) -> Iterator[Finding]:
    """Of one update, whatever its state. Raise NotFound."""
    engine = engine_facts(desk)
    with desk.db.reading() as connection:
        facts = holding.facts(connection, updates.get(connection, update_id))
    found = explain(facts, engine, desk.now())
    for hold in found:
        yield _finding(update_id, hold)
    if not found:
        yield Finding(f"update {update_id}", well=True, words="everything has left", reason="everything_left")


def engine_facts(desk: Desk) -> EngineFacts:
    with desk.db.reading() as connection:
        seen = duties.workers(connection)
    last = from_ms(seen[0].seen_ms) if seen else None
    fresh = last is not None and desk.now() - last <= SILENCE
    path = desk.settings.sqlite_path()
    if path is None:
        return EngineFacts(fresh, last)
    with engine_lock(path) as free:
        if free:
            return EngineFacts(alive=False, last_seen=last)
    holder = f"process {seen[0].pid} on {seen[0].host}" if seen else "a process"
    return EngineFacts(fresh or not seen, last, holder)


def database(desk: Desk) -> Iterator[Finding]:
    """Size of SQLite's log, room on the disk, the server's clock."""
    path = desk.settings.sqlite_path()
    if path is not None:
        log = path.with_name(path.name + "-wal")
        size = log.stat().st_size if log.exists() else 0
        remedy = "" if size < WAL_LARGE else "A reader holds it open: look for a long export or a stopped process."
        yield Finding("log of the database", size < WAL_LARGE, f"{size / 1e6:,.1f} MB", warning=True, remedy=remedy)
    folders = {desk.settings.publish_dir, *([path.parent] if path is not None else [])}
    for folder in sorted(one for one in folders if one.exists()):
        yield disk(folder, shutil.disk_usage(folder).free)
    with desk.db.reading() as connection:
        theirs = holding.database_ms(connection)
    if theirs is not None:
        skew = abs(to_ms(desk.now()) - theirs) / 1000
        remedy = "Set the clock (NTP): leases and expiry are told by it." if skew > SKEW.total_seconds() else ""
        words = f"{skew:.1f} s from the database's"
        yield Finding("clock", skew <= SKEW.total_seconds(), words, warning=True, remedy=remedy)


def disk(folder: Path, room: int) -> Finding:
    """`room`: bytes free."""
    remedy = "" if room >= DISK_LOW else "Make room: a full disk stops sending and publishing."
    return Finding(f"disk of {folder}", room >= DISK_LOW, f"{room / 1e9:,.1f} GB free", remedy=remedy)


def callbacks(desk: Desk) -> Iterator[Finding]:
    """Receipts that are not folded, and endpoints whose receipts never came."""
    now = desk.now()
    with desk.db.reading() as connection:
        oldest = vitals.oldest_waiting_receipt(connection)
        sent = updates.sent(connection)[:LOOKED_AT]
        known = {each.slug: each for each in endpoints.everything(connection)}
        lines = [
            line
            for row in sent
            if row.broadcast_id is not None and row.sent_at is not None and now - row.sent_at > NO_RECEIPT_YET
            for line in deliveries.counts_by_endpoint(connection, row.broadcast_id)
        ]
    if oldest is not None and now - from_ms(oldest) > RECEIPTS_LATE:
        words = f"some wait to be folded since {_clock(from_ms(oldest))}"
        yield Finding("receipts", well=False, words=words, warning=True, reason="receipts_lag")
    heard = {line.endpoint for line in lines if line.counts[State.DELIVERED] or line.counts[State.UNDELIVERED]}
    silent = {line.endpoint for line in lines if line.counts[State.ACCEPTED]} - heard
    for slug in sorted(silent):
        if slug in known and _reports(desk, slug):
            yield Finding(
                f"endpoint {slug}",
                well=False,
                words="accepts, but no receipt of it ever came",
                warning=True,
                reason="no_callbacks",
                remedy=f"It must reach {desk.settings.public_base}/callbacks/{slug}, and its signature must fit.",
            )


def _reports(desk: Desk, slug: str) -> bool:
    with desk.db.reading() as connection:
        endpoint = endpoints.get(connection, slug)
    try:
        return isinstance(desk.wiring.channels(endpoint), ReportsReceipts)
    except ClarionError:
        return False


def _finding(update_id: int, hold: Hold) -> Finding:
    where = f" at {hold.endpoint}" if hold.endpoint else ""
    number = f"{hold.held:,}{where}: " if hold.held else ""
    return Finding(
        f"update {update_id}",
        well=False,
        words=number + hold.words,
        warning=not hold.needs_somebody,
        reason=hold.reason.value,
        remedy=hold.remedy,
    )


def _clock(at: datetime) -> str:
    return at.strftime("%H:%M:%S UTC")
