"""A provider that swallows its callbacks is asked, gently, and its answers count like receipts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import select

from app.clock import to_ms
from app.domain.delivery import State
from app.domain.message import Accepted, Batch, Failure, FailureKind, Medium, Outcome, Receipt, ReceiptKind
from app.domain.polling import PAUSES, next_round
from app.keyring import Keyring
from app.store import receipts
from app.store.database import Database
from app.store.duty_tables import poll
from app.usecases.record_receipts import record_receipts
from tests.rig.stage import FAST, Stage

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

PEOPLE = 90


class Mute:
    """Accepts, never reports, and answers when asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.refusals = 0
        self.kind = ReceiptKind.DELIVERED

    async def take(self, batch: Batch) -> Sequence[Outcome]:
        await asyncio.sleep(0)
        return [Accepted(one.reference) for one in batch.recipients]

    async def what_became_of(self, provider_id: str) -> Receipt | Failure | None:
        await asyncio.sleep(0)
        if self.refusals:
            self.refusals -= 1
            return Failure(FailureKind.NOT_ACCEPTED, "http_503")
        self.asked[provider_id] += 1
        return Receipt("", f"{provider_id} {self.kind}", self.kind, "", provider_id)


async def accepted(database: Database, keyring: Keyring, mute: Mute) -> tuple[Stage, int]:
    """A broadcast all of which was accepted, its stage set to ask from now on, and its update."""
    stage = Stage(database, keyring, timings=FAST.model_copy(update={"poll_after": 3_600.0, "poll_rate": 1_000.0}))
    stage.open(PEOPLE)
    channel: Any = stage.add_endpoint("text", Medium.SMS)
    channel.answer = mute.take
    channel.what_became_of = mute.what_became_of
    async with stage.running():
        sent = stage.broadcast(["text"])
        await stage.until_counted(sent.id, State.ACCEPTED, PEOPLE)
    assert not mute.asked
    stage.timings = stage.timings.model_copy(update={"poll_after": 0.1})
    await asyncio.sleep(0.2)
    return stage, sent.id


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.02)


def rounds(database: Database) -> list[tuple[int, int | None]]:
    with database.reading() as connection:
        return [(row.round, row.due_ms) for row in connection.execute(select(poll))]


async def test_the_silent_are_asked_about_once_each_and_their_end_is_counted(
    database: Database, keyring: Keyring
) -> None:
    mute = Mute()
    stage, update = await accepted(database, keyring, mute)
    async with stage.running():
        await stage.until_counted(update, State.DELIVERED, PEOPLE)
        await until(lambda: [number for number, _ in rounds(database)] == [1])
    assert stage.counts(update) == {State.DELIVERED: PEOPLE}
    assert set(mute.asked.values()) == {1}
    assert len(mute.asked) == PEOPLE


async def test_those_who_were_told_of_are_not_asked_about(database: Database, keyring: Keyring) -> None:
    mute = Mute()
    stage, update = await accepted(database, keyring, mute)
    told = [Receipt(one.reference, one.reference, ReceiptKind.DELIVERED) for one in stage.heard[: PEOPLE // 2]]
    record_receipts(database, 1, told, stage.clock.now(), reference_key=keyring.key("reference"))
    with database.writing() as tx:
        receipts.apply_waiting(tx, 1_000)
    async with stage.running():
        await stage.until_counted(update, State.DELIVERED, PEOPLE)
    assert sum(mute.asked.values()) == PEOPLE - PEOPLE // 2


async def test_what_is_not_over_is_asked_about_again_later_and_not_at_once(
    database: Database, keyring: Keyring
) -> None:
    mute = Mute()
    mute.kind = ReceiptKind.SENT
    stage, update = await accepted(database, keyring, mute)
    async with stage.running():
        await until(lambda: [number for number, _ in rounds(database)] == [1])
    assert set(mute.asked.values()) == {1}
    assert stage.counts(update) == {State.ACCEPTED: PEOPLE}
    [(_, due_ms)] = rounds(database)
    sent_at = stage.row(update).sent_at
    assert sent_at is not None
    assert due_ms is not None
    assert due_ms >= to_ms(sent_at) + PAUSES[0] * 1000


async def test_a_provider_that_will_not_answer_is_left_alone_for_a_while(database: Database, keyring: Keyring) -> None:
    mute = Mute()
    mute.refusals = 1
    stage, _ = await accepted(database, keyring, mute)
    began = to_ms(stage.clock.now())
    async with stage.running():
        await until(lambda: any(due_ms is not None and due_ms > began + 30_000 for _, due_ms in rounds(database)))
    assert [number for number, _ in rounds(database)] == [0]
    assert sum(mute.asked.values()) < PEOPLE


def test_rounds_grow_rarer_and_end() -> None:
    assert [next_round(number, 1_000.0, 43_200.0) for number in (1, 2, 3, 4, 99)] == [300, 900, 3_600, 3_600, 3_600]
    assert next_round(4, 43_000.0, 43_200.0) is None
