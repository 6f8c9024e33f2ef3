"""Somebody asks to be forgotten while a broadcast is going out: nothing more goes to them, nothing of them is left, and
the report still adds up."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.delivery import State
from app.domain.message import Medium
from app.keyring import Keyring
from app.settings import Timings
from app.store import deliveries
from app.store.database import Database
from app.store.ledger_tables import address
from app.store.tables import metadata
from app.usecases.erase_subscriber import erase_subscriber
from app.usecases.import_subscribers import import_subscribers
from tests.conftest import NOON
from tests.rig.stage import APPROVER, AUTHOR, Stage
from tests.rig.virtual import VIRTUAL, VirtualClock

pytestmark = [pytest.mark.anyio, pytest.mark.both_databases]
PEOPLE, TOLD = 8, 3
TEXT, MAIL = "+1202555000{}", "p{}@example.org"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


def traces(database: Database, number: int) -> list[str]:
    """The tables in which something of this person stands."""
    with database.reading() as connection:
        return [
            table.name
            for table in metadata.sorted_tables
            for row in connection.execute(select(table))
            if any(text in str(tuple(row)) for text in (TEXT.format(number), MAIL.format(number), f"Person {number}"))
        ]


async def test_forgotten_in_the_middle_and_afterwards(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings())
    stage.open(PEOPLE)
    stage.add_endpoint("text", Medium.SMS, rate=1.0)
    early, late = 0, PEOPLE - 1
    assert set(traces(database, early)) >= {"address", "subscriber"}
    with database.reading() as connection:
        hashes = {row.id: row.value_hash for row in connection.execute(select(address))}
    async with stage.running():
        sent = stage.broadcast(["text"], stage="details")
        await stage.until_said(sent.id, TOLD)
        for number in (early, late):
            erase_subscriber(database, APPROVER, f"p{number}", f"p{number}", stage.clock.now())
        before = len(stage.said(sent.id))
        assert before < PEOPLE - 1, "it is still going out"
        await stage.until(sent.id, "done")
    heard = stage.asked("text")
    assert set(heard) == {TEXT.format(number) for number in range(PEOPLE - 1)}, "nothing goes to whoever was erased"
    counts = stage.counts(sent.id)  # held against the rows
    assert sum(counts.values()) == PEOPLE == stage.row(sent.id).recipients
    assert counts[State.ACCEPTED] == PEOPLE - 1

    erase_subscriber(database, APPROVER, "p1", "p1", stage.clock.now())
    assert stage.counts(sent.id) == counts
    assert [traces(database, number) for number in (early, late, 1)] == [[], [], []]
    broadcast = stage.row(sent.id).broadcast_id
    with database.reading() as connection:
        rows, _ = deliveries.page(connection, broadcast or 0)
        kept = {row.id: row.value_hash for row in connection.execute(select(address))}
    assert [row.address for row in rows].count("erased") == 3
    assert kept == hashes, "the keyed hash of each address stays"

    back = f"external_id,phone\nnew,{TEXT.format(early)}\n".encode()
    import_subscribers(database, keyring, AUTHOR, io.BytesIO(back), stage.clock.now() + timedelta(hours=1))
    async with stage.running():
        again = stage.broadcast(["text"], stage="details")
        await stage.until(again.id, "done")
    assert stage.asked("text")[TEXT.format(early)] == 1, "no list brings them back"
    assert traces(database, early) == []
