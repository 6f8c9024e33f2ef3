"""Tell staff something nobody asked about, inside whatever transaction found it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from app.domain.staff_notices import NO_DETAILS, Notice, NoticeKind
from app.observe import logger
from app.store import staff
from app.store.database import Database
from app.store.staff import StaffRecipient


def tell_staff(
    tx: Connection, notice: Notice, now: datetime, places: Sequence[StaffRecipient] | None = None
) -> int | None:
    """The id of the notice; None when this spell (kind, subject, spell) was told before, by whatever process.

    With `tx` it stands in the list of notices and is queued to every place of the organisation's staff that wants
    this severity, or to exactly these `places`; `engine.nudging` hands it over. Rolled back, nobody hears of it.
    Harmless to repeat.
    """
    notice_id = staff.raise_notice(tx, notice, now)
    if notice_id is None:
        return None
    wanted = [
        one
        for one in staff.recipients(tx)
        if notice.kind is NoticeKind.TRIAL or notice.severity.rank <= one.severity.rank
    ]
    wanted = wanted if places is None else list(places)
    staff.queue(tx, notice_id, wanted, now)
    logger("clarion.staff").warning(
        notice.kind.value, subject=notice.subject, notice=notice_id, severity=notice.severity.value, places=len(wanted)
    )
    return notice_id


def keep_told(
    db: Database,
    kinds: Sequence[NoticeKind],
    find: Callable[[Connection, datetime], Iterable[Notice]],
    now: datetime,
) -> tuple[Notice, ...]:
    """What was told now: of all that `find` finds wrong each once a spell. What it finds no more is cleared.

    It looks first and takes the write lock only when there is a difference; harmless to repeat in any process.
    """
    with db.reading() as connection:
        wrong = list(find(connection, now))
        if all(staff.told(connection, notice) for notice in wrong) and not _over(connection, kinds, wrong):
            return ()
    with db.writing() as tx:
        wrong = list(find(tx, now))
        for kind, subject in _over(tx, kinds, wrong):
            staff_notice_is_over(tx, kind, subject, now)
        return tuple(notice for notice in wrong if tell_staff(tx, notice, now) is not None)


def _over(connection: Connection, kinds: Sequence[NoticeKind], wrong: Sequence[Notice]) -> list[tuple[NoticeKind, str]]:
    still = {(notice.kind, notice.subject) for notice in wrong}
    stands = {(row.notice.kind, row.notice.subject) for kind in kinds for row in staff.standing(connection, kind)}
    return sorted(stands - still)


def staff_notice_is_over(
    tx: Connection, kind: NoticeKind, subject: str, now: datetime, about: Mapping[str, str] = NO_DETAILS
) -> int:
    """How many notices it clears: what they told of is no more, and what has not left yet stays here.

    `about`: only those with these details.
    """
    standing = [row for row in staff.standing(tx, kind, subject) if about.items() <= row.notice.details.items()]
    if standing:
        staff.clear(tx, [one.id for one in standing], now)
    return len(standing)
