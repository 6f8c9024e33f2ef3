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

from app.store import audiences
from app.store.audiences import PeopleMark
from app.store.database import Database

Count = TypeVar("Count")
MOST_KEPT: Final = 100
_kept: Final[WeakKeyDictionary[Database, dict[str, tuple[PeopleMark, Any]]]] = WeakKeyDictionary()
_turn: Final = threading.Lock()


def counted(
    db: Database, connection: Connection, what: str, rule: object, count: Callable[[Connection], Count]
) -> Count:
    """`count` of these people, from before when nobody has changed since; `what` names the way of counting."""
    key = f"{what} {json.dumps(rule, sort_keys=True)}"
    mark = audiences.people_mark(connection)
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
