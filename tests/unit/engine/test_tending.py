"""What the running engine does by the way, without anybody asking."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.clock import FrozenClock, to_ms
from app.domain.message import Medium
from app.domain.sign_ups import Asking
from app.engine.control import Control
from app.engine.tending import Tending
from app.keyring import Keyring
from app.settings import Settings, Timings
from app.store import duties, idempotency, partitions, sign_ups
from app.store.database import Database
from app.store.tables import idempotency as answers
from app.usecases.ask_sign_up import ask_sign_up
from app.wiring import build
from tests.conftest import NOON

pytestmark = pytest.mark.anyio


def tending(database: Database, clock: FrozenClock, me: str = "ada", *, alone: bool = False) -> Tending:
    timings = Timings()
    return Tending(database, clock, Control(database, clock, timings), timings, me, alone)


def keep_an_answer(database: Database, clock: FrozenClock, key: str) -> None:
    with database.writing() as tx:
        idempotency.begin(tx, "token 1", key, b"hash", clock.now())
        idempotency.finish(tx, "token 1", key, 201, {}, b"{}")


def kept(database: Database) -> int:
    with database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(answers)) or 0


async def test_old_answers_are_forgotten_by_the_process_itself(database: Database, clock: FrozenClock) -> None:
    mine = tending(database, clock)
    keep_an_answer(database, clock, "old")
    await mine.keep_house()
    clock.advance(timedelta(hours=23, minutes=30).total_seconds())
    keep_an_answer(database, clock, "young")
    await mine.keep_house()
    assert kept(database) == 2
    clock.advance(timedelta(hours=1, minutes=1).total_seconds())
    await mine.keep_house()
    assert kept(database) == 1


async def test_what_the_settings_keep_no_longer_is_forgotten_by_the_process_itself(
    database: Database, database_url: str, keyring: Keyring, clock: FrozenClock, tmp_path: Path
) -> None:
    settings = Settings(
        database_url=database_url, secret_key="as long as a key has to be, and longer", publish_dir=tmp_path,
        keep_sign_ups_days=2,
    )  # fmt: skip
    wired = build(settings, clock=clock)
    asking = Asking(Medium.EMAIL, "ann@example.org", "en", "", ())
    ask_sign_up(database, keyring, asking, "203.0.113.9", "v", clock.now())
    mine = Tending(database, clock, Control(database, clock, Timings()), Timings(), "ada", False, wired.engine.forget)
    for hours, left in ((47, 1), (2, 0)):
        clock.advance(timedelta(hours=hours).total_seconds())
        await mine.keep_house()
        with database.reading() as connection:
            assert sign_ups.asked_since(connection, NOON - timedelta(days=1)) == left
    wired.engine.db.close()


async def test_of_several_processes_one_keeps_house(database: Database, clock: FrozenClock) -> None:
    await tending(database, clock).keep_house()
    keep_an_answer(database, clock, "old")
    clock.advance(timedelta(hours=25).total_seconds())
    await tending(database, clock, "ben").keep_house()
    assert kept(database) == 0
    with database.reading() as connection:
        assert duties.last_done(connection, duties.HOUSEKEEPING) is not None


@pytest.mark.postgresql
async def test_the_weeks_to_come_have_their_parts_before_anybody_writes_to_them(
    database: Database, clock: FrozenClock
) -> None:
    clock.advance(timedelta(weeks=40).total_seconds())
    await tending(database, clock).keep_house()
    with database.reading() as connection:
        made = partitions.parts(connection)
    this_week = partitions.week_of(to_ms(clock.now()) << 10)
    assert {table.name for table in partitions.PARTED} == set(made)
    assert all({this_week, this_week + 1, this_week + 2} <= set(weeks) for weeks in made.values())


async def test_a_process_says_that_it_is_alive_and_goodbye(database: Database, clock: FrozenClock) -> None:
    mine = tending(database, clock)
    await mine.say_alive()
    with database.reading() as connection:
        assert [one.id for one in duties.workers(connection)] == ["ada"]
    await mine.say_goodbye()
    with database.reading() as connection:
        assert duties.workers(connection) == []
