"""Posted as open, nobody there: nobody has to report it, several processes watch, and staff hear of it once a spell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from app.clock import FrozenClock
from app.domain.message import Medium
from app.domain.principals import HOST
from app.engine.attending import Attendant
from app.engine.nudging import Nudger
from app.keyring import Keyring
from app.store import readings, staff
from app.store.database import Database
from app.store.documents import Kind
from app.templating.words import load_words
from app.usecases.attend import attend
from app.usecases.post_reading import Reading, post_reading
from app.usecases.save_document import save_document
from app.usecases.save_staff_recipients import save_staff_recipients
from tests.patience import PATIENCE
from tests.rig.stage import FAST, Stage
from tests.unit.usecases.announcements import TEMPLATES
from tests.unit.usecases.people import PHONE_LINE

pytestmark = [pytest.mark.anyio, pytest.mark.both_databases]

ON_DUTY = ("+442071838750", "+442071838751")


async def test_a_line_nobody_answers_reaches_staff_once(
    database: Database, database_url: str, keyring: Keyring, clock: FrozenClock
) -> None:
    stage = Stage(database, keyring, clock)
    stage.add_endpoint("text", Medium.SMS)
    stage.add_endpoint("room", Medium.WEBHOOK)
    places = [{"endpoint": "text", "address": number} for number in ON_DUTY]
    save_staff_recipients(database, HOST, [*places, {"endpoint": "room"}], clock.now())
    save_document(database, HOST, Kind.CONTACT_CHANNEL, "phone", PHONE_LINE, None, clock.now())
    says(database, clock, staffed=False)
    others = [Database(database_url) for _ in range(2)]
    try:
        async with (
            watching(stage, database) as one,
            watching(stage, others[0]) as two,
            watching(stage, others[1]) as three,
        ):
            everyone = (one, two, three)
            clock.advance(299)
            await until(lambda: all_looked(everyone, clock))
            assert stage.heard == []
            clock.advance(2)  # nothing is reported any more: silence is noticed by itself
            await until(lambda: len(stage.heard) >= 3)
            await until(lambda: not pending(database, clock))
            clock.advance(60)  # every process looks again, and again
            await until(lambda: all_looked(everyone, clock))
            assert asked(stage) == {**dict.fromkeys(ON_DUTY, 1), "room": 1}
            assert "phone" in stage.heard[0].message.text

            says(database, clock, staffed=True)
            clock.advance(60)
            await until(lambda: cleared(database) == 1)
            says(database, clock, staffed=False)
            clock.advance(301)
            await until(lambda: len(stage.heard) >= 6)
            await until(lambda: not pending(database, clock))
            assert asked(stage) == {**dict.fromkeys(ON_DUTY, 2), "room": 2}
    finally:
        for other in others:
            other.close()


@asynccontextmanager
async def watching(stage: Stage, db: Database) -> AsyncIterator[Attendant]:
    """What every process runs, see `Wiring.running`."""
    nudger = Nudger(
        db, lambda endpoint, _drill: stage.channels[endpoint.slug], load_words(TEMPLATES / "staff"), stage.clock, FAST
    )
    stop = asyncio.Event()
    attendant = Attendant(db, attend, nudger, stage.clock, FAST.attend)
    task = asyncio.create_task(attendant.run(stop))
    try:
        yield attendant
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await task


def says(db: Database, clock: FrozenClock, *, staffed: bool) -> None:
    clock.advance(1)
    post_reading(db, HOST, "phone", Reading(clock.now(), staffed=staffed), clock.now())


def all_looked(everyone: tuple[Attendant, ...], clock: FrozenClock) -> bool:
    """Each process has looked since the clock was moved last."""
    return all(one._looked_at == clock.monotonic() for one in everyone)


def asked(stage: Stage) -> dict[str, int]:
    return {**stage.asked("text"), **stage.asked("room")}


def pending(db: Database, clock: FrozenClock) -> bool:
    with db.reading() as connection:
        found = staff.counts(connection)
    return any(found[state] for state in found if state.value in {"queued", "sending"})


def cleared(db: Database) -> int:
    with db.reading() as connection:
        assert readings.everything(connection)
        return sum(row.cleared_at is not None for row in staff.page(connection).items)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.02)
