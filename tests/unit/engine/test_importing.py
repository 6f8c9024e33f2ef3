"""Lists that staff handed in are taken in by a process of their own, and go on when it is gone."""

from __future__ import annotations

import asyncio
import os
import signal
from io import BytesIO

import pytest

from app.clock import SystemClock
from app.domain.imports import ImportState, Plan
from app.engine.importing import Importer
from app.keyring import Keyring
from app.store import imports, subscribers
from app.store.database import Database
from app.usecases import manage_imports
from tests.patience import PATIENCE
from tests.unit.usecases.people import AUTHOR

PEOPLE = 5_000


@pytest.mark.anyio
async def test_a_list_is_taken_in_beside_everything_else_and_survives_its_process(
    database: Database, keyring: Keyring
) -> None:
    clock = SystemClock()
    body = "external_id,name,email\n" + "".join(f"p{n},Person {n},p{n}@example.org\n" for n in range(PEOPLE))
    number = manage_imports.hand_in(database, keyring, AUTHOR, BytesIO(body.encode()), "x.csv", Plan(), clock.now())
    manage_imports.begin(database, AUTHOR, number, Plan(), clock.now())
    stop = asyncio.Event()
    importer = Importer(database, clock, keyring)
    running = asyncio.create_task(importer.run(stop))
    try:
        async with asyncio.timeout(PATIENCE):
            while _row(database, number).tally.rows == 0:
                await asyncio.sleep(0.01)
            process = importer._process
            if process is not None and process.pid is not None and process.is_alive():
                os.kill(process.pid, signal.SIGKILL)
                process.join(PATIENCE)
            if _row(database, number).state is ImportState.RUNNING:  # nobody waits for its lease
                with database.writing() as tx:
                    imports.set_state(tx, number, ImportState.WAITING, clock.now())
            while _row(database, number).state is not ImportState.DONE:
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        await running
    row = _row(database, number)
    assert (row.tally.rows, row.tally.created, row.parts) == (PEOPLE, PEOPLE, 0)
    with database.reading() as connection:
        assert subscribers.count(connection) == PEOPLE


def _row(database: Database, number: int) -> imports.ImportRow:
    with database.reading() as connection:
        return imports.get(connection, number)
