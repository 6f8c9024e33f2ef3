"""While a long list is taken in by a process of its own, updates are approved, sent and settled beside it, whole."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from multiprocessing import get_context

import pytest
from sqlalchemy import func, select

from app.clock import SystemClock
from app.domain.delivery import State
from app.domain.message import Medium
from app.domain.principals import HOST
from app.keyring import Keyring
from app.settings import Timings
from app.store.database import Database
from app.store.tables import subscriber
from app.usecases.import_subscribers import import_subscribers
from app.usecases.save_audience import save_audience
from tests.patience import PATIENCE
from tests.rig.stage import AUTHOR, Stage

pytestmark = pytest.mark.anyio
PEOPLE = 300
A_LIST = 20_000
Came = Callable[[int], Awaitable[int]]
SECRET = "a key that only tests know, long enough to be one"


async def test_everybody_is_written_to_before_the_list_has_come_in(
    database: Database, database_url: str, keyring: Keyring
) -> None:
    stage = Stage(database, keyring, clock=SystemClock(), timings=Timings())
    stage.add_endpoint("texts", Medium.SMS)
    stage.open(PEOPLE)
    save_audience(database, AUTHOR, "north", {"rule": {"areas": ["north"]}}, None, stage.clock.now())
    async with importing(database, database_url) as came, stage.running():
        before = await came(PEOPLE + 1)
        sent = await asyncio.to_thread(stage.broadcast, ["texts"], audience="north")
        await stage.until(sent.id, "done")
        assert sorted(one.address for one in stage.heard) == sorted({one.address for one in stage.heard})
        assert stage.counts(sent.id) == {State.ACCEPTED: PEOPLE}
        await came(before + 1)  # it went on meanwhile or afterwards: it was never over


@asynccontextmanager
async def importing(database: Database, url: str) -> AsyncIterator[Came]:
    """People come in without an end, until this ends; gives what waits until so many people are there."""
    process = get_context("spawn").Process(target=import_without_end, args=(url,), daemon=True)
    process.start()

    async def came(people: int) -> int:
        async with asyncio.timeout(PATIENCE):
            while (there := await asyncio.to_thread(count, database)) < people:
                assert process.is_alive(), "the import has ended"
                await asyncio.sleep(0.02)
        return there

    try:
        yield came
    finally:
        process.kill()
        await asyncio.to_thread(process.join, PATIENCE)


def count(database: Database) -> int:
    with database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(subscriber)) or 0


def import_without_end(url: str) -> None:
    database, number = Database(url, bulk=True), 0
    while True:
        rows = ["external_id,email,phone,area"]
        those = range(number, number + A_LIST)
        rows += [f"list-{n},list{n}@example.org,+4479{n:08d},south" for n in those]
        body = io.BytesIO("\n".join(rows).encode())
        import_subscribers(database, Keyring(SECRET), HOST, body, datetime.now(UTC), source=f"list {number}")
        number += A_LIST
