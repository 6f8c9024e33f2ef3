"""The database goes, the provider goes mad, a worker stands still: no process dies, and afterwards everybody has it.

Once each, or once more with a flag; and without anybody's help.
"""

from __future__ import annotations

import random
import resource
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select

from app.domain.delivery import State
from app.store import duties, locking
from app.store.database import Database
from app.store.ledger_tables import shard
from app.store.migrate import SCHEMA
from tests.postgres import Server
from tests.rig.fire import SCALED, Fire, under_fire
from tests.rig.process import RigProcess
from tests.rig.worker import WorkerProcess

PEOPLE: Final = 300
RATE: Final = 150.0
DAWDLE: Final = 2.0
"""Seconds that a call takes between the first third and the trouble."""


@pytest.fixture(scope="module")
def rig() -> Iterator[RigProcess]:
    with RigProcess() as started:
        yield started


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One whose commits survive its end."""
    with Server(durable=True) as running:
        yield running


@contextmanager
def two_workers(rig: RigProcess, server: Server, directory: Path) -> Iterator[Fire]:
    name = f"fire_{random.randrange(10**9)}"
    with closing(Database(server.create(name))) as database:
        with database.writing() as connection:
            SCHEMA.create_all(connection)
        with under_fire(rig, database, directory, SCALED, workers=2) as fire:
            yield fire


def in_the_middle(fire: Fire, trouble: Callable[[], None]) -> int:
    """Send to everybody, have the trouble when a third is out, and wait until all is over; the update."""
    fire.stage.open(PEOPLE)
    way, before = fire.add("sms_twilio", RATE), fire.taken()
    fire.rig.control.behave("twilio", "ok", times=PEOPLE // 3)
    fire.rig.control.behave("twilio", "late", seconds=DAWDLE)  # so that the trouble comes in time, however busy we are
    update = fire.stage.broadcast([way]).id
    fire.until(lambda: fire.taken() >= before + PEOPLE // 3)
    trouble()
    fire.rig.control.clear_rules()
    assert fire.until_over(update), fire.counts(update)
    return update


def all_have_it(fire: Fire, update: int) -> None:
    verdict = fire.verdict(update, PEOPLE)
    assert (verdict.lost, verdict.unflagged, verdict.stuck) == (0, 0, 0), verdict
    assert fire.counts(update) == {State.ACCEPTED: PEOPLE}
    assert all(worker.alive for worker in fire.workers), "a worker died of it"


def at_rest(fire: Fire) -> None:
    """The books have stopped growing: nobody sends who cannot know whether they may."""
    fire.rig.control.clear_rules()  # whoever still may gets answers at once
    seen = [-1]

    def still() -> bool:
        seen.append(fire.taken())
        return len(seen) > LOOKS and len(set(seen[-LOOKS:])) == 1

    fire.until(still)
    assert len(fire.book()) < PEOPLE, "it went on sending"


LOOKS: Final = 30


def hung(server: Server, fire: Fire) -> None:
    server.freeze()
    at_rest(fire)
    server.thaw()


def stopped(server: Server, fire: Fire) -> None:
    server.crash()
    at_rest(fire)
    server.start()


def refusing(code: str) -> Callable[[Server, Fire], None]:
    """The server answers, and takes no change. (A session may overrule default_transaction_read_only, not this.)"""
    allow, refuse = "RETURN NULL", f"RAISE EXCEPTION 'the test refuses it' USING ERRCODE = '{code}'"

    def run(fire: Fire, statement: str) -> None:
        with fire.stage.db.writing() as tx:
            tx.exec_driver_sql(statement)

    def answer(fire: Fire, body: str) -> None:
        """Touches the function alone: whoever locked several tables at once would stand across the workers' way."""
        head = "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        run(fire, f"{head} $$ BEGIN {body}; END $$")

    def trouble(_: Server, fire: Fire) -> None:
        answer(fire, allow)
        for table in ("shard", "outcome", "due"):
            run(fire, f"CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON {table} EXECUTE FUNCTION refuse()")
        answer(fire, refuse)
        at_rest(fire)
        answer(fire, allow)

    return trouble


TROUBLED: Final = {"hung": hung, "stopped": stopped, "read only": refusing("25006"), "disk full": refusing("53100")}


@pytest.mark.parametrize("trouble", TROUBLED.values(), ids=TROUBLED.keys())
def test_a_database_server_that_fails(
    rig: RigProcess, server: Server, tmp_path: Path, trouble: Callable[[Server, Fire], None]
) -> None:
    with two_workers(rig, server, tmp_path) as fire:
        all_have_it(fire, in_the_middle(fire, lambda: trouble(server, fire)))


def test_a_worker_that_stands_still_past_its_lease(rig: RigProcess, server: Server, tmp_path: Path) -> None:
    """Whatever it had in its hands is taken over; when it goes on it finds that out before it sends anything more."""
    with two_workers(rig, server, tmp_path) as fire:

        def stand_still() -> None:
            fire.worker.freeze()
            fire.until(lambda: not fire.counts(fire.stage.row(1).id).get(State.QUEUED, 0))
            fire.worker.thaw()

        all_have_it(fire, in_the_middle(fire, stand_still))


def test_a_worker_that_stands_still_inside_a_transaction(rig: RigProcess, server: Server, tmp_path: Path) -> None:
    """The server ends it and lets its locks go: a frozen process keeps nobody from going on."""
    with two_workers(rig, server, tmp_path) as fire:

        def stand_still() -> None:
            frozen = held_up(fire)
            fire.until(lambda: not fire.counts(fire.stage.row(1).id).get(State.QUEUED, 0))
            frozen.thaw()

        all_have_it(fire, in_the_middle(fire, stand_still))


def held_up(fire: Fire) -> WorkerProcess:
    """Whoever has the shard, frozen while its turn waits for a row that we have locked, which it gets at once then."""
    broadcast = fire.stage.row(1).broadcast_id or 0
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with fire.stage.db.writing(alone=False) as tx:
        tx.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        locking.lock_broadcast(tx, broadcast)
        owner = tx.scalar(select(shard.c.owner).where(shard.c.broadcast == broadcast))
        pid = next(one.pid for one in duties.workers(tx) if one.id == owner)
        fire.until(lambda: bool(tx.exec_driver_sql(waiting).scalar()))
        worker = next(one for one in fire.workers if one.pid == pid)
        worker.freeze()
    return worker


def test_a_disk_that_is_full(rig: RigProcess, database: Database, tmp_path: Path) -> None:
    with under_fire(rig, database, tmp_path, SCALED) as fire:

        def fill() -> None:
            _, most = resource.prlimit(fire.worker.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(fire.worker.pid, resource.RLIMIT_FSIZE, (16_384, most))
            at_rest(fire)
            resource.prlimit(fire.worker.pid, resource.RLIMIT_FSIZE, (most, most))

        all_have_it(fire, in_the_middle(fire, fill))


def test_a_database_file_somebody_else_has_locked(rig: RigProcess, database: Database, tmp_path: Path) -> None:
    with under_fire(rig, database, tmp_path, SCALED) as fire:

        def lock() -> None:
            with database.writing():
                at_rest(fire)

        all_have_it(fire, in_the_middle(fire, lock))


TROUBLES: Final = {
    "throttle": 0.2,
    "unavailable": 0.2,
    "error_before": 0.1,
    "error_after_accept": 0.1,
    "slow": 0.3,
    "black_hole": 0.05,
    "hang_after_accept": 0.05,
}
"""What the provider does, and to which part of the calls."""


def test_a_provider_that_does_everything_a_provider_may_do(rig: RigProcess, database: Database, tmp_path: Path) -> None:
    """One trouble after the other, each with an update of its own."""
    with under_fire(rig, database, tmp_path, SCALED) as fire:
        fire.stage.open(PEOPLE)
        way = fire.add("sms_twilio", 2 * RATE)
        for seed, (effect, share) in enumerate(TROUBLES.items()):
            rig.control.behave("twilio", effect, share=share, seed=seed, seconds=0.3)
            update = fire.stage.broadcast([way], stage="holding" if not seed else "progress").id
            fire.until(lambda update=update: len(fire.book(update)) >= PEOPLE // 2)  # type: ignore[misc]
            rig.control.clear_rules()
            assert fire.until_over(update), (effect, fire.counts(update))
            all_have_it(fire, update)
