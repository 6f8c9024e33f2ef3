from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event

from app.domain.message import Receipt, ReceiptKind
from app.domain.reference import DeliveryKey, encode
from app.errors import Unavailable
from app.keyring import Keyring
from app.store.database import Database
from app.usecases.record_receipts import Intake, Recorded
from tests.conftest import NOON

PEOPLE = 300


@pytest.fixture
def key(keyring: Keyring) -> bytes:
    return keyring.key("reference")


def heard(key: bytes, person: int, event_id: str) -> Receipt:
    reference = encode(DeliveryKey(7, 3, person, 1), key)
    return Receipt(reference, event_id, ReceiptKind.DELIVERED)


def test_callbacks_at_the_same_time_share_transactions_and_each_learns_its_own(database: Database, key: bytes) -> None:
    intake = Intake(database, key)
    begun: list[object] = []
    event.listen(database.engine, "begin", begun.append)

    def take(person: int) -> Recorded:
        return intake.take(1, [heard(key, person, f"e-{person}"), heard(key, person, f"e-{person}")], NOON)

    with ThreadPoolExecutor(16) as pool:
        first = list(pool.map(take, range(1, PEOPLE + 1)))
    assert first == [Recorded(new=1, repeated=1, not_ours=0)] * PEOPLE
    assert len(begun) < PEOPLE
    assert take(1) == Recorded(new=0, repeated=2, not_ours=0)


def test_a_failed_transaction_takes_nothing_and_the_next_one_works(database: Database, key: bytes) -> None:
    intake = Intake(database, key)
    with database.writing() as tx:
        tx.exec_driver_sql("ALTER TABLE receipt RENAME TO away")
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(intake.take, 1, [heard(key, n, f"e-{n}")], NOON) for n in range(1, 20)]
        for answer in answers:
            with pytest.raises(Exception, match=r"receipt|no such table") as refused:
                answer.result(30)
            assert isinstance(refused.value, Unavailable) or "no such table" in str(refused.value)
    with database.writing() as tx:
        tx.exec_driver_sql("ALTER TABLE away RENAME TO receipt")
    assert intake.take(1, [heard(key, 1, "e-1")], NOON) == Recorded(1, 0, 0)
