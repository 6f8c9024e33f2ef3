"""Submitted words wake the approvers on duty: the first with the submit itself, the next ones while nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.domain.crisis import Severity, UpdateState
from app.domain.masking import mask
from app.domain.paging import next_page_at
from app.domain.principals import ROLE_FOR
from app.domain.staff_notices import Notice, NoticeKind, NudgeState
from app.domain.texts import pick
from app.errors import NotFound
from app.store import accounts, approvals, crises, endpoints, staff, updates, users
from app.store.approvals import Look
from app.store.crises import CrisisRow
from app.store.database import Database
from app.store.staff import NoticeRow, StaffRecipient
from app.store.updates import UpdateRow
from app.usecases.tell_staff import staff_notice_is_over, tell_staff

WAITING: Final = (UpdateState.STAGING, UpdateState.SUBMITTED)
KINDS: Final = (NoticeKind.APPROVAL_WANTED, NoticeKind.DRILL_APPROVAL_WANTED)


@dataclass(frozen=True, slots=True)
class Told:
    """One place that was told of it."""

    person: str
    """"" = nobody's in particular."""
    endpoint: str
    address: str
    """Masked."""
    state: NudgeState
    at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """Who knows of words that wait, and who has opened them."""

    told: tuple[Told, ...]
    looks: tuple[Look, ...]

    def seen(self, person: str) -> datetime | None:
        return next((one.at for one in self.looks if one.name == person), None)


def page_first(tx: Connection, row: UpdateRow, now: datetime) -> None:
    """Within the transaction that submits: `row` as it stands then. Earlier pages of it are over."""
    page_is_over(tx, row.id, now)
    levels = approvers_on_duty(tx, row)
    _tell(tx, row, crises.get(tx, row.crisis), 0, levels[0] if levels else (), now)


def page_is_over(tx: Connection, update_id: int, now: datetime) -> None:
    """Somebody has decided, or it was taken back: what has not left yet stays here."""
    for kind in (*KINDS, NoticeKind.APPROVAL_UNANSWERED):
        staff_notice_is_over(tx, kind, str(update_id), now)


def watch_approvals(db: Database, now: datetime) -> tuple[Notice, ...]:
    """The next approver after five minutes, each once; after the last one everybody, the author too. Those told now.

    Harmless to repeat and to run in several processes: the unique row of a notice decides. A decision clears them.
    """
    with db.reading() as connection:
        if not any(_due(connection, now)):
            return ()
    told = []
    with db.writing() as tx:
        due, over = _due(tx, now)
        for update_id in over:
            page_is_over(tx, update_id, now)
        for row, level in due:
            crisis, levels = crises.get(tx, row.crisis), approvers_on_duty(tx, row)
            if level < len(levels):
                notice = _tell(tx, row, crisis, level, levels[level], now)
            else:
                notice = _notice(row, crisis, level, NoticeKind.APPROVAL_UNANSWERED)
                tell_staff(tx, notice, now, staff.recipients(tx))
            told.append(notice)
    return tuple(told)


def asked(connection: Connection, row: UpdateRow) -> Asked:
    """Of the revision that stands."""
    owners = {(one.endpoint, one.address): one.person for one in staff.recipients(connection)}
    notices = [one for kind in KINDS for one in staff.about(connection, kind, str(row.id)) if _of(one, row)]
    nudges = staff.nudges(connection, [one.id for one in notices])
    media = {each.slug: each.medium for each in endpoints.everything(connection)}
    told = [
        Told(
            owners.get((one.endpoint, one.address), ""),
            one.endpoint,
            mask(media[one.endpoint], one.address) if one.endpoint in media else "",
            one.state,
            one.at,
        )
        for notice in sorted(notices, key=lambda each: each.id)
        for one in nudges[notice.id]
    ]
    return Asked(tuple(told), tuple(approvals.looks(connection, row.id, row.revision)))


def looks_at(connection: Connection, row: UpdateRow) -> list[datetime]:
    """When anybody opened this revision, or said that they take care of it."""
    notices = [one for kind in KINDS for one in staff.about(connection, kind, str(row.id)) if _of(one, row)]
    taken = [one.acknowledged_at for one in notices if one.acknowledged_at is not None]
    return [*taken, *(one.at for one in approvals.looks(connection, row.id, row.revision))]


def approvers_on_duty(connection: Connection, row: UpdateRow) -> list[tuple[StaffRecipient, ...]]:
    """Whose turn it is, by step of the list; who is on no step comes last. Rooms are told with the first.

    Whoever wrote any of it is no second person and is not woken. Nobody there: every place of staff, at once.
    """
    places = staff.recipients(connection)
    able = _able(connection, row, {one.person for one in places if one.person})
    steps = sorted({_turn(one) for one in places if one.person in able})
    levels = [tuple(one for one in places if one.person in able and _turn(one) == step) for step in steps]
    rooms = tuple(one for one in places if not one.person)
    if not levels:
        return [tuple(places)] if places else []
    return [(*levels[0], *rooms), *levels[1:]]


def every_approver(connection: Connection) -> Sequence[StaffRecipient]:
    """Their places and the rooms, whatever severity they want."""
    places = staff.recipients(connection)
    found = users.named(connection, {one.person for one in places if one.person})
    able = {one.name for one in found if not one.disabled and one.role.allows(ROLE_FOR["approve_update"])}
    return [one for one in places if not one.person or one.person in able]


def _able(connection: Connection, row: UpdateRow, names: set[str]) -> set[str]:
    wrote = accounts.persons(connection, row.authors)
    found = [
        one
        for one in users.named(connection, names)
        if not one.disabled and one.role.allows(ROLE_FOR["approve_update"])
    ]
    return {one.name for one in found if not accounts.persons(connection, [one.id]) & wrote}


def _turn(one: StaffRecipient) -> int:
    return one.step if one.step is not None else 1_000


def _due(connection: Connection, now: datetime) -> tuple[list[tuple[UpdateRow, int]], list[int]]:
    """(updates whose next level is to be told, with that level; those that nobody waits for any more)"""
    standing: dict[int, list[NoticeRow]] = {}
    for kind in (*KINDS, NoticeKind.APPROVAL_UNANSWERED):
        for one in staff.standing(connection, kind):
            standing.setdefault(int(one.notice.subject), []).append(one)
    due, over = [], []
    for update_id, notices in standing.items():
        row = _find(connection, update_id)
        if row is None or row.state not in WAITING:
            over.append(update_id)
            continue
        mine = [one for one in notices if _of(one, row)]
        if not mine or any(one.notice.kind is NoticeKind.APPROVAL_UNANSWERED for one in mine):
            continue
        if now >= next_page_at([one.raised_at for one in mine], looks_at(connection, row)):
            due.append((row, len(mine)))
    return due, over


def _find(connection: Connection, update_id: int) -> UpdateRow | None:
    try:
        return updates.get(connection, update_id)
    except NotFound:
        return None


def _of(one: NoticeRow, row: UpdateRow) -> bool:
    return one.notice.details.get("revision") == str(row.revision)


def _tell(
    tx: Connection, row: UpdateRow, crisis: CrisisRow, level: int, places: Sequence[StaffRecipient], now: datetime
) -> Notice:
    drill = bool(row.document.get("drill"))
    notice = _notice(row, crisis, level, NoticeKind.DRILL_APPROVAL_WANTED if drill else NoticeKind.APPROVAL_WANTED)
    tell_staff(tx, notice, now, places)
    return notice


def _notice(row: UpdateRow, crisis: CrisisRow, level: int, kind: NoticeKind) -> Notice:
    details = {
        "title": pick(crisis.titles, "en")[0],
        "by": row.submitted_by or "",
        "revision": str(row.revision),
        "path": f"/updates/{row.id}/approve?revision={row.revision}",
    }
    severity = Severity.INFO if row.document.get("drill") else crisis.severity
    return Notice(kind, str(row.id), f"{row.revision} {level}", severity, details)
