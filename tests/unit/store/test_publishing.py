from __future__ import annotations

from app.store import publishing
from app.store.database import Database
from tests.conftest import NOON


def test_one_snapshot_answers_all_requests_before_it(database: Database) -> None:
    with database.writing() as tx:
        assert publishing.pending(tx) is None
        publishing.request(tx, "a", NOON)
        second = publishing.request(tx, "b", NOON)
        third = publishing.request(tx, "c", NOON)
        publishing.mark_done(tx, second, NOON)
        assert publishing.pending(tx) == third
        publishing.mark_done(tx, third, NOON)
        assert publishing.pending(tx) is None


def test_numbers_rise_and_never_fall_below_what_is_shown(database: Database) -> None:
    with database.writing() as tx:
        assert publishing.last(tx) is None
        assert publishing.record(tx, NOON, "d1") == 1
        assert publishing.record(tx, NOON, "d2", above=40) == 41
        assert publishing.record(tx, NOON, "d3", above=7) == 42
        last = publishing.last(tx)
    assert last is not None
    assert (last.seq, last.digest) == (42, "d3")
