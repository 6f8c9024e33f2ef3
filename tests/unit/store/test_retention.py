from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, text

from app.domain.delivery import Result, State
from app.domain.principals import HOST
from app.store import deliveries, partitions
from app.store.database import Database
from app.store.ledger_tables import broadcast, outcome, recipient
from app.usecases.forget_deliveries import forget_deliveries
from tests.conftest import NOON
from tests.unit.store.ledgers import NOON_MS, Worker, small_broadcast

PEOPLE = 10


def sent(db: Database) -> int:
    with db.writing() as tx:
        number = small_broadcast(tx, PEOPLE)
        worker = Worker(tx, "one")
        worker.claim(most=9)
        for one in worker.admit(PEOPLE):
            worker.answer(one, Result.ACCEPTED)
        tx.execute(broadcast.update().values(state="ended"))
    return number


def rows(db: Database) -> list[int]:
    with db.reading() as connection:
        return [connection.scalar(select(func.count()).select_from(table)) or 0 for table in (recipient, outcome)]


def test_what_is_old_is_forgotten_and_its_totals_stay(database: Database) -> None:
    number = sent(database)
    before = rows(database)
    assert forget_deliveries(database, HOST, 4, NOON + timedelta(weeks=4)).broadcasts == 0
    assert rows(database) == before == [PEOPLE, PEOPLE]
    done = forget_deliveries(database, HOST, 4, NOON + timedelta(weeks=5))
    assert (done.broadcasts, rows(database)) == (1, [0, 0])
    assert forget_deliveries(database, HOST, 4, NOON + timedelta(weeks=5)).broadcasts == 0
    with database.reading() as connection:
        assert deliveries.counts(connection, number)[State.ACCEPTED] == PEOPLE


def test_a_week_with_a_broadcast_that_is_not_over_stays(database: Database) -> None:
    sent(database)
    with database.writing() as tx:
        tx.execute(broadcast.update().values(state="paused"))
    assert forget_deliveries(database, HOST, 1, NOON + timedelta(weeks=50)).broadcasts == 0
    assert rows(database) == [PEOPLE, PEOPLE]


def test_parts_are_made_ahead_and_a_detach_that_was_cut_off_is_finished(database: Database) -> None:
    if database.is_sqlite:
        return
    with database.writing() as tx:
        partitions.ensure_ahead(tx, NOON)
        partitions.ensure_ahead(tx, NOON)
        week = partitions.week_of(NOON_MS << 10)
        assert partitions.parts(tx) == {table.name: [week, week + 1, week + 2] for table in partitions.PARTED}
        tx.execute(text(f"ALTER TABLE outcome DETACH PARTITION outcome_w{week}"))
    assert partitions.drop_before(database, week + 1) == 2
    with database.reading() as connection:
        assert connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"outcome_w{week}"}) is None
        assert partitions.parts(connection)["recipient"] == [week + 1, week + 2]


def test_every_moment_belongs_to_one_week() -> None:
    for week in (0, 2_900, 3_000):
        first = partitions.first_broadcast(week)
        assert partitions.week_of(first) == week
        assert partitions.week_of(first - 1) == week - 1
