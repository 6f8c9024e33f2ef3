"""List the audience of a submitted update into the ledger, in short steps that any process may continue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.domain.audience import choose_language
from app.domain.crisis import Action, UpdateState, move
from app.domain.message import MEDIUM_CODES, PERSONAL_MEDIA, Medium
from app.store import audiences, audit, consents, crises, staging, to_come, updates
from app.store.database import Database
from app.store.staging import Languages
from app.store.updates import UpdateRow
from app.usecases.submit_update import Plan, plan_of

Progress = Callable[[int, int], None]
"""(people looked at, people to look at)"""


@dataclass(frozen=True, slots=True)
class Staged:
    done: bool
    looked_at: int
    total: int
    recipients: int | None = None


def stage_update(db: Database, update_id: int, now: Callable[[], datetime], progress: Progress | None = None) -> Staged:
    """Run steps until the audience is complete; the update is then `submitted` with its exact count.

    When nobody at all is reached it goes back to its author (`returned`, reason `empty_audience`).
    """
    looked_at = 0
    while True:
        step = stage_step(db, update_id, now())
        looked_at += step.looked_at
        if progress is not None:
            progress(min(looked_at, step.total), step.total)
        if step.done:
            return Staged(True, looked_at, step.total, step.recipients)


def stage_step(db: Database, update_id: int, now: datetime) -> Staged:
    """One short transaction; safe to repeat, to interrupt and to run in two processes at once."""
    with db.writing() as tx:
        row = updates.get(tx, update_id, lock=True)
        if row.state is not UpdateState.STAGING or row.broadcast_id is None:
            return Staged(True, 0, 0, row.recipients)
        plan = plan_of(tx, row)
        total = staging.stage_total(tx, row.broadcast_id)
        media = sorted({way.medium for way in plan.ways if way.medium in PERSONAL_MEDIA}, key=MEDIUM_CODES.__getitem__)
        looked_at = _next_people(tx, row, plan, media)
        if looked_at is not None:
            return Staged(False, looked_at, total)
        looked_at = _next_waiting(tx, row, plan, media)
        if looked_at is not None:
            return Staged(False, 0, total)
        for medium in media:
            ways = [way for way in plan.ways if way.medium is medium]
            if staging.cut_shards(tx, row.broadcast_id, medium, ways, plan.spread):
                return Staged(False, 0, total)
        return _complete(tx, row, plan, total, now)


def _next_people(tx: Connection, row: UpdateRow, plan: Plan, media: list[Medium]) -> int | None:
    if not media or row.broadcast_id is None:
        return None
    languages = _languages(tx, plan)
    if row.completes is not None:
        return _next_who_waited(tx, row, plan, media)
    if row.corrects is None:
        rule = audiences.get(tx, plan.update.audience).typed()
        hears = consents.hearing(tx, plan.asked)
        return staging.stage_members(tx, row.broadcast_id, audiences.members(tx, rule), media, languages, hears=hears)
    wrong = updates.get(tx, row.corrects).broadcast_id
    if wrong is None:
        return None
    words = plan.update.languages
    spoken = {one: choose_language([one], words, languages.default) for one in staging.languages_of(tx, wrong)}
    for medium in media:
        added = staging.stage_reached(tx, row.broadcast_id, wrong, medium, spoken, languages.default)
        if added is not None:
            return added
    return None


def _next_waiting(tx: Connection, row: UpdateRow, plan: Plan, media: list[Medium]) -> int | None:
    """Readers of languages that are still to come are set aside before anything is cut into shards."""
    languages = plan.update.languages_to_come
    if not languages or row.broadcast_id is None or staging.is_cut(tx, row.broadcast_id, media):
        return None
    for medium in media:
        noted = to_come.set_aside(tx, row.broadcast_id, medium, languages, plan.update.languages)
        if noted is not None:
            return noted
    return None


def _next_who_waited(tx: Connection, row: UpdateRow, plan: Plan, media: list[Medium]) -> int | None:
    whose = updates.get(tx, row.completes or 0).broadcast_id
    if whose is None or row.broadcast_id is None:
        return None
    for medium in media:
        added = to_come.stage(tx, row.broadcast_id, whose, medium, plan.update.languages)
        if added is not None:
            return added
    return None


def _languages(tx: Connection, plan: Plan) -> Languages:
    words = plan.update.readers_languages
    ready = plan.update.ready or words
    default = "en" if "en" in ready else ready[0]
    lists = staging.language_lists(tx)
    return Languages({number: choose_language(wanted, words, default) for number, wanted in lists.items()}, default)


def _complete(tx: Connection, row: UpdateRow, plan: Plan, total: int, now: datetime) -> Staged:
    assert row.broadcast_id is not None  # noqa: S101 - a row in staging has one
    to_come.close(tx, row.broadcast_id, plan.update.languages_to_come)
    recipients = staging.close_staging(tx, row.broadcast_id)
    body = {"update": row.id, "recipients": recipients}
    if not recipients:
        staging.drop_broadcast(tx, row.broadcast_id)
        updates.change(tx, row.id, row.state, state=move(row.state, Action.RETURN), reason="empty_audience")
        crises.add_timeline(tx, row.crisis, "engine", "update_returned", {**body, "reason": "empty_audience"}, now)
    else:
        updates.change(tx, row.id, row.state, state=move(row.state, Action.STAGED), recipients=recipients)
        crises.add_timeline(tx, row.crisis, "engine", "update_staged", body, now)
    audit.append(tx, "engine", "stage_update", f"update/{row.id}", body, now)
    return Staged(True, 0, total, recipients)
