"""Facts change between two waves: what has not begun waits until a person has looked at it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from app.clock import to_ms
from app.domain.crisis import MOVING, Action, move
from app.domain.staff_notices import Notice, NoticeKind
from app.store import audit, crises, staff, stopping, updates, watching
from app.store.crises import FactRow
from app.store.database import Database
from app.store.updates import UpdateRow
from app.usecases.tell_staff import tell_staff

REASON: Final = "facts_changed"
WATCHDOG: Final = "watchdog"


def halt_outdated(db: Database, now: datetime) -> list[int]:
    """Updates that were halted now: waves are still to come, and a fact their words state has another value by now.

    Emergencies and corrections never wait for that. Whoever resumes it has looked: the same fact halts it once.
    """
    with db.reading() as connection:
        found = [one for one in watching.waves_to_come(connection, to_ms(now)) if _outdated(connection, one)]
    return [one for one in found if _halt(db, one, now)]


def _halt(db: Database, update_id: int, now: datetime) -> bool:
    with db.writing() as tx:
        row, notice = updates.get(tx, update_id, lock=True), _outdated(tx, update_id)
        if notice is None or row.state not in MOVING or row.broadcast_id is None:
            return False
        stopped = stopping.pause(tx, row.broadcast_id)
        updates.change(tx, update_id, row.state, state=move(row.state, Action.HALT), reason=REASON)
        body = {"update": update_id, "reason": REASON, "in_flight": stopped.in_flight, "out": stopped.out}
        tell_staff(tx, notice, now)
        crises.add_timeline(tx, row.crisis, WATCHDOG, "update_halted", body, now)
        audit.append(tx, WATCHDOG, "halt_update", f"update/{update_id}", body, now)
    return True


def _outdated(connection: Connection, update_id: int) -> Notice | None:
    """What to tell; None when its words hold, or staff were told of this very fact."""
    row = updates.get(connection, update_id)
    if row.approved_at is None:
        return None
    before = crises.facts(connection, row.crisis, until=row.approved_at)
    for name, fact in crises.facts(connection, row.crisis).items():
        old = before.get(name)
        if old is None or old.id == fact.id or old.value == fact.value or not _states(row, old):
            continue
        severity = crises.get(connection, row.crisis).severity
        reason = f"it says {name} {old.value}, which is {fact.value} by now"
        notice = Notice(NoticeKind.UPDATE_HALTED, str(update_id), f"fact {fact.id}", severity, {"reason": reason})
        if not staff.told(connection, notice):
            return notice
    return None


def _states(row: UpdateRow, fact: FactRow) -> bool:
    """Whether its words name this value, as it was recorded or as a number is written."""
    content: Mapping[str, object] = row.document.get("content") or {}
    words = json.dumps(content, ensure_ascii=False)
    number = isinstance(fact.value, int | float) and not isinstance(fact.value, bool)
    forms = {str(fact.value), f"{fact.value:,}"} if number else {str(fact.value)}
    return any(form and form in words for form in forms)
