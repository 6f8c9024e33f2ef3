"""Notices to staff: raised once, handed over once to each place, acknowledged, over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from app.domain.crisis import Severity
from app.domain.staff_notices import Notice, NoticeKind, NudgeState, Step
from app.errors import not_found
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, number_cursor
from app.store.staff_tables import staff_delivery, staff_notice, staff_recipient
from app.store.upsert import insert_new

AT_ONCE: Final = 50
"""Nudges claimed in one transaction."""


@dataclass(frozen=True, slots=True)
class StaffRecipient:
    endpoint: str
    address: str
    """In the clear: mask it before showing it. "" = the endpoint itself."""
    language: str
    severity: Severity
    """The least severe notice that goes there."""
    person: str = ""
    """The name of the user it belongs to; "" = nobody's in particular."""
    step: int | None = None
    """On the escalation list: 1 is told first. None = not on it."""


@dataclass(frozen=True, slots=True)
class NoticeRow:
    id: int
    notice: Notice
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class NudgeRow:
    """One delivery of a notice."""

    notice_id: int
    endpoint: str
    address: str
    language: str
    state: NudgeState
    reason: str
    provider_id: str
    attempts: int
    doubts: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """To be handed over by whoever holds it until its lease is over; `nudge.attempts` counts this one."""

    nudge: NudgeRow
    notice: NoticeRow
    abandoned: bool
    """Somebody else held it before and did not come back: it may have left."""


def recipients(connection: Connection) -> list[StaffRecipient]:
    query = select(staff_recipient).order_by(staff_recipient.c.endpoint, staff_recipient.c.address)
    return [
        StaffRecipient(row.endpoint, row.address, row.language, Severity(row.severity), row.person or "", row.step)
        for row in connection.execute(query)
    ]


def replace_recipients(connection: Connection, wanted: Sequence[StaffRecipient]) -> None:
    connection.execute(delete(staff_recipient))
    rows = [
        {
            "endpoint": one.endpoint,
            "address": one.address,
            "language": one.language,
            "severity": one.severity.value,
            "person": one.person or None,
            "step": one.step,
        }
        for one in wanted
    ]
    if rows:
        connection.execute(insert(staff_recipient), rows)


def raise_notice(connection: Connection, notice: Notice, now: datetime) -> int | None:
    """Its id; None when this spell was told before, by whatever process."""
    row = {
        "kind": notice.kind.value,
        "subject": notice.subject,
        "spell": notice.spell,
        "severity": notice.severity.value,
        "details": dict(notice.details),
        "raised_at": now,
    }
    return insert_new(connection, staff_notice, row, ["kind", "subject", "spell"], staff_notice.c.id)


def queue(connection: Connection, notice_id: int, places: Sequence[StaffRecipient], now: datetime) -> None:
    rows = [
        {
            "notice_id": notice_id,
            "endpoint": one.endpoint,
            "address": one.address,
            "language": one.language,
            "state": NudgeState.QUEUED.value,
            "reason": "",
            "provider_id": "",
            "attempts": 0,
            "doubts": 0,
            "at": now,
            "due_at": now,
        }
        for one in places
    ]
    if rows:
        connection.execute(insert(staff_delivery), rows)


def get(connection: Connection, notice_id: int, *, lock: bool = False) -> NoticeRow:
    query = select(staff_notice).where(staff_notice.c.id == notice_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise not_found("notice", notice_id)
    return _notice(row)


def page(
    connection: Connection, *, waiting: bool = False, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[NoticeRow]:
    """Newest first. `waiting`: only those neither acknowledged nor over."""
    query = select(staff_notice).order_by(staff_notice.c.id.desc()).limit(check_limit(limit) + 1)
    if waiting:
        query = query.where(staff_notice.c.acknowledged_at.is_(None), staff_notice.c.cleared_at.is_(None))
    before = number_cursor(cursor)
    if before is not None:
        query = query.where(staff_notice.c.id < before)
    return cut_page(connection.execute(query).all(), limit, _notice, lambda row: row.id)


def standing(connection: Connection, kind: NoticeKind, subject: str | None = None) -> list[NoticeRow]:
    """Those of this kind that are not over, newest first."""
    query = select(staff_notice).where(staff_notice.c.kind == kind.value, staff_notice.c.cleared_at.is_(None))
    if subject is not None:
        query = query.where(staff_notice.c.subject == subject)
    return [_notice(row) for row in connection.execute(query.order_by(staff_notice.c.id.desc()))]


def about(connection: Connection, kind: NoticeKind, subject: str) -> list[NoticeRow]:
    """All of this kind about this, whether over or not, newest first."""
    query = select(staff_notice).where(staff_notice.c.kind == kind.value, staff_notice.c.subject == subject)
    return [_notice(row) for row in connection.execute(query.order_by(staff_notice.c.id.desc()))]


def told(connection: Connection, notice: Notice) -> bool:
    mine = and_(
        staff_notice.c.kind == notice.kind.value,
        staff_notice.c.subject == notice.subject,
        staff_notice.c.spell == notice.spell,
    )
    return connection.execute(select(staff_notice.c.id).where(mine)).first() is not None


def acknowledge(connection: Connection, notice_id: int, who: str, now: datetime) -> NoticeRow:
    """The first one stays. What has not left yet will not."""
    mine = (staff_notice.c.id == notice_id) & staff_notice.c.acknowledged_at.is_(None)
    connection.execute(update(staff_notice).where(mine).values(acknowledged_at=now, acknowledged_by=who))
    _cancel(connection, [notice_id], "acknowledged", now)
    return get(connection, notice_id)


def clear(connection: Connection, notice_ids: Sequence[int], now: datetime) -> None:
    mine = staff_notice.c.id.in_(notice_ids) & staff_notice.c.cleared_at.is_(None)
    connection.execute(update(staff_notice).where(mine).values(cleared_at=now))
    _cancel(connection, notice_ids, "over", now)


def nudges(connection: Connection, notice_ids: Sequence[int]) -> dict[int, list[NudgeRow]]:
    """By notice; in the order of endpoint and address."""
    found: dict[int, list[NudgeRow]] = {notice_id: [] for notice_id in notice_ids}
    query = select(staff_delivery).where(staff_delivery.c.notice_id.in_(notice_ids))
    for row in connection.execute(query.order_by(staff_delivery.c.endpoint, staff_delivery.c.address)):
        found[row.notice_id].append(_nudge(row))
    return found


def counts(connection: Connection) -> dict[NudgeState, int]:
    """Of all nudges ever queued."""
    query = select(staff_delivery.c.state, func.count()).group_by(staff_delivery.c.state)
    found = {state: int(count) for state, count in connection.execute(query)}
    return {state: found.get(state.value, 0) for state in NudgeState}


def due(connection: Connection, now: datetime) -> bool:
    """Whether `claim` would find anything."""
    return connection.execute(select(staff_delivery.c.notice_id).where(_ready(now)).limit(1)).first() is not None


def claim(connection: Connection, now: datetime, lease: timedelta) -> list[Claimed]:
    """Queued ones that are due, and those whose holder did not come back; ours until the lease is over."""
    query = select(staff_delivery, staff_notice).join(staff_notice, staff_notice.c.id == staff_delivery.c.notice_id)
    query = query.where(_ready(now)).order_by(staff_delivery.c.due_at).limit(AT_ONCE)
    query = query.with_for_update(of=staff_delivery, skip_locked=True)
    claimed = []
    for row in connection.execute(query).all():
        before = _nudge(row)
        abandoned = before.state is NudgeState.SENDING
        values = {
            "state": NudgeState.SENDING.value,
            "attempts": before.attempts + 1,
            "doubts": before.doubts + int(abandoned),
            "at": now,
            "due_at": now + lease,
        }
        connection.execute(update(staff_delivery).where(_is(before)).values(**values))
        mine = NudgeRow(
            before.notice_id, before.endpoint, before.address, before.language, NudgeState.SENDING, before.reason,
            before.provider_id, before.attempts + 1, before.doubts + int(abandoned), now,
        )  # fmt: skip
        claimed.append(Claimed(mine, _notice(row), abandoned))
    return claimed


def settle(connection: Connection, nudge: NudgeRow, step: Step, now: datetime) -> bool:
    """False when somebody else has claimed it since: then their word counts."""
    mine = _is(nudge) & (staff_delivery.c.attempts == nudge.attempts)
    mine &= staff_delivery.c.state == NudgeState.SENDING.value
    values = {
        "state": step.state.value,
        "reason": step.reason,
        "provider_id": step.provider_id[:200],
        "doubts": nudge.doubts + int(step.doubtful),
        "at": now,
        "due_at": now + timedelta(seconds=step.delay) if step.state is NudgeState.QUEUED else None,
    }
    taken = connection.execute(update(staff_delivery).where(mine).values(**values)).rowcount == 1
    row = get(connection, nudge.notice_id)
    if row.acknowledged_at is not None or row.cleared_at is not None:
        _cancel(connection, [nudge.notice_id], "over", now)
    return taken


def _cancel(connection: Connection, notice_ids: Sequence[int], reason: str, now: datetime) -> None:
    waiting = staff_delivery.c.notice_id.in_(notice_ids) & (staff_delivery.c.state == NudgeState.QUEUED.value)
    values = {"state": NudgeState.CANCELLED.value, "reason": reason, "at": now, "due_at": None}
    connection.execute(update(staff_delivery).where(waiting).values(**values))


def _ready(now: datetime) -> Any:  # noqa: ANN401 - a condition
    moving = or_(
        staff_delivery.c.state == NudgeState.QUEUED.value,
        staff_delivery.c.state == NudgeState.SENDING.value,
    )
    return and_(moving, staff_delivery.c.due_at <= now)


def _is(nudge: NudgeRow) -> Any:  # noqa: ANN401 - a condition
    return and_(
        staff_delivery.c.notice_id == nudge.notice_id,
        staff_delivery.c.endpoint == nudge.endpoint,
        staff_delivery.c.address == nudge.address,
    )


def _nudge(row: Row[Any]) -> NudgeRow:
    return NudgeRow(
        row.notice_id, row.endpoint, row.address, row.language, NudgeState(row.state), row.reason, row.provider_id,
        row.attempts, row.doubts, row.at,
    )  # fmt: skip


def _notice(row: Row[Any]) -> NoticeRow:
    notice = Notice(NoticeKind(row.kind), row.subject, row.spell, Severity(row.severity), row.details)
    return NoticeRow(row.id, notice, row.raised_at, row.acknowledged_at, row.acknowledged_by, row.cleared_at)
