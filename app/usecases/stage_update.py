"""List the audience of a submitted update into the ledger, in short steps that any process may continue."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Final

from sqlalchemy import Connection

from app.domain.audience import choose_language
from app.domain.audience_rules import Rule
from app.domain.crisis import Action, UpdateState, move
from app.domain.languages import main_language, parts_of
from app.domain.message import MEDIUM_CODES, PERSONAL_MEDIA, Medium
from app.domain.stepping import Sizes, Stride
from app.domain.updates import UpdateDocument
from app.store import audiences, audit, consents, crises, listing, membership, sharers, staging, to_come, updates
from app.store.appending import go_on_later, wait_for_the_disk
from app.store.database import Database
from app.store.listing import Languages, Texts, Whom
from app.store.updates import UpdateRow
from app.usecases.submit_update import Plan, other_language, plan_of, rules_of

Progress = Callable[[int, int], None]
"""(people looked at, people to look at)"""


PEOPLE: Final = Sizes(4_000, 100_000)
SHARDS: Final = Sizes(20, 400)
FIRST_PEOPLE: Final = Stride(listing.MEMBERS_A_STEP)
FIRST_SHARDS: Final = Stride(staging.SHARDS_A_STEP)


class Part(Enum):
    """What steps of a size can be made of."""

    PEOPLE = auto()
    SHARDS = auto()


@dataclass(frozen=True, slots=True)
class Staged:
    done: bool
    looked_at: int
    total: int
    recipients: int | None = None
    part: Part | None = None
    """What the step did, of what there is much."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the steps of one update have in common; worked out anew when something it rests on may have changed."""

    update_id: int
    mark: tuple[int, int, bool]
    """Of `listing.standing`."""
    plan: Plan
    media: list[Medium]
    other: str
    """The language of who reads none of the update's."""
    whom: Whom | None = None
    """Not for a correction, nor for those who waited: who they are stands in the ledger."""


@dataclass(slots=True)
class Run:
    """What one process keeps from step to step. None of it is needed to go on elsewhere."""

    people: Stride = FIRST_PEOPLE
    shards: Stride = FIRST_SHARDS
    prepared: Prepared | None = None

    def took(self, staged: Staged, seconds: float) -> None:
        if staged.part is Part.PEOPLE:
            self.people = self.people.after(seconds, PEOPLE)
        elif staged.part is Part.SHARDS:
            self.shards = self.shards.after(seconds, SHARDS)


def stage_update(db: Database, update_id: int, now: Callable[[], datetime], progress: Progress | None = None) -> Staged:
    """Run steps until the audience is complete; the update is then `submitted` with its exact count.

    When nobody at all is reached it goes back to its author (`returned`, reason `empty_audience`).
    """
    looked_at, run = 0, Run()
    while True:
        step = stage_step(db, update_id, now(), run)
        looked_at += step.looked_at
        if progress is not None:
            progress(min(looked_at, step.total), step.total)
        if step.done:
            return Staged(True, looked_at, step.total, step.recipients)


def stage_step(db: Database, update_id: int, now: datetime, run: Run | None = None) -> Staged:
    """One short transaction; safe to repeat, to interrupt and to run in two processes at once."""
    run = run or Run()
    try:
        staged, behind = _timed_step(db, update_id, now, run)
    except sharers.UNNOTED:
        sharers.find_all(db)
        staged, behind = _timed_step(db, update_id, now, run)
    wait_for_the_disk(db, behind)
    return staged


def _timed_step(db: Database, update_id: int, now: datetime, run: Run) -> tuple[Staged, float]:
    """And how far the disk lags behind. Only the last step of all is waited for until it is there, and brings along
    what was before it: what a crash of the server takes away is listed again.
    """
    with db.writing() as tx:
        began = time.monotonic()
        staged = _step(tx, update_id, now, run)
        behind = 0.0 if staged.done else go_on_later(tx)
    run.took(staged, time.monotonic() - began)
    return staged, behind


def _step(tx: Connection, update_id: int, now: datetime, run: Run) -> Staged:
    row = updates.get(tx, update_id, lock=True)
    if row.state is not UpdateState.STAGING or row.broadcast_id is None:
        return Staged(True, 0, 0, row.recipients)
    standing = listing.standing(tx, row.broadcast_id)
    if run.prepared is None or (run.prepared.update_id, run.prepared.mark) != (update_id, standing.mark):
        run.prepared = _prepare(tx, row, row.broadcast_id, standing.mark)
    plan, media, total = run.prepared.plan, run.prepared.media, standing.total
    if not standing.is_cut:
        looked_at = _next_people(tx, row, run.prepared, run.people.size)
        if looked_at is not None:
            return Staged(False, looked_at, total, part=Part.PEOPLE)
        if _next_waiting(tx, row, plan, media) is not None:
            return Staged(False, 0, total)
    for medium in media:
        ways = [way for way in plan.ways if way.medium is medium]
        if staging.cut_shards(tx, row.broadcast_id, medium, ways, plan.spread, run.shards.size):
            return Staged(False, 0, total, part=Part.SHARDS)
    return _complete(tx, row, plan, total, now)


def _prepare(tx: Connection, row: UpdateRow, broadcast: int, mark: tuple[int, int, bool]) -> Prepared:
    plan = plan_of(tx, row)
    media = sorted({way.medium for way in plan.ways if way.medium in PERSONAL_MEDIA}, key=MEDIUM_CODES.__getitem__)
    other = _other_language(tx, row, plan)
    common = Prepared(row.id, mark, plan, media, other)
    if not media or row.completes is not None or row.corrects is not None:
        return common
    rules = audiences.frozen(tx, broadcast) or _unfrozen(tx, row, plan)
    members, *others = (membership.members(tx, rules[number]) for number in sorted(rules))
    area = membership.area_column(membership.places(tx))
    texts = Texts(_languages(tx, plan.update, other), others, area)
    return replace(common, whom=Whom(members, texts, consents.hearing(tx, plan.asked)))


def _next_people(tx: Connection, row: UpdateRow, prepared: Prepared, most: int) -> int | None:
    plan, media = prepared.plan, prepared.media
    if not media or row.broadcast_id is None:
        return None
    if row.completes is not None:
        return _next_who_waited(tx, row, plan, media)
    if row.corrects is None:
        whom = prepared.whom
        assert whom is not None  # noqa: S101 - of an update to people there is one
        return listing.stage_members(tx, row.broadcast_id, whom.members, media, whom.texts, most, whom.hears)
    wrong = updates.get(tx, row.corrects)
    if wrong.broadcast_id is None:
        return None
    kinds = listing.kinds_of(tx, wrong.broadcast_id)
    instead = {got: _instead(plan.update, wrong, got, prepared.other) for got in kinds}
    for medium in media if instead else ():
        added = listing.stage_reached(tx, row.broadcast_id, wrong.broadcast_id, medium, instead, most)
        if added is not None:
            return added
    return None


def _instead(correction: UpdateDocument, wrong: UpdateRow, got: tuple[int, str], other: str) -> tuple[int, str]:
    """Variant and language for those who got the wrong words: the text for the same audience, where there is one.

    Nobody who got them is left out, whatever the policy.
    """
    variant, language = got
    before = UpdateDocument.from_document(wrong.document)
    mine = [one.audience for one in correction.variants]
    slug = before.audience_of(variant) if variant else ""
    chosen = mine.index(slug) + 1 if slug in mine else 0
    words = tuple(correction.words(chosen))
    return chosen, choose_language(parts_of(language), words, other or main_language(correction.languages))


def _next_waiting(tx: Connection, row: UpdateRow, plan: Plan, media: list[Medium]) -> int | None:
    """Readers of languages that are still to come are set aside before anything is cut into shards."""
    languages = plan.update.languages_to_come
    if not languages or row.broadcast_id is None:
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


def _unfrozen(tx: Connection, row: UpdateRow, plan: Plan) -> dict[int, Rule]:
    """Of a broadcast that a version before this began."""
    return {number: rule for number, (_, rule) in rules_of(tx, row, plan).items()}


def _other_language(tx: Connection, row: UpdateRow, plan: Plan) -> str:
    """As it was frozen; of a broadcast from before that as it would be now."""
    frozen = staging.other_language(tx, row.broadcast_id or 0)
    return other_language(plan.update, "en") if frozen is None else frozen


def _languages(tx: Connection, update: UpdateDocument, other: str) -> list[Languages]:
    """By variant."""
    lists = listing.language_lists(tx)
    languages = []
    for variant in range(len(update.variants) + 1):
        words = update.readers_of(variant)
        chosen = {number: choose_language(wanted, words, other) for number, wanted in lists.items()}
        languages.append(Languages(chosen, other, words))
    return languages


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
