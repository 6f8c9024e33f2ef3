"""Which slot of a schedule counts now, and what may become of the update it makes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.schedules import Schedule

LONGEST_GAP: Final = timedelta(minutes=15)
"""Silent for longer with something due in between, the scheduler asks before it goes on."""


class ScheduleState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"
    """Nothing more comes: its end, its count, or its crisis is resolved."""


class OccurrenceState(StrEnum):
    FIRED = "fired"
    MISSED = "missed"
    """Later than the schedule allows, or overtaken by a later slot while nothing ran. `reason` says which."""


class PlanState(StrEnum):
    """Of one update that a firing planned for one crisis."""

    ASKED = "asked"
    """Staff were asked whether it is still true; nobody has answered."""
    READY = "ready"
    """It may go at its time: confirmed, or approved in advance."""
    SENT = "sent"
    SNOOZED = "snoozed"
    """Asked again at a later time."""
    ESCALATED = "escalated"
    """Nobody answered, or it must not go by itself: staff were told, a person goes on."""
    MISSED = "missed"
    """Later than the schedule allows."""
    SKIPPED = "skipped"
    """Not needed any more: the crisis is resolved, or staff have said something since."""


WAITING: Final = frozenset({PlanState.ASKED, PlanState.READY, PlanState.SNOOZED})
"""Something is still to happen by itself."""


class Why(StrEnum):
    """Why an occurrence or a planned update is in its state; stored, shown and counted."""

    LATE = "late"
    OVERTAKEN = "overtaken"
    """A later slot was due too when the scheduler came back: one message instead of two."""
    CRISIS_RESOLVED = "crisis_resolved"
    STAFF_SPOKE = "staff_spoke"
    """An update of staff has gone out since the draft was made."""
    NO_PLAYBOOK = "no_playbook"
    NOT_FILLED = "not_filled"
    """A fact without which there is no headline or impact is missing or stale."""
    NOT_WELL_FORMED = "not_well_formed"
    UNANSWERED = "unanswered"
    NOT_APPROVED = "not_approved"
    """What it may do by itself was not approved by a second person, or was changed since."""
    FACTS_CHANGED = "facts_changed"
    """Between the answer and its time."""
    NOWHERE = "nowhere"
    """Nothing has changed, and there is no website to say so on."""
    NO_ENDPOINT = "no_endpoint"
    """Neither the schedule, nor the crisis's last update, nor its playbook names a way out."""
    REFUSED = "refused"
    """Preflight, or a rule of release, said no."""
    TAKEN_OVER = "taken_over"
    """Somebody edited, returned, cancelled or sent the draft themselves."""
    CONFIRMED = "confirmed"
    IN_ADVANCE = "in_advance"
    NO_CHANGE = "no_change"


@dataclass(frozen=True, slots=True)
class Firing:
    """What is due of one schedule: at most one slot fires, whatever time has passed."""

    fires: datetime | None
    missed: datetime | None
    """The first slot that is passed over for good."""
    reason: Why | None
    """Of the missed one."""
    following: datetime | None
    """The slot after; None = it has ended."""


def due_slot(schedule: Schedule, next_at: datetime, fired: int, now: datetime) -> Firing:
    """`next_at` is the first slot not dealt with; call it when `next_at - schedule.lead <= now`.

    Of the slots that may still go the newest fires; those before it are missed, because one message says it all.
    """
    slot: datetime | None = next_at
    if now - next_at >= schedule.late:  # nothing up to there may go any more, however many there are
        slot = schedule.next_after(now - schedule.late, fired)
    chosen: datetime | None = None
    while slot is not None and slot - schedule.lead <= now and (chosen is None or slot <= now):
        chosen = slot
        slot = schedule.next_after(slot, fired)
    missed = next_at if chosen != next_at else None
    reason = None
    if missed is not None:
        reason = Why.LATE if now - missed >= schedule.late else Why.OVERTAKEN
    following = slot if chosen is None else schedule.next_after(chosen, fired + 1)
    return Firing(chosen, missed, reason, following)


RESTORED: Final = "restored"
"""Why the scheduler of a backup is paused, until staff are told."""
RESTORED_TOLD: Final = "backup_restored"


def must_ask(last_tick: datetime | None, now: datetime, gap: timedelta = LONGEST_GAP) -> bool:
    """After a long stop, or in a backup that was restored, nobody knows what is still true."""
    return last_tick is not None and now - last_tick > gap
