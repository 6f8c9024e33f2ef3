"""One click from wrong words to their correction, and from the end of a crisis to its all-clear."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.domain.crisis import Stage, UpdateState
from app.domain.playbooks import Playbook
from app.domain.predrafts import all_clear_of, prefilled
from app.domain.principals import Actor, permit
from app.domain.progress import Known, values_for
from app.domain.slots import Reading, SlotType, SlotValue
from app.errors import Conflict, Problem
from app.store import crises, documents, updates
from app.store.crises import CrisisRow
from app.store.database import Database
from app.store.documents import Kind
from app.store.updates import UpdateRow
from app.templating.words import Words
from app.usecases.correct_update import correct_update
from app.usecases.draft_update import draft_in, read_draft
from app.usecases.watch_promises import REACHED

UNDER_WAY = (
    UpdateState.DRAFT, UpdateState.RETURNED, UpdateState.STAGING, UpdateState.SUBMITTED, UpdateState.APPROVED,
)  # fmt: skip
KEPT = (
    "audience",
    "endpoints",
    "need",
    "drill",
    "help",
    "placements",
    "topic",
    "message_class",
    "language_policy",
)


def predraft_correction(db: Database, actor: Actor, update_id: int, now: datetime) -> UpdateRow:
    """The wrong words, to be mended, for exactly those who may have got them; the draft that is under way already when
    there is one. Raise Conflict when nobody can have read them.
    """
    permit(actor, "correct_update")
    with db.reading() as connection:
        waiting = updates.corrected_by(connection, update_id, UNDER_WAY)
        if waiting:
            return updates.get(connection, waiting[-1])
        wrong = updates.get(connection, update_id)
    return correct_update(db, actor, update_id, {"content": wrong.document.get("content")}, now)


def predraft_all_clear(
    db: Database, actor: Actor, slug: str, words: Mapping[str, Words], now: datetime, *, timezone: str = "UTC"
) -> UpdateRow:
    """To the same audience by the same ways as the last update; the one under way when there is one.

    In the playbook's own sentences, filled with facts that are fresh and with how long it lasted; gaps nobody can fill
    stay for the author. Raise Conflict when nobody was told anything.
    """
    permit(actor, "draft_update")
    with db.writing() as tx:
        crisis = crises.get(tx, slug, lock=True)
        waiting = updates.page(tx, crisis_slug=slug, states=UNDER_WAY, limit=50).items
        mine = next((one for one in waiting if one.document.get("stage") == Stage.RESOLVED.value), None)
        if mine is not None:
            return mine
        reached = updates.page(tx, crisis_slug=slug, states=REACHED, limit=1).items
        if not reached:
            raise Conflict(
                Problem("nobody_told", "Nobody was told anything, so nobody waits for an all-clear.", "state",
                        "Resolve the crisis.")
            )  # fmt: skip
        last = reached[0]
        document = {
            **{name: last.document.get(name) for name in KEPT if last.document.get(name) is not None},
            "stage": Stage.RESOLVED.value,
            "content": _all_clear(tx, crisis, last, words, now, timezone),
        }
        return draft_in(tx, actor, slug, read_draft(slug, document, now), now)


def unchanged_correction(connection: Connection, row: UpdateRow) -> Problem | None:
    """What stands against a correction that says again what was wrong."""
    if row.corrects is None:
        return None
    wrong = updates.get(connection, row.corrects).document.get("content") or {}
    content = row.document.get("content") or {}
    same = sorted(code for code, one in content.items() if one == wrong.get(code))
    if not same:
        return None
    return Problem(
        "correction_same",
        f"In {', '.join(same)} it still says what was wrong.",
        f"content.{same[0]}",
        "Write what is right; nobody else can know it.",
    )


def _all_clear(
    tx: Connection, crisis: CrisisRow, last: UpdateRow, words: Mapping[str, Words], now: datetime, timezone: str
) -> dict[str, dict[str, object]]:
    row = documents.find(tx, Kind.PLAYBOOK, crisis.playbook) if crisis.playbook else None
    playbook = Playbook.from_document(row.document) if row else None
    if playbook is None or not playbook.stages.get(Stage.RESOLVED.value):
        content = last.document.get("content") or {}
        return all_clear_of(content, _said(words, "stage_resolved"), _said(words, "all_clear"))
    facts = {name: Known(one.value, one.at, one.stale_at) for name, one in crises.facts(tx, crisis.slug).items()}
    values: dict[str, SlotValue] = dict(values_for(playbook, facts, {}, {}, now).typed)
    minutes = max(5, (now - crisis.opened_at) // timedelta(minutes=5) * 5)
    if playbook.variables.get("duration") is SlotType.DURATION:
        values.setdefault("duration", timedelta(minutes=minutes))
    return prefilled(playbook, Stage.RESOLVED.value, values, Reading(timezone, now))


def _said(words: Mapping[str, Words], name: str) -> dict[str, str]:
    return {language: each.say(name) for language, each in words.items()}
