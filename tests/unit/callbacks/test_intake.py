from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from functools import partial

import pytest

from app.callbacks.intake import MOST_A_COMMIT, Intake
from app.clock import SystemClock
from app.domain.message import Receipt, ReceiptKind
from app.domain.reference import DeliveryKey, encode
from app.errors import Unavailable
from app.keyring import Keyring
from app.store.database import Database
from app.store.receipts import RawReceipt
from app.usecases.record_receipts import Recorded, keep
from tests.conftest import NOON

pytestmark = pytest.mark.anyio

PEOPLE = 300


@pytest.fixture
def key(keyring: Keyring) -> bytes:
    return keyring.key("reference")


def heard(key: bytes, person: int, event_id: str) -> Receipt:
    return Receipt(encode(DeliveryKey(7, 3, person, 1), key), event_id, ReceiptKind.DELIVERED)


class Keeper:
    """A database that commits when told to."""

    def __init__(self) -> None:
        self.commits: list[int] = []
        self.opened = threading.Event()

    def __call__(self, rows: Sequence[RawReceipt]) -> list[bool]:
        assert self.opened.wait(30)
        self.commits.append(len(rows))
        return [True] * len(rows)


async def test_callbacks_at_the_same_time_share_commits_and_each_learns_its_own(database: Database, key: bytes) -> None:
    commits: list[int] = []

    def counted(rows: Sequence[RawReceipt]) -> list[bool]:
        commits.append(len(rows))
        return keep(database, rows)

    intake = Intake(counted, key, SystemClock())

    async def take(person: int) -> Recorded:
        return await intake.take(1, [heard(key, person, f"e-{person}"), heard(key, person, f"e-{person}")], NOON)

    first = await asyncio.gather(*(take(person) for person in range(1, PEOPLE + 1)))
    assert first == [Recorded(new=1, repeated=1, not_ours=0)] * PEOPLE
    assert len(commits) < 10
    assert await take(1) == Recorded(new=0, repeated=2, not_ours=0)


async def test_nobody_is_thanked_before_the_commit(key: bytes) -> None:
    keeper = Keeper()
    intake = Intake(keeper, key, SystemClock())
    waiting = asyncio.create_task(intake.take(1, [heard(key, 1, "a")], NOON))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    keeper.opened.set()
    assert (await waiting).new == 1


async def test_a_full_queue_asks_the_provider_to_come_again_and_loses_nobody(key: bytes) -> None:
    keeper = Keeper()
    intake = Intake(keeper, key, SystemClock(), most_waiting=10)
    taken = [asyncio.create_task(intake.take(1, [heard(key, n, f"e-{n}")], NOON)) for n in range(10)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await intake.take(1, [heard(key, 11, "one too many")], NOON)
    assert refused.value.retry_after >= 1
    keeper.opened.set()
    assert [one.new for one in await asyncio.gather(*taken)] == [1] * 10
    assert (await intake.take(1, [heard(key, 11, "one too many")], NOON)).new == 1


async def test_one_post_larger_than_the_queue_is_taken_when_nothing_waits(key: bytes) -> None:
    keeper = Keeper()
    keeper.opened.set()
    intake = Intake(keeper, key, SystemClock(), most_waiting=10)
    assert (await intake.take(1, [heard(key, n, f"e-{n}") for n in range(50)], NOON)).new == 50


async def test_a_commit_stays_small_enough_for_the_others(key: bytes) -> None:
    keeper = Keeper()
    intake = Intake(keeper, key, SystemClock())
    posts = [[heard(key, n, f"e-{post}-{n}") for n in range(MOST_A_COMMIT // 2)] for post in range(5)]
    waiting = [asyncio.create_task(intake.take(1, post, NOON)) for post in posts]
    await asyncio.sleep(0)
    keeper.opened.set()
    await asyncio.gather(*waiting)
    assert max(keeper.commits) <= MOST_A_COMMIT
    assert sum(keeper.commits) == 5 * (MOST_A_COMMIT // 2)


async def test_a_failed_transaction_takes_nothing_and_the_next_one_works(database: Database, key: bytes) -> None:
    intake = Intake(partial(keep, database), key, SystemClock())
    with database.writing() as tx:
        tx.exec_driver_sql("ALTER TABLE receipt RENAME TO away")
    answers = await asyncio.gather(
        *(intake.take(1, [heard(key, n, f"e-{n}")], NOON) for n in range(1, 20)), return_exceptions=True
    )
    assert all(isinstance(answer, Unavailable) for answer in answers)
    with database.writing() as tx:
        tx.exec_driver_sql("ALTER TABLE away RENAME TO receipt")
    assert await intake.take(1, [heard(key, 1, "e-1")], NOON) == Recorded(1, 0, 0)


async def test_words_no_database_takes_hold_up_nobody(database: Database, key: bytes) -> None:
    intake = Intake(partial(keep, database), key, SystemClock())
    reference = encode(DeliveryKey(7, 3, 1, 1), key)
    poison = Receipt(reference, "e\0\ud800", ReceiptKind.DELIVERED, "\0\ud800", "\ud800", raw="\0\ud800")
    assert await intake.take(1, [poison, heard(key, 2, "well")], NOON) == Recorded(2, 0, 0)
