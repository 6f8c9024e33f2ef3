from __future__ import annotations

import pytest

from app.store import duties
from app.store.database import Database
from app.store.duties import Worker


def held(database: Database, me: str, now_ms: int, *, alone: bool = False) -> bool:
    with database.writing() as tx:
        return duties.hold(tx, "sweep", me, now_ms=now_ms, lease_ms=6_000, alone=alone)


def test_a_duty_belongs_to_one_until_the_lease_has_run_out(database: Database) -> None:
    assert held(database, "ada", 0)
    assert not held(database, "ben", 6_000)
    assert held(database, "ada", 5_000)
    assert not held(database, "ben", 11_000)
    assert held(database, "ben", 11_001)
    assert not held(database, "ada", 11_002)


def test_who_is_alone_need_not_wait_for_the_dead(database: Database) -> None:
    assert held(database, "ada", 0)
    assert held(database, "ben", 1, alone=True)


def test_who_ends_lets_go_at_once_and_leaves_the_list(database: Database) -> None:
    assert held(database, "ada", 0)
    with database.writing() as tx:
        duties.seen(tx, Worker("ada", "here", 7, 0, 0))
        duties.let_go(tx, "ada")
    assert held(database, "ben", 1)
    with database.reading() as connection:
        assert duties.workers(connection) == []


def test_workers_are_listed_as_last_seen_and_the_long_gone_are_forgotten(database: Database) -> None:
    with database.writing() as tx:
        duties.seen(tx, Worker("ada", "here", 7, 0, 0))
        duties.seen(tx, Worker("ben", "there", 8, 5, 5))
        duties.seen(tx, Worker("ada", "here", 7, 0, 9))
        assert [(one.id, one.started_ms, one.seen_ms) for one in duties.workers(tx)] == [("ada", 0, 9), ("ben", 5, 5)]
        assert duties.forget_workers(tx, 6) == 1
        assert [one.id for one in duties.workers(tx)] == ["ada"]


@pytest.mark.parametrize("times", [1, 3])
def test_when_a_duty_was_last_done_is_kept(database: Database, times: int) -> None:
    for now_ms in range(1, times + 1):
        assert held(database, "ada", now_ms)
        with database.writing() as tx:
            duties.note_done(tx, "sweep", now_ms)
    with database.reading() as connection:
        assert duties.last_done(connection, "sweep") == times
        assert duties.last_done(connection, "another") is None
