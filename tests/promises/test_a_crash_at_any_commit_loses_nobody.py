"""The power may go at any moment of writing. Afterwards everybody is reached, and nobody twice without a flag.

The sweep: the same broadcast again and again, dying at its first commit, its second, and so on until it needs no more.
On a clock that only moves while everybody waits, so that a slow machine's leases run out no sooner than a quick one's.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from app.clock import Clock
from app.domain.delivery import State
from app.domain.message import Medium
from app.keyring import Keyring
from app.settings import Timings
from app.store import unknowns
from app.store.database import Database
from app.store.ledger_tables import address, outcome
from app.store.ledger_tables import shard as shards
from app.usecases.settle_unknown import UnknownDecision, settle_unknown
from tests.databases import Databases
from tests.patience import PATIENCE
from tests.rig.mortal import MortalDatabase, Record, Recorded, Searchable, StutteringDatabase, recorded
from tests.rig.stage import APPROVER, Stage
from tests.rig.virtual import fitting_clock

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.virtual_time,
    # An engine that is thrown away as it is leaves its connections to the collector, as a dead process would.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PEOPLE = 29
EVERYBODY = 2 * PEOPLE + 2  # a text and an e-mail each, one site, one account


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What was abandoned here is collected here, not in somebody else's test."""
    yield
    gc.collect()


WAYS = {"site": Medium.SITE, "social": Medium.SOCIAL, "text": Medium.SMS, "mail": Medium.EMAIL}
HASTY = Timings(
    lease=0.9,
    renew=0.3,
    settle=1.0,
    commit=0.05,
    control=0.15,
    site_bound=0.1,
    correction_gap=0.1,
    retry_base=0.02,
    retry_cap=0.1,
    find_again=0.1,
)


@dataclass(frozen=True)
class World:
    """An approved update in a database that every run copies, and what the providers can do."""

    approved: str
    keyring: Keyring
    update: int
    databases: Databases
    kind: type[Recorded]
    clock: Clock
    """Of all its runs: what was leased in one life runs out in the next."""

    @contextlib.contextmanager
    def copy(self) -> Iterator[str]:
        """The run's own."""
        url = self.databases.copy(self.approved)
        yield url
        self.databases.drop(url)

    def stage(self, db: Database, record: Record) -> Stage:
        """The providers remember what earlier stages of the same run asked."""
        stage = Stage(db, self.keyring, self.clock, HASTY)
        keyed = self.kind is Recorded  # as the real ones: Mastodon and webhooks cannot be searched but know their keys
        for slug, medium in WAYS.items():
            own = medium in {Medium.SITE, Medium.SOCIAL} and keyed
            batch = 20 if medium is Medium.EMAIL else 1
            stage.channels[slug] = recorded(self.kind, medium, record, batch=batch, keyed=own)
        return stage


def world(databases: Databases, keyring: Keyring, kind: type[Recorded], severity: str = "major") -> World:
    approved = databases.new()
    db, clock = Database(approved), fitting_clock()
    stage = Stage(db, keyring, clock, severity=severity)
    stage.open(PEOPLE)
    for slug, medium in WAYS.items():
        stage.add_endpoint(slug, medium)
    update = stage.approve(stage.draft(list(WAYS)))
    assert update.recipients == EVERYBODY
    with db.writing() as tx:
        tx.execute(shards.update().values(wave_offset_ms=shards.c.wave_offset_ms // 20))  # 15 ms between the waves
    db.close()
    return World(approved, keyring, update.id, databases, kind, clock)


async def die(stage: Stage, update: int) -> bool:
    """Send and work until the database dies (True) or all is done; then throw the engine away as it is."""
    db = stage.db
    assert isinstance(db, MortalDatabase)
    task = asyncio.create_task(stage.engine(alone=stage.db.is_sqlite).run(asyncio.Event()))
    try:
        async with asyncio.timeout(PATIENCE):
            while not db.dead.is_set() and not await asyncio.to_thread(over, stage, update):
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, ExceptionGroup):
            await task
    return db.dead.is_set()


def over(stage: Stage, update: int) -> bool:
    assert isinstance(stage.db, MortalDatabase)
    with Database.reading(stage.db):
        return not stage.db.dead.is_set() and stage.row(update).state == "done"


async def revive(stage: Stage, update: int, decision: UnknownDecision | None = None) -> None:
    """A new engine on the same file works until the update is done; `decision` is what a person says to the unknown."""
    stop, engine = asyncio.Event(), stage.engine(alone=stage.db.is_sqlite)
    task = asyncio.create_task(engine.run(stop))
    try:
        async with asyncio.timeout(PATIENCE):
            while (await asyncio.to_thread(stage.row, update)).state != "done":
                if decision is not None and await asyncio.to_thread(only_a_person_knows, stage, update):
                    settle_unknown(stage.db, APPROVER, update, decision, stage.clock.now())
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"nothing moves any more: {stage.counts(update)}")
    finally:
        stop.set()
        engine.wake()
        async with asyncio.timeout(PATIENCE):
            await task


def only_a_person_knows(stage: Stage, update: int) -> bool:
    counts, row = stage.counts(update), stage.row(update)
    waiting = counts.get(State.UNKNOWN, 0)
    if not waiting or row.broadcast_id is None or waiting != sum(counts.get(state, 0) for state in UNSETTLED):
        return False
    with stage.db.reading() as connection:
        return unknowns.waiting_for_a_person(connection, row.broadcast_id) == waiting


UNSETTLED = {State.QUEUED, State.SENDING, State.RETRY_WAIT, State.UNKNOWN}


def flagged(db: Database) -> set[str]:
    """Addresses of deliveries that were once unknown."""
    query = select(address.c.value).join(outcome, outcome.c.address_id == address.c.id)
    with db.reading() as connection:
        return set(connection.scalars(query.where(outcome.c.result == "unknown")))


def tried(world: World, *, committed: bool) -> Iterator[int]:
    """Every other commit on SQLite, on PostgreSQL every fourth, for each takes longer there; always the same ones, and
    others before than after. `make soak` tries them all.
    """
    if os.environ.get("CLARION_EVERY_COMMIT"):
        return itertools.count(1)
    return itertools.count(1 + committed, 2 if world.approved.startswith("sqlite") else 4)


async def sweep(world: World, *, committed: bool, decision: UnknownDecision | None = None) -> tuple[int, int]:
    """One n after the other; (commits a broadcast needs, messages sent twice over all runs)."""
    twice = 0
    for number in tried(world, committed=committed):
        with capture_logs():  # the dying engine complains at length
            died, repeated = await one_run(world, number, committed=committed, decision=decision)
        twice += repeated
        if not died:
            return number, twice
    raise AssertionError("it never ended")


async def one_run(world: World, number: int, *, committed: bool, decision: UnknownDecision | None) -> tuple[bool, int]:
    """(whether it died, messages sent twice) of the run that dies at this commit."""
    record = Record(world.clock, 0.02)
    with world.copy() as url:
        dying = MortalDatabase(url, number + 1, committed=committed)  # the first commit is `send` itself
        first = world.stage(dying, record)
        first.send(first.row(world.update))
        died = await die(first, world.update)
        first.db.close()
        second = world.stage(Database(url), record)
        await revive(second, world.update, decision)
        times = record.times(world.update)
        check(second, world.update, times)
        second.db.close()
    return died, sum(1 for count in times.values() if count > 1)


async def one_stutter(world: World, number: int, *, committed: bool) -> bool:
    """Whether the broadcast had so many commits; the engine lives through the one that was not answered."""
    record = Record(world.clock, 0.02)
    with world.copy() as url:
        db = StutteringDatabase(url, number + 1, committed=committed)
        stage = world.stage(db, record)
        stage.send(stage.row(world.update))
        await revive(stage, world.update)
        times = record.times(world.update)
        check(stage, world.update, times)
        assert max(times.values()) == 1
        db.close()
    return db.commits > number


def check(stage: Stage, update: int, times: Counter[str]) -> None:
    assert len(times) == EVERYBODY, f"{EVERYBODY - len(times)} lost"
    assert stage.counts(update) == {State.ACCEPTED: EVERYBODY}
    repeated = {one for one, count in times.items() if count > 1}
    assert repeated <= flagged(stage.db), f"sent twice without a flag: {repeated - flagged(stage.db)}"


@pytest.mark.both_databases
@pytest.mark.parametrize("committed", [False, True], ids=["just before the commit", "just after the commit"])
async def test_nobody_is_sent_to_twice_where_providers_can_be_searched(
    databases: Databases, keyring: Keyring, committed: bool
) -> None:
    commits, twice = await sweep(world(databases, keyring, Searchable), committed=committed)
    assert twice == 0
    assert commits > 8


@pytest.mark.parametrize("committed", [False, True], ids=["just before the commit", "just after the commit"])
async def test_an_emergency_is_resent_once_and_flagged_where_they_cannot(
    databases: Databases, keyring: Keyring, committed: bool
) -> None:
    commits, _ = await sweep(world(databases, keyring, Recorded, "emergency"), committed=committed)
    assert commits > 8


@pytest.mark.parametrize("committed", [False, True], ids=["just before the commit", "just after the commit"])
async def test_everything_else_waits_for_a_person_who_has_it_resent(
    databases: Databases, keyring: Keyring, committed: bool
) -> None:
    prepared = world(databases, keyring, Recorded)
    commits, _ = await sweep(prepared, committed=committed, decision=UnknownDecision.RESEND)
    assert commits > 8


@pytest.mark.both_databases
@pytest.mark.parametrize("committed", [False, True], ids=["not done", "done"])
async def test_an_engine_lives_through_a_commit_that_is_never_answered(
    databases: Databases, keyring: Keyring, committed: bool
) -> None:
    prepared = world(databases, keyring, Searchable)
    with capture_logs():
        for number in tried(prepared, committed=committed):
            if not await one_stutter(prepared, number, committed=committed):
                break
    assert number > 8
