"""A poisoned recipient ends alone; a broken endpoint holds its deliveries, tells staff, and fails none of them."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from app.domain.delivery import State
from app.domain.message import Batch, Failure, FailureKind, Medium, Outcome
from app.domain.staff_notices import NoticeKind
from app.errors import Invalid, Problem
from app.keyring import Keyring
from app.store import endpoints, staff
from app.store.database import Database
from app.store.ledger_tables import address
from app.usecases.import_subscribers import import_subscribers
from app.usecases.resume_endpoint import resume_endpoint
from tests.rig.stage import APPROVER, AUTHOR, Answer, Stage, refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.domain.endpoints import Endpoint
    from app.domain.message import Channel

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]
SECONDS = 60.0
POISON = ("+1202555\0" + "0001", "+1" + "2" * 100_000, "+1202\u202e5550002", "+12025550003\r\nX-Evil: 1")


async def test_poison_among_ten_thousand_costs_only_its_own_row(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(10_000)
    stage.add_endpoint("text", Medium.SMS, batch=250)
    with database.writing() as tx:  # as an import of an older version might have left them
        mine = select(address.c.id).where(address.c.medium == 3).order_by(address.c.id).limit(10_000)
        ids = tx.scalars(mine).all()[:: 10_000 // len(POISON)]
        for number, poison in zip(ids, POISON, strict=True):
            tx.execute(update(address).where(address.c.id == number).values(value=poison))
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until(sent.id, "done", seconds=SECONDS)
    assert stage.counts(sent.id) == {State.ACCEPTED: 10_000 - len(POISON), State.DEAD: len(POISON)}
    asked = stage.asked("text")
    assert not set(asked) & set(POISON)
    assert max(asked.values()) == 1


def test_poisoned_rows_of_an_import_are_named_and_the_others_are_kept(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(1)
    rows = [b"external_id,name,email,phone,languages,timezone,area"]
    rows += [b"ok%d,Good,,+1202556%04d,en,UTC,north" % (number, number) for number in range(50)]
    rows.insert(10, b"bad1,N\0UL,,+12025570001,en,UTC,north")
    rows.insert(20, b"bad2," + b"x" * 100_000 + b",,+12025570002,en,UTC,north")
    rows.insert(30, b"bad3,Good,,no number,en,UTC,north")
    report = import_subscribers(database, keyring, AUTHOR, io.BytesIO(b"\n".join(rows)), stage.clock.now())
    assert {fault.line for fault in report.errors} == {11, 21, 31}
    assert (report.created, report.rejected) == (50, 3)


def answers(kind: FailureKind, code: str) -> Answer:
    async def answer(batch: Batch) -> Sequence[Outcome]:
        return [Failure(kind, code)] * len(batch.recipients)

    return answer


@pytest.mark.both_databases
@pytest.mark.parametrize("code", ["http_401", "21606", "http_404"], ids=["login", "sender", "address"])
async def test_a_wrong_account_fails_nobody_and_goes_on_when_it_is_mended(
    database: Database, keyring: Keyring, code: str
) -> None:
    stage = Stage(database, keyring)
    stage.open(300)
    text = stage.add_endpoint("text", Medium.SMS)
    stage.add_endpoint("mail", Medium.EMAIL)
    text.answer = answers(FailureKind.ACCOUNT, code)
    async with stage.running():
        sent = stage.broadcast(["text", "mail"])
        await stage.until_counted(sent.id, State.ACCEPTED, 300, seconds=SECONDS)
        await until_told(stage, "text")
        await stage.until_counted(sent.id, State.QUEUED, 300, seconds=SECONDS)
        assert stage.counts(sent.id) == {State.ACCEPTED: 300, State.QUEUED: 300}
        text.answer = text.accept
        resume_endpoint(database, APPROVER, "text", stage.clock.now())
        await stage.until(sent.id, "done", seconds=SECONDS)
    assert stage.counts(sent.id) == {State.ACCEPTED: 600}
    assert len(text.took) == 300
    with database.reading() as connection:
        assert staff.standing(connection, NoticeKind.ENDPOINT_HALTED, "text") == []


async def test_nobody_listening_at_the_address_fails_nobody(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(1_000)
    text = stage.add_endpoint("text", Medium.SMS)
    text.answer = refused
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_asked("text", 3)
        await stage.looks(5)
        assert set(stage.counts(sent.id)) <= {State.QUEUED, State.RETRY_WAIT, State.SENDING}
        text.answer = text.accept
        await stage.until(sent.id, "done", seconds=SECONDS)
    assert stage.counts(sent.id) == {State.ACCEPTED: 1_000}


async def test_secrets_that_cannot_be_opened_hold_their_endpoint_alone(database: Database, keyring: Keyring) -> None:
    stage = Stage(database, keyring)
    stage.open(500)
    stage.add_endpoint("text", Medium.SMS)
    stage.add_endpoint("mail", Medium.EMAIL)
    broken = {"text"}

    def open_channel(endpoint: Endpoint, _drill: bool) -> Channel:
        if endpoint.slug in broken:
            raise Invalid(Problem("secret_sealed_by_another_key", "The secret cannot be opened."))
        return stage.channels[endpoint.slug]

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        engine, stop = stage.engine(), asyncio.Event()
        engine.fleet.open_channel = open_channel
        task = asyncio.create_task(engine.run(stop))
        yield
        stop.set()
        await task

    async with running():
        sent = stage.broadcast(["text", "mail"])
        await stage.until_counted(sent.id, State.ACCEPTED, 500, seconds=SECONDS)
        await until_told(stage, "text")
        assert stage.counts(sent.id) == {State.ACCEPTED: 500, State.QUEUED: 500}
        broken.clear()
        resume_endpoint(database, APPROVER, "text", stage.clock.now())
        await stage.until(sent.id, "done", seconds=SECONDS)
    assert stage.counts(sent.id) == {State.ACCEPTED: 1_000}


async def until_told(stage: Stage, slug: str) -> None:
    """The halt stands in the database and staff have a notice of it."""
    async with asyncio.timeout(SECONDS):
        while True:
            with stage.db.reading() as connection:
                if staff.standing(connection, NoticeKind.ENDPOINT_HALTED, slug):
                    assert endpoints.get(connection, slug).halted_reason
                    return
            await asyncio.sleep(0.05)
