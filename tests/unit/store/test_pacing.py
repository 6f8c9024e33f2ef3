from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.domain.pacing import SLICE_SECONDS
from app.store import pacing
from app.store.database import Database
from app.store.pacing import Slice, take_slice, throttle
from tests.unit.store.ledgers import NOON_MS, add_endpoint

RATE = 100.0


@pytest.fixture
def endpoint(database: Database) -> int:
    with database.writing() as tx:
        return add_endpoint(tx)


def test_a_slice_holds_a_quarter_of_a_seconds_worth_and_no_more(database: Database, endpoint: int) -> None:
    with database.writing(alone=False) as tx:
        assert take_slice(tx, endpoint, RATE, 10, now_ms=NOON_MS) == Slice(10, RATE)
        assert take_slice(tx, endpoint, RATE, 1_000, now_ms=NOON_MS).tokens == 15
        assert take_slice(tx, endpoint, RATE, 1_000, now_ms=NOON_MS).tokens == 0
        assert take_slice(tx, endpoint, RATE, 1_000, now_ms=NOON_MS + 100).tokens == 10
        assert take_slice(tx, endpoint, RATE, 1_000, now_ms=NOON_MS + 3_600_000).tokens == 25


def test_a_worker_whose_clock_is_behind_gets_nothing_extra(database: Database, endpoint: int) -> None:
    with database.writing(alone=False) as tx:
        take_slice(tx, endpoint, RATE, 1_000, now_ms=NOON_MS)
        assert take_slice(tx, endpoint, RATE, 1_000, now_ms=NOON_MS - 60_000).tokens == 0
        assert take_slice(tx, endpoint, RATE, 1_000, now_ms=NOON_MS + 100).tokens == 10


def test_two_workers_never_get_more_than_the_rate_together(database: Database, endpoint: int) -> None:
    got: Counter[str] = Counter()

    def work(name: str) -> None:
        for at_ms in range(NOON_MS, NOON_MS + 1_000, 20):
            with database.writing(alone=False) as tx:
                got[name] += take_slice(tx, endpoint, RATE, 7, now_ms=at_ms).tokens

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, ("one", "two")))
    assert 0 < got.total() <= RATE * (1 + SLICE_SECONDS)


def test_a_refusal_for_speed_halves_the_rate_for_everybody_once_a_slice(database: Database, endpoint: int) -> None:
    with database.writing(alone=False) as tx:
        assert throttle(tx, endpoint, RATE, now_ms=NOON_MS) == RATE / 2
        assert throttle(tx, endpoint, RATE, now_ms=NOON_MS + 10) == pytest.approx(RATE / 2 + 0.1)
        assert take_slice(tx, endpoint, RATE, 1_000, now_ms=NOON_MS + 100).tokens == 5
        assert throttle(tx, endpoint, RATE, now_ms=NOON_MS + 250) < RATE * 0.3
        assert pacing.rates(tx)[endpoint] < RATE * 0.3
        assert take_slice(tx, endpoint, RATE, 1_000, now_ms=NOON_MS + 60_000).rate == RATE


def test_a_lower_rate_in_the_settings_counts_at_once(database: Database, endpoint: int) -> None:
    with database.writing(alone=False) as tx:
        take_slice(tx, endpoint, RATE, 1_000, now_ms=NOON_MS)
        assert take_slice(tx, endpoint, 10.0, 1_000, now_ms=NOON_MS + 10_000) == Slice(2, 10.0)
