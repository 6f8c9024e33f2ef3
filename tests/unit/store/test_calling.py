from __future__ import annotations

import asyncio
import time

import pytest
from sqlalchemy import text

from app.store.calling import Listener, call
from app.store.database import Database
from app.store.server_clock import ServerClock
from tests.patience import PATIENCE

pytestmark = [pytest.mark.anyio, pytest.mark.postgresql]


async def test_a_call_is_heard_once_its_transaction_commits_and_again_after_the_connection_was_lost(
    database: Database, database_url: str
) -> None:
    heard, stop = asyncio.Event(), asyncio.Event()
    listener = Listener(database_url, heard.set)
    task = asyncio.create_task(listener.run(stop))
    async with asyncio.timeout(PATIENCE):
        for _ in range(2):
            await listener.hears.wait()
            heard.clear()
            await asyncio.to_thread(_call, database)
            await heard.wait()
            heard.clear()
            await asyncio.to_thread(_cut, database)
            await heard.wait()  # connected anew: it rings for what it may have missed
        stop.set()
        await task


def _call(database: Database) -> None:
    with database.writing() as tx:
        call(tx)


def _cut(database: Database) -> None:
    listening = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    with database.writing() as tx:
        assert tx.execute(text(listening)).all()


async def test_a_listener_without_a_server_waits_for_it_and_ends_when_told() -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(Listener("postgresql://nobody@/none?host=/nowhere", stop.set).run(stop))
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(PATIENCE):
        await task


async def test_the_time_is_the_servers(database: Database) -> None:
    clock = ServerClock(database)
    clock.measure()
    began = time.monotonic()
    with database.reading() as connection:
        server = connection.scalar(text("SELECT clock_timestamp()"))
    assert server is not None
    assert abs((clock.now() - server).total_seconds()) <= time.monotonic() - began + PATIENCE
