"""Write down what is known, who says so and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.domain.crisis import CrisisState, Fact
from app.domain.principals import Actor, permit
from app.errors import Conflict, Invalid, Problem
from app.store import audit, crises, publishing
from app.store.crises import FactRow
from app.store.database import Database

Dated = tuple[Fact, datetime | None]
"""A fact, and when it becomes stale."""


def record_fact(db: Database, actor: Actor, slug: str, document: Mapping[str, object], now: datetime) -> FactRow:
    """`document`: {name, value, source, at?, stale_at?} or `max_age` (seconds from `at`) instead of `stale_at`.

    Facts are never changed: a new value of the same name is a new fact, and the newest counts.
    """
    return record_facts(db, actor, slug, [document], now)[0]


def record_facts(
    db: Database, actor: Actor, slug: str, sent: Sequence[Mapping[str, object]], now: datetime
) -> list[FactRow]:
    """Several at once, all or none. Raise Invalid, or Conflict for a resolved crisis."""
    permit(actor, "record_fact")
    facts = read_facts(sent, now)
    with db.writing() as tx:
        return record_in(tx, actor, slug, facts, now)


def read_facts(sent: Sequence[Mapping[str, object]], now: datetime) -> list[Dated]:
    """Raise Invalid."""
    return [_read(document, now) for document in sent]


def record_in(tx: Connection, actor: Actor, slug: str, facts: Sequence[Dated], now: datetime) -> list[FactRow]:
    """Within the transaction of whoever records them; they have asked whether the actor may. Raise Conflict."""
    if crises.get(tx, slug, lock=True).state is CrisisState.RESOLVED:
        raise Conflict(Problem("crisis_resolved", f"“{slug}” is resolved.", "state", "Record facts in an open crisis."))
    rows = []
    for fact, stale_at in facts:
        rows.append(crises.add_fact(tx, slug, fact.name, fact.value, fact.source, fact.at or now, stale_at))
        body = {"name": fact.name, "value": fact.value, "source": fact.source}
        crises.add_timeline(tx, slug, actor.name, "fact", body, now)
        audit.append(tx, actor.name, "record_fact", f"crisis/{slug}", body, now)
    publishing.request(tx, "fact_recorded", now)
    return rows


def _read(document: Mapping[str, object], now: datetime) -> Dated:
    age = _max_age(document)
    fact = Fact.from_document({name: value for name, value in document.items() if name != "max_age"})
    return fact, (fact.at or now) + age if age is not None else fact.stale_at


def _max_age(document: Mapping[str, object]) -> timedelta | None:
    seconds = document.get("max_age")
    if seconds is None:
        return None
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds <= 366 * 86_400:
        raise Invalid(
            Problem("bad_number", "max_age is a whole number of seconds up to a year.", "max_age", "Correct it.")
        )
    return timedelta(seconds=seconds)
