"""Counts over a whole audience, kept until somebody of it changes: a million people take a second each time.

Kept in the process, for as long as the database is open; what changes people leaves a trace that is cheap to look at.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection

from app.domain.audience_documents import rule_document
from app.domain.audience_rules import Areas, Deliveries, Rule, everything_in
from app.domain.consent import Asked
from app.store import counting, membership
from app.store.counting import PeopleMark, Reached
from app.store.database import Database

Count = TypeVar("Count")
MOST_KEPT: Final = 100
_kept: Final[WeakKeyDictionary[Database, dict[str, tuple[PeopleMark, Any]]]] = WeakKeyDictionary()
_turn: Final = threading.Lock()


def counted(
    db: Database, connection: Connection, what: str, rule: object, count: Callable[[Connection], Count]
) -> Count:
    """`count` of these people, from before when nobody has changed since; `what` names the way of counting.

    `rule`: a document; None = nothing is kept.
    """
    if rule is None:
        return count(connection)
    key = f"{what} {json.dumps(rule, sort_keys=True)}"
    mark = counting.people_mark(connection)
    with _turn:
        known = _kept.setdefault(db, {}).get(key)
    if known is not None and known[0] == mark:
        value: Count = known[1]
        return value
    value = count(connection)
    with _turn:
        mine = _kept[db]
        while len(mine) >= MOST_KEPT:
            del mine[next(iter(mine))]
        mine[key] = (mark, value)
    return value


def reached(db: Database, connection: Connection, rule: Rule, asked: Asked) -> Reached:
    """Addresses that would be written to, counted once for everybody who asks."""
    how = f"reached {asked.message_class} {asked.topic}"
    return counted(db, connection, how, told_by(connection, rule), lambda c: counting.count_reached(c, rule, asked))


def people(db: Database, connection: Connection, rule: Rule) -> int:
    return counted(db, connection, "people", told_by(connection, rule), lambda c: counting.count_people(c, rule))


def told_by(connection: Connection, rule: Rule) -> object:
    """What of a resolved rule decides whom it means, besides the people; None where deliveries do, which move."""
    conditions = list(everything_in(rule))
    if any(isinstance(one, Deliveries) for one in conditions):
        return None
    areas = any(isinstance(one, Areas) for one in conditions)
    return [rule_document(rule), dict(membership.places(connection).areas) if areas else {}]
