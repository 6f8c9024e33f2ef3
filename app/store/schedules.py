"""Schedules, their occurrences and the updates planned by them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from app.domain.firing import OccurrenceState, PlanState, ScheduleState, Why
from app.domain.schedules import Schedule
from app.errors import not_found
from app.store.paging import DEFAULT_LIMIT, Page, check_limit, cut_page, number_cursor, text_cursor
from app.store.schedule_tables import occurrence, planned, schedule, scheduler
from app.store.upsert import insert_missing, insert_new

THE_SCHEDULER: Final = 1


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    id: int
    slug: str
    document: dict[str, Any]
    state: ScheduleState
    reason: str
    next_at: datetime | None
    fired: int
    revision: int
    authors: frozenset[int | None]
    created_at: datetime
    approved_at: datetime | None
    approved_by: int | None
    approved_hash: str | None

    def typed(self) -> Schedule:
        return Schedule.from_document(self.document)


@dataclass(frozen=True, slots=True)
class OccurrenceRow:
    id: int
    schedule: str
    due_at: datetime
    state: OccurrenceState
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PlannedRow:
    id: int
    schedule_id: int
    schedule: str
    crisis: str
    update_id: int | None
    revision: int
    """Of the draft when it was made; another one means that somebody edited it."""
    due_at: datetime
    act_at: datetime | None
    state: PlanState
    reason: str
    digest: str
    approver: int | None
    answered_by: str | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class SchedulerRow:
    ticked_at: datetime
    paused_at: datetime | None
    reason: str


def find(connection: Connection, slug: str, *, lock: bool = False) -> ScheduleRow | None:
    query = select(schedule).where(schedule.c.slug == slug)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _schedule(row)


def get(connection: Connection, slug: str, *, lock: bool = False) -> ScheduleRow:
    found = find(connection, slug, lock=lock)
    if found is None:
        raise not_found("schedule", slug)
    return found


def by_id(connection: Connection, schedule_id: int, *, lock: bool = False) -> ScheduleRow | None:
    query = select(schedule).where(schedule.c.id == schedule_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _schedule(row)


def page(connection: Connection, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT) -> Page[ScheduleRow]:
    """By slug."""
    query = select(schedule).order_by(schedule.c.slug).limit(check_limit(limit) + 1)
    after = text_cursor(cursor)
    if after is not None:
        query = query.where(schedule.c.slug > after)
    return cut_page(connection.execute(query).all(), limit, _schedule, lambda row: row.slug)


def of_crisis(connection: Connection, crisis: str) -> list[ScheduleRow]:
    """By slug; those for this crisis alone."""
    query = select(schedule).where(schedule.c.crisis == crisis).order_by(schedule.c.slug)
    return [_schedule(row) for row in connection.execute(query)]


def add(connection: Connection, wanted: Schedule, next_at: datetime, author: int | None, now: datetime) -> ScheduleRow:
    connection.execute(
        insert(schedule).values(
            slug=wanted.slug,
            fired=0,
            authors=[author],
            created_at=now,
            revision=1,
            **_values(wanted, next_at),
        )
    )
    return get(connection, wanted.slug)


def replace(
    connection: Connection, before: ScheduleRow, wanted: Schedule, next_at: datetime, authors: Collection[int | None]
) -> ScheduleRow:
    """Other words or times: it counts anew, and whoever approved it has approved something else."""
    values = _values(wanted, next_at)
    ordered = sorted(authors, key=lambda author: -1 if author is None else author)
    change(
        connection, before.id, revision=before.revision + 1, fired=0, authors=ordered, approved_at=None,
        approved_by=None, approved_hash=None, **values,
    )  # fmt: skip
    return get(connection, wanted.slug)


def change(connection: Connection, schedule_id: int, **values: Any) -> None:  # noqa: ANN401 - columns
    plain = {name: value.value if isinstance(value, ScheduleState | Why) else value for name, value in values.items()}
    connection.execute(update(schedule).where(schedule.c.id == schedule_id).values(**plain))


def remove(connection: Connection, schedule_id: int) -> None:
    """With its occurrences and plans; the updates they made stay."""
    mine = select(occurrence.c.id).where(occurrence.c.schedule_id == schedule_id)
    connection.execute(delete(planned).where(planned.c.occurrence_id.in_(mine)))
    connection.execute(delete(occurrence).where(occurrence.c.schedule_id == schedule_id))
    connection.execute(delete(schedule).where(schedule.c.id == schedule_id))


def due(connection: Connection, now: datetime, most: int) -> list[int]:
    """Ids of the active ones to look at now, the longest waiting first."""
    query = select(schedule.c.id).where(schedule.c.state == ScheduleState.ACTIVE.value, schedule.c.wake_at <= now)
    return list(connection.scalars(query.order_by(schedule.c.wake_at).limit(most)))


def move_on(connection: Connection, row: ScheduleRow, wanted: Schedule, following: datetime | None, fired: int) -> None:
    """To the next slot; ended without one."""
    values: dict[str, Any] = {"next_at": following, "wake_at": following and following - wanted.lead, "fired": fired}
    if following is None:
        values.update(state=ScheduleState.ENDED, reason="")
    change(connection, row.id, **values)


def occur(
    connection: Connection, schedule_id: int, due_at: datetime, state: OccurrenceState, reason: str, now: datetime
) -> int | None:
    """The new occurrence; None when this slot was dealt with before, by whatever process."""
    row = {"schedule_id": schedule_id, "due_at": due_at, "state": state.value, "reason": reason, "at": now}
    return insert_new(connection, occurrence, row, ["schedule_id", "due_at"], occurrence.c.id)


def occurrences(
    connection: Connection, slug: str, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[OccurrenceRow]:
    """Newest first."""
    query = select(occurrence, schedule.c.slug.label("schedule")).join(schedule).where(schedule.c.slug == slug)
    query = query.order_by(occurrence.c.id.desc()).limit(check_limit(limit) + 1)
    before = number_cursor(cursor)
    if before is not None:
        query = query.where(occurrence.c.id < before)
    return cut_page(connection.execute(query).all(), limit, _occurrence, lambda row: row.id)


def plan(
    connection: Connection,
    occurrence_id: int,
    crisis: str,
    *,
    due_at: datetime,
    state: PlanState,
    reason: str = "",
    act_at: datetime | None = None,
    update_id: int | None = None,
    digest: str = "",
) -> int:
    values = {
        "occurrence_id": occurrence_id,
        "crisis": crisis,
        "update_id": update_id,
        "revision": 0,
        "due_at": due_at,
        "act_at": act_at,
        "state": state.value,
        "reason": reason,
        "digest": digest,
    }
    return int(connection.execute(insert(planned).values(**values).returning(planned.c.id)).scalar_one())


def get_plan(connection: Connection, plan_id: int, *, lock: bool = False) -> PlannedRow:
    query = _plans().where(planned.c.id == plan_id)
    row = connection.execute(query.with_for_update(of=planned) if lock else query).one_or_none()
    if row is None:
        raise not_found("planned update", plan_id)
    return _plan(row)


def plans_due(connection: Connection, now: datetime, most: int) -> list[int]:
    query = select(planned.c.id).where(planned.c.act_at <= now).order_by(planned.c.act_at).limit(most)
    return list(connection.scalars(query))


def plans(
    connection: Connection, *, waiting: bool = False, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[PlannedRow]:
    """Newest first. `waiting`: those somebody could answer."""
    query = _plans().order_by(planned.c.id.desc()).limit(check_limit(limit) + 1)
    if waiting:
        query = query.where(planned.c.state.in_([PlanState.ASKED.value, PlanState.SNOOZED.value]))
    before = number_cursor(cursor)
    if before is not None:
        query = query.where(planned.c.id < before)
    return cut_page(connection.execute(query).all(), limit, _plan, lambda row: row.id)


def change_plan(connection: Connection, plan_id: int, **values: Any) -> PlannedRow:  # noqa: ANN401 - columns
    plain = {name: value.value if isinstance(value, PlanState | Why) else value for name, value in values.items()}
    connection.execute(update(planned).where(planned.c.id == plan_id).values(**plain))
    return get_plan(connection, plan_id)


def digest_of(connection: Connection, update_id: int) -> str | None:
    """Of the words of an update that a schedule planned, whatever has become of the plan; None for staff's own."""
    return connection.scalar(select(planned.c.digest).where(planned.c.update_id == update_id))


def scheduler_state(connection: Connection) -> SchedulerRow | None:
    row = connection.execute(select(scheduler).where(scheduler.c.id == THE_SCHEDULER)).one_or_none()
    return None if row is None else SchedulerRow(row.ticked_at, row.paused_at, row.reason)


def ticked(connection: Connection, now: datetime) -> None:
    """It is alive; a clock that goes back does not make it older."""
    insert_missing(connection, scheduler, [{"id": THE_SCHEDULER, "ticked_at": now, "reason": ""}], ["id"])
    mine = (scheduler.c.id == THE_SCHEDULER) & (scheduler.c.ticked_at < now)
    connection.execute(update(scheduler).where(mine).values(ticked_at=now))


def pause_all(connection: Connection, reason: str, now: datetime) -> None:
    mine = (scheduler.c.id == THE_SCHEDULER) & scheduler.c.paused_at.is_(None)
    connection.execute(update(scheduler).where(mine).values(paused_at=now, reason=reason))


def pause_is_told(connection: Connection, before: str, after: str) -> bool:
    """Whether the caller is the one who tells staff why all schedules wait."""
    mine = (scheduler.c.id == THE_SCHEDULER) & scheduler.c.paused_at.is_not(None) & (scheduler.c.reason == before)
    return connection.execute(update(scheduler).where(mine).values(reason=after)).rowcount == 1


def resume_all(connection: Connection, now: datetime) -> None:
    mine = scheduler.c.id == THE_SCHEDULER
    connection.execute(update(scheduler).where(mine).values(paused_at=None, reason="", ticked_at=now))


def counts(connection: Connection) -> dict[ScheduleState, int]:
    query = select(schedule.c.state, func.count()).group_by(schedule.c.state)
    found = {state: int(count) for state, count in connection.execute(query)}
    return {state: found.get(state.value, 0) for state in ScheduleState}


def _values(wanted: Schedule, next_at: datetime) -> dict[str, Any]:
    return {
        "document": wanted.to_document(),
        "crisis": wanted.crisis or None,
        "state": ScheduleState.ACTIVE.value,
        "reason": "",
        "next_at": next_at,
        "wake_at": next_at - wanted.lead,
    }


def _plans() -> Any:  # noqa: ANN401 - a query
    rows = select(planned, schedule.c.slug.label("schedule"), schedule.c.id.label("schedule_id"))
    return rows.join(occurrence, occurrence.c.id == planned.c.occurrence_id).join(
        schedule, schedule.c.id == occurrence.c.schedule_id
    )


def _schedule(row: Row[Any]) -> ScheduleRow:
    return ScheduleRow(
        id=row.id,
        slug=row.slug,
        document=row.document,
        state=ScheduleState(row.state),
        reason=row.reason,
        next_at=row.next_at,
        fired=row.fired,
        revision=row.revision,
        authors=frozenset(row.authors),
        created_at=row.created_at,
        approved_at=row.approved_at,
        approved_by=row.approved_by,
        approved_hash=row.approved_hash,
    )


def _occurrence(row: Row[Any]) -> OccurrenceRow:
    return OccurrenceRow(row.id, row.schedule, row.due_at, OccurrenceState(row.state), row.reason, row.at)


def _plan(row: Row[Any]) -> PlannedRow:
    return PlannedRow(
        id=row.id,
        schedule_id=row.schedule_id,
        schedule=row.schedule,
        crisis=row.crisis,
        update_id=row.update_id,
        revision=row.revision,
        due_at=row.due_at,
        act_at=row.act_at,
        state=PlanState(row.state),
        reason=row.reason,
        digest=row.digest,
        approver=row.approver,
        answered_by=row.answered_by,
        answered_at=row.answered_at,
    )
