"""Let schedules announce planned work: before it, when it begins, when it ends.

The work becomes a crisis of its own with prepared sentences from its own words, its times are facts, and each
announcement is a schedule: so it fires once, is asked about or approved in advance like any other, and follows when
the work is moved or called off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from app.domain.crisis import CrisisState, Severity, Stage
from app.domain.firing import ScheduleState, Why
from app.domain.planned_work import PlannedState, PlannedWork
from app.domain.principals import Actor, permit
from app.domain.reading import iso
from app.domain.recurrence import read_length
from app.domain.schedules import Policy, Schedule
from app.errors import Conflict, Invalid, Problem
from app.store import crises, documents, schedules
from app.store.database import Database
from app.store.documents import Kind
from app.store.schedules import ScheduleRow
from app.usecases.open_crisis import open_in, read_crisis
from app.usecases.record_fact import read_facts, record_in
from app.usecases.save_schedule import save_in

BEFORE: Final = ("24h",)
MOST_BEFORE: Final = 5
LONGEST_SLUG: Final = 40
SOURCE: Final = "planned work"


@dataclass(frozen=True, slots=True)
class Announcing:
    """How the work is announced; empty = as schedules do."""

    before: Sequence[str] = BEFORE
    """Lengths of time ahead of it."""
    endpoints: Sequence[str] = ()
    audience: str = ""
    policy: Policy = Policy.ASK


def crisis_of(slug: str) -> str:
    """The crisis in which this work is announced."""
    return f"work-{slug}"


def announce_work(
    db: Database, actor: Actor, slug: str, wanted: Announcing, over: Callable[[str], str], now: datetime
) -> list[ScheduleRow]:
    """`over`: language -> the sentence that it is over. The schedules, the earliest first.

    Those whose time is past are left out. Again: they are replaced.

    Raise NotFound for the work, Conflict for one that is over or called off, Invalid.
    """
    permit(actor, "save_schedule")
    permit(actor, "open_crisis")
    for text in wanted.before:
        read_length(text, "before")
    if len(slug) > LONGEST_SLUG or len(wanted.before) > MOST_BEFORE:
        raise Invalid(
            Problem("too_long", f"{LONGEST_SLUG} characters and {MOST_BEFORE} times at most.", "slug", "Shorten it.")
        )
    with db.writing() as tx:
        work = PlannedWork.from_document(documents.get(tx, Kind.PLANNED_WORK, slug).document)
        if work.state is PlannedState.CANCELLED or work.ends <= now:
            raise Conflict(Problem("work_over", "It is over or called off.", "state", "Announce it by an update."))
        _prepare(tx, actor, work, over, now)
        common = {"crisis": crisis_of(slug), "endpoints": list(wanted.endpoints), "audience": wanted.audience or None,
                  "policy": wanted.policy.value}  # fmt: skip
        return [
            save_in(tx, actor, Schedule.from_document({**common, **one}, now), None, now)
            for one in _planned(work, wanted.before)
            if datetime.fromisoformat(one["at"]) > now
        ]


def follow_work(tx: Connection, actor: Actor, work: PlannedWork, now: datetime) -> None:
    """Within the transaction that moved or called it off: what is still to be announced follows."""
    announced = schedules.of_crisis(tx, crisis_of(work.slug))
    if not announced or crises.get(tx, crisis_of(work.slug)).state is CrisisState.RESOLVED:
        return
    mine = [row for row in announced if row.state is not ScheduleState.ENDED]
    if work.state is PlannedState.CANCELLED:
        for row in mine:
            schedules.change(tx, row.id, state=ScheduleState.ENDED, reason=Why.TAKEN_OVER, next_at=None, wake_at=None)
        return
    _tell_times(tx, actor, work, now)
    lengths = [row.slug.rpartition("-before-")[2] for row in mine if "-before-" in row.slug]
    at = {one["slug"]: one["at"] for one in _planned(work, lengths)}
    for row in mine:
        moved = {**row.document, "at": at.get(row.slug, row.document["at"])}
        if moved != row.document and datetime.fromisoformat(moved["at"]) > now:
            save_in(tx, actor, Schedule.from_document(moved, now), None, now)


def _planned(work: PlannedWork, before: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Slug, time and stage of each announcement."""
    name = crisis_of(work.slug)
    for text in before:
        at = work.starts - read_length(text, "before")
        yield {"slug": f"{name}-before-{text}", "at": iso(at), "stage": Stage.WARNING.value, "late": "2h"}
    yield {"slug": f"{name}-begins", "at": iso(work.starts), "stage": Stage.HOLDING.value, "late": "30m"}
    yield {"slug": f"{name}-ends", "at": iso(work.ends), "stage": Stage.RESOLVED.value, "late": "2h"}


def _prepare(tx: Connection, actor: Actor, work: PlannedWork, over: Callable[[str], str], now: datetime) -> None:
    slug = crisis_of(work.slug)
    known = documents.find(tx, Kind.PLAYBOOK, slug) is not None
    documents.save(tx, Kind.PLAYBOOK, slug, _playbook(slug, work, over), None)
    if not known:
        crisis = {"slug": slug, "titles": dict(work.titles), "severity": Severity.INFO.value, "playbook": slug}
        open_in(tx, actor, read_crisis(crisis, now), now)
    _tell_times(tx, actor, work, now)


def _tell_times(tx: Connection, actor: Actor, work: PlannedWork, now: datetime) -> None:
    told = [
        {"name": name, "value": iso(at), "source": SOURCE}
        for name, at in (("starts", work.starts), ("ends", work.ends))
    ]
    record_in(tx, actor, crisis_of(work.slug), read_facts(told, now), now)


def _playbook(slug: str, work: PlannedWork, over: Callable[[str], str]) -> Mapping[str, object]:
    """Its own words, in all languages of its titles."""
    coming = {
        language: {"headline": title, "impact": work.texts.get(language) or title, "duration": "{starts} – {ends}"}
        for language, title in work.titles.items()
    }
    ended = {language: {"headline": title, "impact": over(language)} for language, title in work.titles.items()}
    return {
        "slug": slug,
        "names": dict(work.titles),
        "severity": Severity.INFO.value,
        "variables": {"starts": "time", "ends": "time"},
        "stages": {Stage.WARNING.value: coming, Stage.HOLDING.value: coming, Stage.RESOLVED.value: ended},
    }
