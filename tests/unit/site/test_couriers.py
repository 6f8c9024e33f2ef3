"""Each target takes snapshots by itself: one that hangs or refuses delays no other, and the newest wins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from app.clock import Clock, FrozenClock, SystemClock
from app.domain.snapshot import Snapshot
from app.domain.targets import Target, TargetKind, TargetState
from app.errors import Invalid, Problem
from app.publishing.couriers import Couriers
from app.publishing.targets import Placement, Result
from app.store import publishing, targets
from app.store.database import Database
from app.store.targets import TargetValues
from tests.patience import PATIENCE
from tests.unit.site.snapshots import snapshot

pytestmark = pytest.mark.anyio


class FakeRemote:
    def __init__(self, slug: str) -> None:
        self.slug = slug
        self.given: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.answer = Result.PLACED
        self.held = 0

    async def place(self, given: Snapshot) -> Placement:
        self.given.append(given.seq)
        await self.gate.wait()
        return Placement(self.slug, self.answer, "because", self.held or given.seq)


def add(db: Database, slug: str) -> None:
    with db.writing() as tx:
        targets.save(tx, slug, TargetValues(TargetKind.DIRECTORY, {"path": f"/{slug}"}, b"", ""), None)


def state(db: Database, slug: str) -> TargetState:
    with db.reading() as connection:
        return targets.states(connection).get(slug, TargetState(slug))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def carrying(
    db: Database, clock: Clock | None = None, me: str = "here"
) -> AsyncIterator[tuple[Couriers, dict[str, FakeRemote]]]:
    remotes: dict[str, FakeRemote] = {}

    def opened(target: Target) -> FakeRemote:
        return remotes.setdefault(target.slug, FakeRemote(target.slug))

    couriers = Couriers(db, opened, clock or SystemClock(), me, jitter=lambda: 0.0)
    stop = asyncio.Event()
    task = asyncio.create_task(couriers.run(stop))
    try:
        yield couriers, remotes
    finally:
        stop.set()
        await asyncio.wait_for(task, PATIENCE)


async def test_one_that_hangs_delays_no_other(database: Database) -> None:
    add(database, "slow")
    add(database, "quick")
    async with carrying(database) as (couriers, remotes):
        await until(lambda: len(remotes) == 2)
        remotes["slow"].gate.clear()
        for seq in (1, 2, 3):
            couriers.offer(snapshot(seq))
            await until(lambda seq=seq: state(database, "quick").seq == seq)  # type: ignore[misc]
        assert remotes["slow"].given == [1]
        remotes["slow"].gate.set()
        await until(lambda: state(database, "slow").seq == 3)
        assert remotes["slow"].given == [1, 3], "what was overtaken meanwhile is not placed"


async def test_one_that_refuses_is_tried_again_later_and_its_state_says_why(
    database: Database, clock: FrozenClock
) -> None:
    add(database, "broken")
    async with carrying(database, clock) as (couriers, remotes):
        await until(lambda: "broken" in remotes)
        remotes["broken"].answer = Result.FAILED
        remotes["broken"].held = 1
        couriers.offer(snapshot(1))
        await until(lambda: state(database, "broken").failures == 1)
        began = state(database, "broken").failing_since
        assert (state(database, "broken").error, began) == ("because", clock.now())
        couriers.offer(snapshot(2))
        await asyncio.sleep(0.1)
        assert remotes["broken"].given == [1], "a store that refuses is not hammered"
        clock.advance(1.1)
        couriers.offer(snapshot(3))
        await until(lambda: state(database, "broken").failures == 2)
        assert state(database, "broken").failing_since == began
        clock.advance(60)
        remotes["broken"].answer = Result.PLACED
        couriers.offer(snapshot(4))
        await until(lambda: state(database, "broken").seq == 4)
        assert state(database, "broken").failing_since is None


async def test_of_two_processes_one_carries_and_the_other_takes_over(database: Database) -> None:
    add(database, "cloud")
    async with carrying(database, me="first") as (first, there):
        await until(lambda: "cloud" in there)
        first.offer(snapshot(1))
        await until(lambda: state(database, "cloud").seq == 1)
        async with carrying(database, me="second") as (second, here):
            await until(lambda: "cloud" in here)
            second.offer(snapshot(2))
            first.offer(snapshot(3))
            await until(lambda: state(database, "cloud").seq == 3)
            assert here["cloud"].given == []
    async with carrying(database, me="third") as (third, here):
        await until(lambda: "cloud" in here)
        third.offer(snapshot(4))
        await until(lambda: state(database, "cloud").seq == 4)


async def test_a_target_that_cannot_be_opened_says_so(database: Database) -> None:
    def closed(target: Target) -> FakeRemote:
        raise Invalid(Problem("secret_unreadable", "A stored secret cannot be opened.", "settings"))

    add(database, "sealed")
    couriers = Couriers(database, closed, SystemClock())
    (placed,) = await couriers.place_now(snapshot(1))
    assert (placed.result, placed.detail) == (Result.FAILED, "A stored secret cannot be opened.")


async def test_a_number_nobody_here_gave_asks_for_a_higher_one(database: Database) -> None:
    """The database was restored from a backup and the target shows what was published after it."""
    add(database, "cloud")
    async with carrying(database) as (couriers, remotes):
        await until(lambda: "cloud" in remotes)
        remotes["cloud"].answer, remotes["cloud"].held = Result.NOT_NEWER, 70
        couriers.offer(snapshot(5))
        await until(lambda: state(database, "cloud").held == 70)
    with database.reading() as connection:
        assert publishing.pending(connection) is not None
        assert targets.highest_held(connection) == 70


async def test_it_goes_on_while_the_database_is_gone(database: Database) -> None:
    add(database, "cloud")
    async with carrying(database) as (couriers, remotes):
        await until(lambda: "cloud" in remotes)
        with database.writing() as tx:
            tx.exec_driver_sql("ALTER TABLE duty RENAME TO hidden")
        couriers.offer(snapshot(1))
        await until(lambda: remotes["cloud"].given == [1])
        with database.writing() as tx:
            tx.exec_driver_sql("ALTER TABLE hidden RENAME TO duty")


async def test_a_changed_target_is_opened_anew_and_a_removed_one_left_alone(database: Database) -> None:
    add(database, "cloud")
    opened: list[int] = []

    def note(target: Target) -> FakeRemote:
        opened.append(target.revision)
        return FakeRemote(target.slug)

    couriers = Couriers(database, note, SystemClock())
    couriers._adopt(couriers._configured())
    add(database, "cloud")
    couriers._adopt(couriers._configured())
    assert opened == [1, 2]
    with database.writing() as tx:
        targets.remove(tx, "cloud")
    couriers._adopt(couriers._configured())
    assert not couriers._couriers
