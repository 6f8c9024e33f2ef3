"""See to it that a promised update comes: warn its author, nudge when it is overdue, then go up the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.domain.crisis import LIVE, CrisisState, Severity, UpdateState
from app.domain.promises import Kept, Said, Standing, count, levels_due, standing
from app.domain.reading import iso, parse_instant
from app.domain.staff_notices import Notice, NoticeKind
from app.errors import NotFound
from app.store import crises, staff, updates, users
from app.store.crises import CrisisRow
from app.store.database import Database
from app.store.staff import StaffRecipient
from app.store.updates import UpdateRow
from app.usecases.tell_staff import staff_notice_is_over, tell_staff

REACHED = (*LIVE, UpdateState.DONE, UpdateState.SUPERSEDED, UpdateState.EXPIRED)
KINDS = (NoticeKind.NEXT_UPDATE_DUE, NoticeKind.NEXT_UPDATE_MISSED)


@dataclass(frozen=True, slots=True)
class _Nudge:
    notice: Notice
    places: tuple[StaffRecipient, ...]


def watch_promises(db: Database, now: datetime) -> tuple[Notice, ...]:
    """What was told now, each once: harmless to repeat and to run in several processes.

    Whoever acknowledges a notice takes care, and the list goes no further. An update that comes clears them.
    """
    with db.reading() as connection:
        if not any(_differences(connection, now)):
            return ()
    with db.writing() as tx:
        nudges, over = _differences(tx, now)
        for kind, slug in over:
            staff_notice_is_over(tx, kind, slug, now)
        return tuple(one.notice for one in nudges if tell_staff(tx, one.notice, now, one.places) is not None)


def promises(connection: Connection, slug: str, now: datetime) -> tuple[Kept, datetime | None]:
    """Of one crisis: how many were kept and broken, and the one that holds. Raise NotFound."""
    crisis = crises.get(connection, slug)
    said = _said(connection, slug)
    holds = said[-1].promised if said and crisis.state is CrisisState.OPEN else None
    return count(said, crisis.resolved_at, now), holds


def _differences(connection: Connection, now: datetime) -> tuple[list[_Nudge], list[tuple[NoticeKind, str]]]:
    """(to be told, to be cleared)"""
    nudges: list[_Nudge] = []
    wanted: set[tuple[NoticeKind, str]] = set()
    for crisis in crises.page(connection, state=CrisisState.OPEN, limit=200).items:
        last = _last(connection, crisis.slug)
        promised = parse_instant(str(last.document.get("next_update_by") or "")) if last else None
        found = standing(promised, now)
        if last is None or promised is None or found in (Standing.NONE, Standing.WAITING):
            continue
        kind = NoticeKind.NEXT_UPDATE_MISSED if found is Standing.OVERDUE else NoticeKind.NEXT_UPDATE_DUE
        wanted.add((kind, crisis.slug))
        nudges += _nudges(connection, crisis, last, promised, kind, now)
    stands = {(row.notice.kind, row.notice.subject) for kind in KINDS for row in staff.standing(connection, kind)}
    return nudges, sorted(stands - wanted)


def _nudges(
    connection: Connection, crisis: CrisisRow, last: UpdateRow, promised: datetime, kind: NoticeKind, now: datetime
) -> list[_Nudge]:
    levels = _levels(connection, last)
    severity = min(crisis.severity, Severity.MAJOR, key=lambda one: one.rank)
    due = 1 if kind is NoticeKind.NEXT_UPDATE_DUE else levels_due(promised, len(levels), now)
    if any(row.acknowledged_at for row in staff.standing(connection, kind, crisis.slug)):
        return []
    found = [Notice(kind, crisis.slug, f"{last.id} {level}", severity, {"at": iso(promised)}) for level in range(due)]
    return [_Nudge(notice, levels[level]) for level, notice in enumerate(found) if not staff.told(connection, notice)]


def _levels(connection: Connection, last: UpdateRow) -> list[tuple[StaffRecipient, ...]]:
    """Who is told, one after the other: the authors, then the steps of the list; everybody where there is neither."""
    places = staff.recipients(connection)
    names = {_name(connection, author) for author in last.authors if author is not None} - {""}
    authors = tuple(one for one in places if one.person in names)
    steps = sorted({one.step for one in places if one.step is not None})
    listed = [tuple(one for one in places if one.step == step and one not in authors) for step in steps]
    return [level for level in (authors, *listed) if level] or [tuple(places)]


def _name(connection: Connection, user_id: int) -> str:
    try:
        return users.get(connection, user_id).name
    except NotFound:
        return ""


def _last(connection: Connection, slug: str) -> UpdateRow | None:
    found = updates.page(connection, crisis_slug=slug, states=REACHED, rests=False, limit=1).items
    return found[0] if found else None


def _said(connection: Connection, slug: str) -> Sequence[Said]:
    rows = updates.page(connection, crisis_slug=slug, states=REACHED, rests=False, limit=200).items
    return [
        Said(row.sent_at, parse_instant(str(row.document.get("next_update_by") or "")))
        for row in reversed(rows)
        if row.sent_at is not None
    ]
