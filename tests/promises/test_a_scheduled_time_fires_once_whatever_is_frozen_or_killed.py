"""Each slot of a schedule has exactly one effect, with any number of processes, whatever becomes of them.

The sweep kills at every commit between the slot and the release; four real processes share a schedule while one is
frozen and thawed and another one killed.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import select

from app.clock import FrozenClock, SystemClock
from app.domain.firing import PlanState, ScheduleState
from app.keyring import Keyring
from app.store import tables
from app.store.database import Database
from tests.conftest import NOON
from tests.databases import Databases
from tests.patience import PATIENCE
from tests.rig.cadences import Rounds
from tests.rig.mortal import MortalDatabase, PowerCut
from tests.rig.stage import Stage
from tests.rig.ticker import Tickers

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
KEY = "a key that only tests know, long enough to be one"
SLOTS = 5


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


def prepared(url: str) -> None:
    """A schedule that sends by itself, one slot at 12:10."""
    db, clock = Database(url), FrozenClock(NOON)
    rounds = Rounds(Stage(db, Keyring(KEY), clock), clock)
    rounds.prepare()
    rounds.schedule(every="10m", count=1, policy="approved", approve=True)
    rounds.tick()
    db.close()


def at_its_time(db: Database) -> Rounds:
    clock = FrozenClock(NOON)
    clock.advance(10 * 60)
    return Rounds(Stage(db, Keyring(KEY), clock), clock)


def audited(db: Database, action: str) -> Counter[str]:
    with db.reading() as connection:
        found = connection.scalars(select(tables.audit.c.subject).where(tables.audit.c.action == action))
        return Counter(found)


def test_a_kill_at_any_commit_leaves_one_effect(databases: Databases, dialect: str) -> None:
    """Killed before the next commit it leaves what a kill after this one leaves: one of them for each database."""
    committed = dialect == "sqlite"
    original = databases.new()
    prepared(original)
    number, died = 0, True
    while died:
        number += 1
        url = databases.copy(original)
        mortal = MortalDatabase(url, number, committed=committed)
        with suppress(PowerCut):
            at_its_time(mortal).tick()
        died = mortal.dead.is_set()
        mortal.close()
        db = Database(url)
        rounds = at_its_time(db)
        rounds.clock.advance(2)
        for _ in range(3):
            rounds.tick()
            rounds.clock.advance(2)
        assert [one.state for one in rounds.occurrences()] == ["fired"], number
        assert [one.state for one in rounds.plans()] == [PlanState.SENT], number
        assert len(rounds.updates()) == 1, number
        assert audited(db, "send_update") == {f"update/{rounds.updates()[0].id}": 1}, number
        db.close()
        databases.drop(url)
    assert number > 5, "it was killed at several commits"


def test_four_processes_one_frozen_and_one_killed_fire_each_slot_once(databases: Databases) -> None:
    url = databases.new()
    db = Database(url)
    now = FrozenClock(SystemClock().now())
    rounds = Rounds(Stage(db, Keyring(KEY), now), now)
    rounds.prepare()
    tickers = Tickers.start(url, KEY, 4)
    try:
        now.advance((SystemClock().now() - now.now()).total_seconds())
        rounds.schedule(
            every="1s", often=True, count=SLOTS, late="1d", policy="approved", approve=True, endpoints=["site"]
        )
        until(lambda: len(rounds.occurrences()) >= 1)
        tickers.freeze(0, db)
        tickers.kill(1)
        until(lambda: len([one for one in rounds.occurrences() if one.state == "fired"]) >= SLOTS - 2)
        tickers.thaw(0)
        until(lambda: rounds.row().state is ScheduleState.ENDED)
        until(lambda: all(plan.state is PlanState.SENT for plan in rounds.plans()))
    finally:
        tickers.end()
    fired = [one.due_at for one in rounds.occurrences() if one.state == "fired"]
    assert len(fired) == len(set(fired)) == SLOTS
    assert len(rounds.plans()) == len(rounds.updates()) == SLOTS
    assert audited(db, "send_update") == {f"update/{row.id}": 1 for row in rounds.updates()}
    db.close()


def until(reached: object) -> None:
    assert callable(reached)
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
