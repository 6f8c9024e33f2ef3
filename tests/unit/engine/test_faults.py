"""What goes wrong around the engine stays where it happened."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs

from app.domain.delivery import State
from app.domain.endpoints import Endpoint
from app.domain.message import Accepted, Batch, Channel, Info, Medium, Message, Outcome
from app.engine.loop import Engine
from app.errors import Invalid, Problem, Unavailable
from app.keyring import Keyring
from app.settings import Timings
from app.store import endpoints
from app.store.database import Database
from app.store.ledger import BroadcastRow
from tests.conftest import NOON
from tests.patience import PATIENCE
from tests.rig.stage import Stage
from tests.rig.virtual import VIRTUAL, VirtualClock

pytestmark = pytest.mark.anyio

PEOPLE = 60
DOWN = Unavailable(Problem("database_down", "The test unplugged it."))


class Flaky(Database):
    """Cannot be read, or not be written, while the test says so."""

    unreadable = unwritable = False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        if self.unreadable:
            raise DOWN
        with super().reading() as connection:
            yield connection

    @contextmanager
    def writing(self, *, alone: bool = True) -> Iterator[Connection]:
        if self.unwritable:
            raise DOWN
        with super().writing(alone=alone) as connection:
            yield connection


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.fixture
def flaky(database_url: str) -> Iterator[Flaky]:
    opened = Flaky(database_url)
    yield opened
    opened.close()


async def run(engine: Engine, stop: asyncio.Event) -> None:
    async with asyncio.timeout(PATIENCE):
        await engine.run(stop)


def halted(stage: Stage, slug: str) -> str | None:
    with stage.db.reading() as connection:
        return endpoints.get(connection, slug).halted_reason


@pytest.mark.parametrize("what", ["unreadable", "unwritable"])
async def test_while_the_database_is_gone_nothing_leaves_and_afterwards_everything_does(
    flaky: Flaky, keyring: Keyring, what: str
) -> None:
    stage = Stage(flaky, keyring, VirtualClock(NOON), Timings())
    stage.open(PEOPLE * 5)
    text = stage.add_endpoint("text", Medium.SMS, rate=300)

    async def slowly(batch: Batch) -> Sequence[Outcome]:
        await asyncio.sleep(0.01)
        return [Accepted("id")] * len(batch.recipients)

    text.answer = slowly
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_asked("text", 60)
        setattr(flaky, what, True)
        await asyncio.sleep(stage.timings.control_stale + 1.0)
        at_rest = len(stage.heard)
        await asyncio.sleep(3.0)
        assert len(stage.heard) == at_rest < PEOPLE * 5
        setattr(flaky, what, False)
        await stage.until(sent.id, "done")
    assert stage.counts(sent.id) == {State.ACCEPTED: PEOPLE * 5}
    assert max(stage.asked("text").values()) == 1


async def test_an_endpoint_that_cannot_be_opened_stops_alone_and_says_why(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings())
    stage.open(PEOPLE)
    stage.add_endpoint("broken", Medium.SMS)
    stage.add_endpoint("mail", Medium.EMAIL)
    engine = stage.engine()
    open_well = engine.fleet.open_channel

    def open_channel(endpoint: Endpoint, drill: bool) -> Channel:
        if endpoint.slug == "broken":
            raise Invalid(Problem("secret_lost", "Its secret cannot be opened."))
        return open_well(endpoint, drill)

    engine.fleet.open_channel = open_channel
    stop = asyncio.Event()
    running = asyncio.create_task(run(engine, stop))
    sent = stage.broadcast(["broken", "mail"])
    await stage.until_counted(sent.id, State.ACCEPTED, PEOPLE)
    stop.set()
    await running
    assert stage.counts(sent.id) == {State.ACCEPTED: PEOPLE, State.QUEUED: PEOPLE}
    assert halted(stage, "broken") == "secret_lost"
    assert halted(stage, "mail") is None


async def test_stopping_the_process_halts_no_endpoint(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings())
    stage.open(PEOPLE)
    text = stage.add_endpoint("text", Medium.SMS)

    async def slowly(batch: Batch) -> Sequence[Outcome]:
        await asyncio.sleep(0.3)  # long enough for several looks at the endpoints while it stops
        return [Accepted("id")] * len(batch.recipients)

    text.answer = slowly
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_asked("text", 8)
    assert halted(stage, "text") is None
    assert len(stage.heard) < PEOPLE
    stopped = stage.counts(sent.id)
    assert set(stopped) == {State.ACCEPTED, State.QUEUED}, "a clean stop leaves nobody in doubt"
    text.answer = text.accept
    async with stage.running():
        await stage.until(sent.id, "done")
    assert stage.counts(sent.id) == {State.ACCEPTED: PEOPLE}
    assert max(stage.asked("text").values()) == 1


@pytest.mark.parametrize("fault", [DOWN, ZeroDivisionError()])
async def test_words_that_cannot_be_had_right_now_are_waited_for(
    database: Database, keyring: Keyring, fault: Exception
) -> None:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings())
    stage.open(PEOPLE)
    stage.add_endpoint("text", Medium.SMS)
    engine = stage.engine()
    compose, failures = engine.composer.compose, iter([fault, fault])

    def unlucky(
        row: BroadcastRow, medium: Medium, info: Info, language: str, variant: int, linked: bool, area: str
    ) -> Message:
        if (failure := next(failures, None)) is not None:
            raise failure
        return compose(row, medium, info, language, variant, linked, area)

    engine.composer.compose = unlucky
    stop = asyncio.Event()
    running = asyncio.create_task(run(engine, stop))
    sent = stage.broadcast(["text"])
    await stage.until(sent.id, "done")
    stop.set()
    await running
    assert stage.counts(sent.id) == {State.ACCEPTED: PEOPLE}


async def test_words_that_cannot_be_rendered_end_their_rows_and_no_others(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings())
    stage.open(PEOPLE, languages=("en", "gu"))
    stage.add_endpoint("text", Medium.SMS)
    engine = stage.engine()
    compose = engine.composer.compose

    def strict(
        row: BroadcastRow, medium: Medium, info: Info, language: str, variant: int, linked: bool, area: str
    ) -> Message:
        if language == "gu":
            raise Invalid(Problem("unknown_variable", "There is no such variable."))
        return compose(row, medium, info, language, variant, linked, area)

    engine.composer.compose = strict
    stop = asyncio.Event()
    running = asyncio.create_task(run(engine, stop))
    words = stage.draft([]).document["content"]["en"]
    sent = stage.broadcast(["text"], content={"en": words, "gu": words})
    await stage.until(sent.id, "done")
    stop.set()
    await running
    assert stage.counts(sent.id) == {State.ACCEPTED: PEOPLE // 2, State.DEAD: PEOPLE // 2}


async def test_a_channel_that_breaks_leaves_a_doubt_and_not_a_hole(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring, VirtualClock(NOON), Timings())
    stage.open(PEOPLE)
    text = stage.add_endpoint("text", Medium.SMS)

    async def breaks(batch: Batch) -> Sequence[Outcome]:
        if batch.recipients[0].address.endswith("7"):
            raise KeyError("a mistake in the channel")
        return [Accepted("id")]

    text.answer = breaks
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_counted(sent.id, State.ACCEPTED, PEOPLE - PEOPLE // 10)
    assert stage.counts(sent.id) == {State.ACCEPTED: PEOPLE - PEOPLE // 10, State.UNKNOWN: PEOPLE // 10}
